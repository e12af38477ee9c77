// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct IPProtocolTests {
  @Test func extensions() {
    let numbers = (0...255).filter { IPProtocol(rawValue: UInt8($0)).isIPv6Extension }
    #expect(numbers == [0, 43, 44, 51, 60, 139, 140])
  }

  @Test func udpLiteIsNotUDP() {
    #expect(IPProtocol.udpLite != .udp)
    #expect(IPProtocol.udpLite.description == "UDP-Lite")
    #expect(IPProtocol(rawValue: 200).description == "200")
  }
}
