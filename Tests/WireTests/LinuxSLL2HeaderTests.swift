// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct LinuxSLL2HeaderTests {
  @Test func readsWhatIsDrawn() throws {
    try checkView("0800 0000 00000002 0304 04 06 0200000000010000", LinuxSLL2Header.self) {
      #expect($0.etherType == .ipv4 && $0.interfaceIndex == 2 && $0.hardwareType == 772)
      #expect($0.packetType == 4 && $0.addressByteCount == 6)
      #expect($0.address == 0x0200_0000_0001_0000)
    }
  }
}
