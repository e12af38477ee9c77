// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct ICMPv6HeaderTests {
  @Test func bytesBothWays() throws {
    try checkHeader(
      "80 00 beef 12340001",
      ICMPv6Header.Fields(type: .echo, code: 0, checksum: 0xbeef, rest: 0x1234_0001), .icmpv6)
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      ICMPv6Header.Fields(
        type: ICMPv6Type(rawValue: $0.number()), code: $0.number(),
        checksum: $0.number(), rest: $0.number())
    }
  }
}
