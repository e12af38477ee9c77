// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct IPv6HeaderTests {
  static let text =
    """
    6ab12345 0010 3a ff
    fe800000000000000000000000000001 ff020000000000000000000000000002
    """

  @Test func bytesBothWays() throws {
    try checkHeader(
      Self.text,
      IPv6Header.Fields(
        trafficClass: 0xab, flowLabel: 0x12345, payloadLength: 16, nextHeader: .icmpv6,
        hopLimit: 255, source: IPv6Address(high: 0xfe80 << 48, low: 1),
        destination: IPv6Address(high: 0xff02 << 48, low: 2)),
      .ipv6)
  }

  @Test func anotherVersionIsRefused() {
    var bytes = [UInt8](hex: Self.text)
    bytes[0] = 0x45
    #expect(
      IPv6Header.Fields.failure(bytes) == ParseError(.ipv6, .badVersion, wanted: 6, available: 4))
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      IPv6Header.Fields(
        trafficClass: $0.number(), flowLabel: $0.number() & 0xf_ffff, payloadLength: $0.number(),
        nextHeader: IPProtocol(rawValue: $0.number()), hopLimit: $0.number(),
        source: $0.ipv6Address(), destination: $0.ipv6Address())
    }
  }
}
