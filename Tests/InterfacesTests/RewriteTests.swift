// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import TestSupport
import Testing
import UMA
import Wire

@testable import Mbufs

@Suite struct RewriteTests {
  /// Rules that change every field there is.
  static func everything() throws -> RewriteRules {
    var rules = RewriteRules()
    rules.linkSource = MACAddress(0x0200_0000_00aa)
    rules.linkDestination = MACAddress(0x0200_0000_00bb)
    rules.tag = .push(TagValue(identifier: 77, priority: 3))
    rules.sourcePrefixes = [
      try #require(PrefixMap(try prefix("10.0.0.0/24"), to: try prefix("192.0.2.0/24")))
    ]
    rules.prefixes = [
      try #require(PrefixMap(try prefix("10.0.0.0/8"), to: try prefix("198.51.0.0/16"))),
      try #require(PrefixMap(try prefix("2001:db8::/32"), to: try prefix("fd00:1:2::/48"))),
    ]
    rules.ports = [PortMap(53...53, to: 5_353), PortMap(1_000...2_000, to: 9)]
    rules.hops = .lower(1)
    return rules
  }

  static func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }

  /// Frames of every kind.
  static let models: [RewriteModel] = {
    var models: [RewriteModel] = []
    for isIPv6 in [false, true] {
      for transport: UInt8 in [6, 17, 136, isIPv6 ? 58 : 1, 132] {
        var model = RewriteModel()
        if isIPv6 {
          model.network = .ipv6
          model.source = [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 1, count: 12)
          model.destination = [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 2, count: 12)
        }
        model.transport = transport
        models.append(model)
        model.tags = [(0x8100, 0xe005)]
        model.checksum = .wrong(0x1234)
        models.append(model)
        model.isEthernet = false
        models.append(model)
        if transport == 6 || transport == 17 {
          model.checksum = .partial
          models.append(model)
        }
        model.checksum = .valid
        model.payload = [UInt8](repeating: 9, count: 40)
        for fragment in [0..<24, 24..<32, 24..<40] {
          model.fragment = fragment
          models.append(model)
        }
      }
    }
    var absent = RewriteModel()
    absent.checksum = .none
    var arp = RewriteModel()
    arp.network = .arp
    var other = RewriteModel()
    other.network = .other
    return models + [absent, arp, other]
  }()

  static func linkType(_ model: RewriteModel) -> LinkType { model.isEthernet ? .ethernet : .raw }

  /// Bytes in which the two zeros of checksums that may be wrong are the same.
  static func comparable(_ bytes: [UInt8], _ model: RewriteModel) -> [UInt8] {
    var bytes = bytes
    func settle(_ place: Int) {
      if place + 1 < bytes.count, bytes[place] == 255, bytes[place + 1] == 255 {
        (bytes[place], bytes[place + 1]) = (0, 0)
      }
    }
    if case .wrong = model.checksum, let offset = model.checksumOffset {
      settle(model.transportOffset + offset)
    }
    if model.isHeaderWrongBy != 0 { settle(model.linkBytes.count + 10) }
    return bytes
  }

  /// Rewrites a packet, and holds it against the model and what else sees its storage.
  func check(
    _ pool: MbufPool, _ model: RewriteModel, _ rules: RewriteRules, loop: Int, _ pieces: [Piece],
    isShared: Bool, state: PacketHeader.ChecksumState = .unknown, _ note: @autoclosure () -> String
  ) throws {
    let bytes = model.bytes
    var packet = try packet(pool, bytes, in: pieces, Self.linkType(model))
    packet.checksumState = state
    packet.wireByteCount = bytes.count
    let witness =
      isShared ? try packet.sharedCopy() : try pool.packet(copying: unsafe bytes.span.bytes)
    var expected = model
    expected.apply(rules, loop: loop)
    // ARP's own copy of the sender's link address stays.
    var wanted = expected.bytes
    if model.network == .arp, let address = rules.linkSource ?? mapped(model, rules) {
      for index in 0..<6 {
        wanted[6 + index] = UInt8(truncatingIfNeeded: address.bits >> UInt64(40 - 8 * index))
      }
    }
    let outcome = try packet.rewrite(by: rules, packet.decoded(), loop: loop)
    let found = allBytes(packet)
    let isSame =
      Self.comparable(found, expected) == Self.comparable(wanted, expected)
      && outcome.isRewritten == (found != bytes) && packet.wireByteCount == found.count
    if !isSame {
      Issue.record(
        "\(note()) \(pieces)\nfound    \(found)\nexpected \(wanted)\nfrom     \(bytes)\n\(model)\n\(rules)"
      )
    }
    #expect(allBytes(witness) == bytes)
    #expect(packet.timestampInNanoseconds == 7 && packet.checksumState == state)
    packet.checkInvariants()
  }

  private func mapped(_ model: RewriteModel, _ rules: RewriteRules) -> MACAddress? {
    let said = MACAddress(model.macs.source.reduce(0) { $0 << 8 | UInt64($1) })
    return rules.linkMaps.first { $0.old == said }?.new
  }

  @Test func everyFieldInEveryFrame() throws {
    try leakChecked { pool in
      let all = try Self.everything()
      var each = [RewriteRules](repeating: RewriteRules(), count: 9)
      each[0].linkSource = all.linkSource
      each[1].linkDestination = all.linkDestination
      each[2].tag = .set(TagValue(identifier: 9))
      each[3].tag = .pop
      each[4].sourcePrefixes = all.sourcePrefixes
      each[5].prefixes = all.prefixes
      each[6].ports = all.ports
      each[7].hops = .raise(200)
      each[8].loopsPerStep = 2
      for model in Self.models {
        for rules in each + [all, RewriteRules()] {
          try check(
            pool, model, rules, loop: 5, onePiece(model.bytes), isShared: false, "in one piece")
        }
      }
    }
  }

  @Test func headersInTwoSegmentsCutAtEachByte() throws {
    try leakChecked { pool in
      let rules = try Self.everything()
      for model in Self.models {
        let count = model.bytes.count
        for cut in 0...Swift.min(count, model.transportOffset + 24) {
          for (isShared, isReadOnly) in [(false, false), (true, false), (false, true)] {
            let pieces = [
              Piece(byteCount: cut, isCluster: true, isReadOnly: isReadOnly, headroom: cut % 8),
              Piece(byteCount: 0),
              Piece(byteCount: count - cut, isCluster: true, headroom: 5),
            ]
            try check(
              pool, model, rules, loop: 0, pieces, isShared: isShared, "cut at \(cut)")
          }
        }
      }
    }
  }

  @Test func anyFrameByAnyRulesInAnyPieces() throws {
    var random = SeededRandom()
    try leakChecked { pool in
      for step in 0..<Steps.of(100_000) {
        var model = random.rewriteModel()
        model.keepWrongFromPartial()
        let rules = random.rewriteRules()
        let isPartial = if case .partial = model.checksum { true } else { false }
        try check(
          pool, model, rules, loop: random.below(600), random.pieces(of: model.bytes.count),
          isShared: random.chance(50), state: isPartial && random.chance(50) ? .partial : .unknown,
          "step \(step)")
      }
    }
  }
}
