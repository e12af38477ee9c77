// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct LinuxSLL2HeaderTests {
  @Test func bytesBothWays() throws {
    try checkHeader(
      "0800 0000 00000002 0304 04 06 0200000000010000",
      LinuxSLL2Header.Fields(
        etherType: .ipv4, reserved: 0, interfaceIndex: 2, hardwareType: 772, packetType: 4,
        addressByteCount: 6, address: 0x0200_0000_0001_0000),
      .linuxSLL2)
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      LinuxSLL2Header.Fields(
        etherType: EtherType(rawValue: $0.number()), reserved: $0.number(),
        interfaceIndex: $0.number(), hardwareType: $0.number(), packetType: $0.number(),
        addressByteCount: $0.number(), address: $0.number())
    }
  }
}
