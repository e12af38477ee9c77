// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct LinuxSLLHeaderTests {
  @Test func bytesBothWays() throws {
    try checkHeader(
      "0004 0001 0006 0200000000010000 86dd",
      LinuxSLLHeader.Fields(
        packetType: 4, hardwareType: 1, addressByteCount: 6, address: 0x0200_0000_0001_0000,
        etherType: .ipv6),
      .linuxSLL)
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      LinuxSLLHeader.Fields(
        packetType: $0.number(), hardwareType: $0.number(), addressByteCount: $0.number(),
        address: $0.number(), etherType: EtherType(rawValue: $0.number()))
    }
  }
}
