// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct EthernetHeaderTests {
  @Test func bytesBothWays() throws {
    try checkHeader(
      "ffffffffffff 020000000001 0806",
      EthernetHeader.Fields(
        destination: .broadcast, source: MACAddress(2, 0, 0, 0, 0, 1), etherType: .arp),
      .ethernet)
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      EthernetHeader.Fields(
        destination: MACAddress($0.number()), source: MACAddress($0.number()),
        etherType: EtherType(rawValue: $0.number()))
    }
  }
}
