// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct NeighborMessagesTests {
  static let target = IPv6Address(high: 0xfe80 << 48, low: 0x0200_5eff_fe10_0001)
  static let targetHex = "fe80000000000000 02005efffe100001"

  @Test func solicitationBothWays() throws {
    let bytes = "87 00 beef 00000000" + Self.targetHex
    let fields = NeighborSolicitation.Fields(target: Self.target, checksum: 0xbeef)
    try checkHeader(bytes, fields, .icmpv6)
    try checkView(bytes, NeighborSolicitation.self) { view in
      #expect(view.type == .neighborSolicitation && view.code == 0)
      #expect(view.checksum == 0xbeef && view.target == Self.target)
    }
    try checkRoundTrip {
      NeighborSolicitation.Fields(target: $0.ipv6Address(), checksum: $0.number())
    }
  }

  @Test func advertisementBothWays() throws {
    let bytes = "88 00 beef 60000000" + Self.targetHex
    let fields = NeighborAdvertisement.Fields(
      flags: [.solicited, .override], target: Self.target, checksum: 0xbeef)
    try checkHeader(bytes, fields, .icmpv6)
    try checkView(bytes, NeighborAdvertisement.self) { view in
      #expect(!view.flags.contains(.router) && view.flags.contains(.override))
    }
    try checkRoundTrip {
      NeighborAdvertisement.Fields(
        flags: NeighborAdvertisement.Flags(rawValue: $0.number()), target: $0.ipv6Address(),
        checksum: $0.number())
    }
  }

  @Test func anotherTypeOrCodeIsRefused() {
    let body = "0000 00000000" + Self.targetHex
    let wrongType = ParseError(.icmpv6, .unsupported, wanted: 135, available: 136)
    #expect(NeighborSolicitation.Fields.failure([UInt8](hex: "88 00" + body)) == wrongType)
    let wrongCode = ParseError(.icmpv6, .unsupported, wanted: 0, available: 1)
    #expect(NeighborAdvertisement.Fields.failure([UInt8](hex: "88 01" + body)) == wrongCode)
  }

  @Test func redirectIsRead() throws {
    let destination = "20010db800000000 0000000000000002"
    try checkView("89 00 1234 00000000" + Self.targetHex + destination, NeighborRedirect.self) {
      #expect($0.type == .redirect && $0.checksum == 0x1234 && $0.target == Self.target)
      #expect($0.destination == IPv6Address(high: 0x2001_0db8_0000_0000, low: 2))
    }
  }
}
