// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import TestSupport
import Testing
import UMA
import Wire

@testable import Mbufs

@Suite struct LongPacketTests {
  /// What a policy makes of a frame: the outcome, and the bytes of each packet.
  private func fit(
    _ pool: MbufPool, _ model: RewriteModel, _ policy: LongPacketPolicy, mtu: Int,
    _ pieces: [Piece]? = nil, isShared: Bool = false,
    state: PacketHeader.ChecksumState = .unknown
  ) throws -> (outcome: LongPacketOutcome, packets: [[UInt8]]) {
    let bytes = model.bytes
    var fitter = PacketFitter(policy, mtu: mtu)
    var packet = try packet(
      pool, bytes, in: pieces ?? onePiece(bytes), RewriteTests.linkType(model))
    packet.wireByteCount = bytes.count
    packet.checksumState = state
    let witness =
      isShared ? try packet.sharedCopy() : try pool.packet(copying: unsafe bytes.span.bytes)
    var rest = PacketQueue()
    let outcome = try fitter.fit(&packet, packet.decoded(), addingTo: &rest)
    #expect(allBytes(witness) == bytes)
    rest.checkInvariants()
    var packets = PacketQueue()
    packets.enqueue(packet)
    packets.append(&rest)
    packets.forEach { (packet: borrowing Packet) -> Void in
      #expect(packet.timestampInNanoseconds == 7)
      #expect(packet.wireByteCount == packet.byteCount)
      // Headers are in one piece, for whoever decodes next.
      if case .fitted(let added) = outcome, added > 0 {
        #expect(
          packet.contiguousByteCount >= Swift.min(packet.byteCount, model.linkBytes.count + 20))
      }
    }
    switch outcome {
    case .fits: #expect(packets.packetCount == 1 && contents(packets)[0] == bytes)
    case .fitted(let added):
      #expect(packets.packetCount == added + 1)
      for one in contents(packets) { #expect(one.count - (model.isEthernet ? 14 : 0) <= mtu) }
    case .dropped, .refused: #expect(contents(packets) == [bytes])
    }
    return (outcome, checkedContents(packets))
  }

  // MARK: Segments

  /// The segments that a frame of TCP becomes, each put together from scratch.
  private func segments(of model: RewriteModel, mtu: Int) -> [[UInt8]] {
    var rest = model
    rest.padding = 0
    if case .partial = model.checksum { rest.checksum = .valid }
    let headers = rest.networkBytes.count - rest.payload.count + 4 * rest.tags.count
    let step = mtu - headers
    var segments: [[UInt8]] = []
    for start in stride(from: 0, to: max(1, model.payload.count), by: step) {
      var one = rest
      let end = min(start + step, model.payload.count)
      one.payload = Array(model.payload[start..<end])
      one.sequence &+= UInt32(start)
      one.identification &+= UInt16(segments.count)
      if end < model.payload.count { one.tcpFlags &= ~0x09 }
      if start > 0 { one.tcpFlags &= ~0x80 }
      segments.append(one.bytes)
    }
    return segments
  }

  @Test func aSuperFrameBecomesSegmentsMadeFromScratch() throws {
    var random = SeededRandom()
    try leakChecked { pool in
      for step in 0..<Steps.of(6_000) {
        var model = random.rewriteModel()
        model.transport = 6
        if model.network == .arp || model.network == .other { model.network = .ipv4 }
        model.source = random.bytes(model.isIPv6 ? 16 : 4)
        model.destination = random.bytes(model.isIPv6 ? 16 : 4)
        if case .none = model.checksum { model.checksum = .valid }
        model.fragment = nil
        (model.firstExtension, model.lastStop) = (nil, nil)
        if model.isIPv6 { model.options = [] }
        if model.isIPv6, random.chance(30) {
          (model.firstExtension, model.options) = (0, [6, 0, 1, 4, 0, 0, 0, 0])
        }
        model.payload = random.bytes(random.one(of: [0, 1, 99, 1_000, 1_461]))
        model.sequence = UInt32(truncatingIfNeeded: random.next())
        model.identification = UInt16(truncatingIfNeeded: random.next())
        model.tcpFlags = random.one(of: [0x18, 0x19, 0x11, 0x98, 0xd9, 0x10])
        model.keepWrongFromPartial()
        let headers = model.networkBytes.count - model.payload.count + 4 * model.tags.count
        let mtu = headers + random.one(of: [1, 2, 63, 500, 536])
        let length = model.bytes.count - (model.isEthernet ? 14 : 0)
        let isPartial = if case .partial = model.checksum { true } else { false }
        let (outcome, found) = try fit(
          pool, model, .segment, mtu: mtu, random.pieces(of: model.bytes.count),
          isShared: random.chance(50), state: isPartial && random.chance(50) ? .partial : .unknown)
        guard length > mtu else {
          #expect(outcome == .fits)
          continue
        }
        let wanted = segments(of: model, mtu: mtu)
        let isSame =
          found.map { RewriteTests.comparable($0, model) }
          == wanted.map { RewriteTests.comparable($0, model) }
        if !isSame {
          Issue.record("step \(step), MTU \(mtu): \(model)\n\(found)\n\(wanted)")
          return
        }
      }
    }
  }

  // MARK: Truncating

  @Test func whatIsCutOffIsCutOffEverywhere() throws {
    var random = SeededRandom()
    try leakChecked { pool in
      for step in 0..<Steps.of(20_000) {
        var model = random.rewriteModel()
        if [47, 132, 136].contains(model.transport) { model.transport = 17 }
        if model.lastStop != nil {
          (model.firstExtension, model.lastStop, model.options) = (nil, nil, [])
        }
        if model.firstExtension != nil { model.options[0] = model.transport }
        model.fragment = nil
        model.padding = 0
        model.payload = random.bytes(random.one(of: [40, 333, 600]))
        model.keepWrongFromPartial()
        let isPartial = if case .partial = model.checksum { true } else { false }
        let cut = 1 + random.below(model.payload.count)
        let mtu = model.bytes.count - (model.isEthernet ? 14 : 0) - cut
        if mtu < 1 { continue }
        let (outcome, found) = try fit(
          pool, model, .truncate, mtu: mtu, random.pieces(of: model.bytes.count),
          isShared: random.chance(50), state: isPartial && random.chance(50) ? .partial : .unknown)
        #expect(outcome == .fitted(added: 0))
        if model.network == .arp || model.network == .other {
          #expect(found[0] == Array(model.bytes.dropLast(cut)))
          continue
        }
        model.payload.removeLast(cut)
        let isSame =
          RewriteTests.comparable(found[0], model) == RewriteTests.comparable(model.bytes, model)
        if !isSame {
          Issue.record("step \(step), cut \(cut): \(model)\n\(found[0])\n\(model.bytes)")
          return
        }
      }
    }
  }

  // MARK: The others

  @Test func whatFitsStays() throws {
    try leakChecked { pool in
      let model = RewriteModel()
      let length = model.networkBytes.count
      for policy in LongPacketPolicy.allCases {
        let outcome = try fit(pool, model, policy, mtu: length).outcome
        #expect(outcome == .fits)
      }
      let refused = try fit(pool, model, .refuse, mtu: length - 1).outcome
      let skipped = try fit(pool, model, .skip, mtu: length - 1).outcome
      #expect(refused == .refused && skipped == .dropped(.skipped))
    }
  }

  @Test func whatCannotBeMadeToFitIsDropped() throws {
    try leakChecked { pool in
      var model = RewriteModel()
      model.payload = [UInt8](repeating: 1, count: 500)
      for policy in [LongPacketPolicy.fragment, .segment] {
        // Headers leave no room.
        let outcome = try fit(pool, model, policy, mtu: 27).outcome
        #expect(outcome == .dropped(.unfit))
        var other = model
        other.network = .other
        let otherOutcome = try fit(pool, other, policy, mtu: 100).outcome
        #expect(otherOutcome == .dropped(.unfit))
        // Cut by its capture.
        let bytes = Array(model.bytes.dropLast(9))
        var packet = try packet(pool, bytes, in: onePiece(bytes), .ethernet)
        packet.wireByteCount = bytes.count + 9
        var fitter = PacketFitter(policy, mtu: 100)
        var rest = PacketQueue()
        #expect(
          try fitter.fit(&packet, packet.decoded(), addingTo: &rest) == .dropped(.unfit))
        #expect(rest.isEmpty && allBytes(packet) == bytes)
      }
    }
  }

  @Test func bytesBehindTheIPPacketAreNoFragment() throws {
    try leakChecked { pool in
      var model = RewriteModel()
      model.padding = 300
      let (outcome, found) = try fit(pool, model, .fragment, mtu: 100)
      model.padding = 0
      #expect(outcome == .fitted(added: 0) && found == [model.bytes])
    }
  }

  @Test func countsGoTogether() throws {
    try leakChecked { pool in
      var counts = LongPacketCounts()
      let packet = try packet(
        pool, RewriteModel().bytes, in: onePiece(RewriteModel().bytes), .ethernet)
      let length = packet.linkPayloadByteCount
      let (isShort, isLong) = (
        counts.note(packet, mtu: length), counts.note(packet, mtu: length - 1)
      )
      #expect(!isShort && isLong)
      #expect(counts.long == 1 && counts.longest == length && length == packet.byteCount - 14)
      for outcome in [
        .fitted(added: 3), .fitted(added: 0), .dropped(.skipped), .dropped(.mustNotFragment),
        .dropped(.unfit), .fits, .refused,
      ] as [LongPacketOutcome] { counts.count(outcome) }
      #expect(counts.fitted == 2 && counts.added == 3 && counts.dropped == 3)
      #expect(counts.dropsByReason.map(\.reason) == ["over_mtu", "over_mtu_df", "over_mtu_unfit"])
    }
  }

  @Test(arguments: [LongPacketPolicy.truncate, .fragment, .segment])
  func aDeniedPacketIsUnchanged(policy: LongPacketPolicy) throws {
    for transport: UInt8 in [6, 17] {
      for isIPv6 in [false, true] {
        var model = RewriteModel()
        model.transport = transport
        if isIPv6 {
          model.network = .ipv6
          (model.source, model.destination) = (
            [UInt8](repeating: 1, count: 16), [UInt8](repeating: 2, count: 16)
          )
        }
        model.payload = [UInt8](repeating: 9, count: 900)
        model.checksum = .partial
        let bytes = model.bytes
        try leakChecked { pool in
          try FailurePlan.forEachAttempt { plan in
            let pieces = [
              Piece(byteCount: 30, isCluster: true, isReadOnly: true),
              Piece(byteCount: bytes.count - 30, isCluster: true),
            ]
            var packet = try packet(pool, bytes, in: pieces, .ethernet)
            let before = packet.dump()
            var fitter = PacketFitter(policy, mtu: 400)
            var rest = PacketQueue()
            pool.inject(plan)
            do throws(MbufError) {
              let outcome = try fitter.fit(&packet, packet.decoded(), addingTo: &rest)
              #expect(outcome == .fitted(added: policy == .truncate ? 0 : 2))
            } catch {
              guard case .exhausted = error else { Issue.record("\(error)"); return }
              #expect(packet.dump() == before && allBytes(packet) == bytes && rest.isEmpty)
              #expect(packet.isWritable == false)
            }
            pool.inject(nil)
            packet.checkInvariants()
          }
        }
      }
    }
  }
}
