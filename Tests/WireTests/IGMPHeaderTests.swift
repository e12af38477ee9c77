// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct IGMPHeaderTests {
  @Test func bytesBothWays() throws {
    let fields = IGMPHeader.Fields(
      type: .reportV2, checksum: 0xbeef, group: IPv4Address(239, 1, 2, 3))
    try checkHeader("16 00 beef ef010203", fields, .igmp)
    try checkView("16 00 beef ef010203", IGMPHeader.self) {
      #expect($0.type == .reportV2 && $0.group == IPv4Address(239, 1, 2, 3))
    }
    try checkRoundTrip {
      IGMPHeader.Fields(
        type: IGMPType(rawValue: $0.number()), responseCode: $0.number(),
        checksum: $0.number(), group: IPv4Address($0.number()))
    }
  }

  @Test func theChecksumIsThatOfTheMessage() {
    for type in [IGMPType.query, .reportV1, .reportV2, .leave] {
      let fields = IGMPHeader.Fields(
        type: type, responseCode: 100, checksum: 7, group: IPv4Address(239, 255, 2, 3))
      #expect(referenceSum(fields.withChecksum.emitted()) == 0xffff)
    }
  }
}

@Suite struct ListenerHeaderTests {
  static let group = IPv6Address(high: 0xff02 << 48, low: 0xfb)

  @Test func bytesBothWays() throws {
    let bytes = "84 00 beef 0000 0000 ff02000000000000 00000000000000fb"
    let fields = ListenerHeader.Fields(type: .listenerDone, checksum: 0xbeef, group: Self.group)
    try checkHeader(bytes, fields, .icmpv6)
    try checkView(bytes, ListenerHeader.self) {
      #expect($0.type == .listenerDone && $0.code == 0 && $0.group == Self.group)
    }
    try checkRoundTrip {
      ListenerHeader.Fields(
        type: ICMPv6Type(rawValue: UInt8(130 + $0.below(3))), responseCode: $0.number(),
        checksum: $0.number(), group: $0.ipv6Address())
    }
  }

  @Test func anotherTypeIsRefused() {
    let bytes: [UInt8] = [133] + [UInt8](repeating: 0, count: 23)
    #expect(
      ListenerHeader.Fields.failure(bytes)
        == ParseError(.icmpv6, .unsupported, wanted: 130, available: 133))
  }
}
