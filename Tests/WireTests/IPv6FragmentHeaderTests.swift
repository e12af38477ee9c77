// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct IPv6FragmentHeaderTests {
  @Test func bytesBothWays() throws {
    let fields = IPv6FragmentHeader.Fields(
      nextHeader: .udp, fragmentOffset: 1448, moreFragments: true, identification: 0xdead_beef)
    try checkHeader("11 00 05a9 deadbeef", fields, .ipv6Extension)
    #expect(fields.fragmentOffset == 1448)
    #expect(fields.moreFragments)
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      IPv6FragmentHeader.Fields(
        nextHeader: IPProtocol(rawValue: $0.number()), reserved: $0.number(),
        offsetAndFlags: $0.number(), identification: $0.number())
    }
  }
}
