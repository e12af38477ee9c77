// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct LinuxSLLHeaderTests {
  @Test func readsWhatIsDrawn() throws {
    try checkView("0004 0001 0006 0200000000010000 86dd", LinuxSLLHeader.self) {
      #expect($0.packetType == 4 && $0.hardwareType == 1 && $0.addressByteCount == 6)
      #expect($0.address == 0x0200_0000_0001_0000 && $0.etherType == .ipv6)
    }
  }
}
