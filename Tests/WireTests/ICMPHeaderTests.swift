// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct ICMPHeaderTests {
  @Test func bytesBothWays() throws {
    try checkHeader(
      "08 00 beef 12340001",
      ICMPHeader.Fields(type: .echo, code: 0, checksum: 0xbeef, rest: 0x1234_0001), .icmp)
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      ICMPHeader.Fields(
        type: ICMPType(rawValue: $0.number()), code: $0.number(),
        checksum: $0.number(), rest: $0.number())
    }
  }
}
