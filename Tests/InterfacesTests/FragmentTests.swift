// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import TestSupport
import Testing
import UMA
import Wire

@testable import Mbufs

/// Packets sent in fragments, put together again by a reader of its own.
@Suite struct FragmentTests {
  /// One fragment, as its bytes have it.
  private struct Part {
    var header: [UInt8]
    var identification: UInt32
    var offset: Int
    var hasMore: Bool
    var data: [UInt8]
  }

  private func number(_ bytes: some Collection<UInt8>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
  }

  /// Reads an IPv4 fragment; its header comes back as that of a whole datagram would be, but for length
  /// and checksum.
  private func partIPv4(_ bytes: [UInt8], isWrong: Bool) -> Part {
    let headerCount = Int(bytes[0] & 15) * 4
    #expect(number(bytes[2..<4]) == bytes.count)
    var header = Array(bytes[..<headerCount])
    #expect((RewriteModel.sum(header) == 0xffff) != isWrong)
    let field = number(header[6..<8])
    header.replaceSubrange(2..<4, with: [0, 0])
    header.replaceSubrange(6..<8, with: [UInt8(field >> 8) & 0xc0, 0])
    header.replaceSubrange(10..<12, with: [0, 0])
    return Part(
      header: header, identification: UInt32(number(header[4..<6])), offset: (field & 0x1fff) * 8,
      hasMore: field & 0x2000 != 0, data: Array(bytes[headerCount...]))
  }

  /// Reads an IPv6 fragment; its header comes back without the fragment header and the length.
  private func partIPv6(_ bytes: [UInt8]) -> Part {
    #expect(number(bytes[4..<6]) == bytes.count - 40)
    var header = Array(bytes[..<40])
    header.replaceSubrange(4..<6, with: [0, 0])
    var (field, place) = (6, 40)
    while header[field] != 44 {
      let count = (Int(bytes[place + 1]) + 1) * 8
      header += bytes[place..<place + count]
      (field, place) = (place, place + count)
    }
    header[field] = bytes[place]
    #expect(bytes[place + 1] == 0)
    return Part(
      header: header, identification: UInt32(number(bytes[place + 4..<place + 8])),
      offset: number(bytes[place + 2..<place + 4]) & 0xfff8, hasMore: bytes[place + 3] & 1 != 0,
      data: Array(bytes[(place + 8)...]))
  }

  private func anyModel(_ random: inout SeededRandom) -> RewriteModel {
    var model = random.rewriteModel()
    if model.network == .arp || model.network == .other {
      model.network = .ipv4
      model.transport = 17
    }
    model.fragment = nil
    model.payload = random.bytes(random.one(of: [100, 799, 1_400]))
    if model.lastStop == nil, model.isIPv6, random.chance(30) {
      // Options for the last receiver are sent in pieces, as what they stand before.
      model.firstExtension = 60
      model.options = [model.transport, 0, 1, 4, 0, 0, 0, 0]
    }
    if model.network == .ipv4, !model.options.isEmpty {
      // No operation, one that each fragment has, and one that the first has.
      model.options = [1, 0x94, 4, 0, 0, 7, 3, 4] + (random.chance(50) ? [0, 0, 0, 0] : [])
    }
    if case .wrong = model.checksum, random.chance(50) { model.checksum = .valid }
    return model
  }

  @Test func fragmentsAddUpToTheirDatagram() throws {
    var random = SeededRandom()
    try leakChecked { pool in
      for step in 0..<Steps.of(20_000) {
        var model = anyModel(&random)
        if random.chance(30) {
          let count = model.payload.count
          model.fragment = random.one(of: [0..<count / 8 * 8, 16..<count, 24..<count / 8 * 8])
        }
        model.keepWrongFromPartial()
        let mtu = random.one(of: [140, 200, 576, 1_280])
        let bytes = model.bytes
        guard bytes.count - (model.isEthernet ? 14 : 0) > mtu else { continue }
        var packet = try packet(
          pool, bytes, in: random.pieces(of: bytes.count), RewriteTests.linkType(model))
        let isShared = random.chance(50)
        let witness = isShared ? try packet.sharedCopy() : try pool.packet()
        var fitter = PacketFitter(.fragment, mtu: mtu)
        var rest = PacketQueue()
        let outcome = try fitter.fit(&packet, packet.decoded(), addingTo: &rest)
        if isShared { #expect(allBytes(witness) == bytes) }
        guard case .fitted(let added) = outcome, added == rest.packetCount else {
          Issue.record("step \(step), MTU \(mtu), \(outcome): \(model)")
          return
        }
        var queue = PacketQueue()
        queue.enqueue(packet)
        queue.append(&rest)
        check(checkedContents(queue), model, mtu, "step \(step), MTU \(mtu): \(model)")
      }
    }
  }

  private func check(
    _ packets: [[UInt8]], _ model: RewriteModel, _ mtu: Int, _ note: @autoclosure () -> String
  ) {
    var whole = model
    whole.padding = 0
    if case .partial = model.checksum, model.fragment == nil { whole.checksum = .valid }
    let link = model.linkBytes
    // The bytes that the packet's own data is, and its header as the fragments repeat it.
    let expected = whole.networkBytes
    let isSplit = model.fragment != nil
    let original: Part
    if model.isIPv6 {
      if isSplit {
        original = partIPv6(expected)
      } else {
        let isForRouters = model.firstExtension == 0 || model.firstExtension == 43
        let headerCount = 40 + (isForRouters ? model.options.count : 0)
        var header = Array(expected[..<headerCount])
        header.replaceSubrange(4..<6, with: [0, 0])
        original = Part(
          header: header, identification: 1, offset: 0, hasMore: false,
          data: Array(expected[headerCount...]))
      }
    } else {
      original = partIPv4(expected, isWrong: model.isHeaderWrongBy != 0)
    }
    if packets.count == 1 {
      // What was left to a device is left to it still.
      whole.checksum = model.checksum
      #expect(packets[0] == whole.bytes, "\(note())")
      return
    }
    var data: [UInt8] = []
    for (index, packet) in packets.enumerated() {
      #expect(packet.count - (model.isEthernet ? 14 : 0) <= mtu)
      #expect(Array(packet[..<link.count]) == link)
      let bytes = Array(packet[link.count...])
      let part =
        model.isIPv6 ? partIPv6(bytes) : partIPv4(bytes, isWrong: model.isHeaderWrongBy != 0)
      var header = original.header
      if !model.isIPv6, index > 0, !model.options.isEmpty {
        // In later fragments only options with the highest bit.
        header = Array(header[..<20]) + [0x94, 4, 0, 0]
        header[0] = 0x46
      }
      if !model.isIPv6, index > 0, model.options.allSatisfy({ $0 < 0x80 }) {
        header = Array(header[..<20])
        header[0] = 0x45
      }
      let isLast = index == packets.count - 1
      #expect(part.header == header, "\(note())")
      #expect(part.offset == original.offset + data.count, "\(note())")
      #expect(part.hasMore == (!isLast || original.hasMore), "\(note())")
      #expect(part.identification == original.identification, "\(note())")
      #expect(isLast || part.data.count % 8 == 0 && part.data.count > 0, "\(note())")
      data += part.data
    }
    #expect(data == original.data, "\(note())")
  }

  @Test func whatMustNotBeFragmentedIsNot() throws {
    try leakChecked { pool in
      var model = RewriteModel()
      model.payload = [UInt8](repeating: 1, count: 500)
      var bytes = model.bytes
      bytes[20] = 0x40
      for policy in [LongPacketPolicy.fragment, .segment] {
        var packet = try packet(pool, bytes, in: onePiece(bytes), .ethernet)
        var fitter = PacketFitter(policy, mtu: 200)
        var rest = PacketQueue()
        let outcome = try fitter.fit(&packet, packet.decoded(), addingTo: &rest)
        #expect(outcome == .dropped(.mustNotFragment) && allBytes(packet) == bytes)
        // What would fit but for bytes behind it is no fragment.
        var trailing = try whole(pool, bytes)
        try trailing.appendZeroes(900)
        fitter = PacketFitter(policy, mtu: 600)
        #expect(try fitter.fit(&trailing, trailing.decoded(), addingTo: &rest) == .fitted(added: 0))
        #expect(allBytes(trailing) == bytes)
      }
    }
  }

  private func whole(_ pool: MbufPool, _ bytes: [UInt8]) throws -> Packet {
    var packet = try pool.packet(copying: unsafe bytes.span.bytes)
    packet.linkType = LinkType.ethernet.rawValue
    return packet
  }

  @Test func eachDatagramOfIPv6HasItsOwnIdentification() throws {
    try leakChecked { pool in
      var model = RewriteModel()
      model.network = .ipv6
      model.source = [UInt8](repeating: 1, count: 16)
      model.destination = [UInt8](repeating: 2, count: 16)
      model.payload = [UInt8](repeating: 1, count: 500)
      var fitter = PacketFitter(.segment, mtu: 300)
      var seen: [UInt32] = []
      for _ in 0..<3 {
        var packet = try whole(pool, model.bytes)
        var rest = PacketQueue()
        _ = try fitter.fit(&packet, packet.decoded(), addingTo: &rest)
        seen.append(partIPv6(Array(allBytes(packet)[14...])).identification)
      }
      #expect(Set(seen).count == 3)
    }
  }
}
