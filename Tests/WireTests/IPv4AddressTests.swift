// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct IPv4AddressTests {
  @Test func textBothWays() {
    #expect(IPv4Address(192, 0, 2, 1).description == "192.0.2.1")
    #expect(IPv4Address("192.0.2.1") == IPv4Address(0xc000_0201))
    #expect(IPv4Address("0.0.0.0") == .any)
    for text in [
      "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1..2.3", "+1.2.3.4", " 1.2.3.4",
      "1.2.3.-4",
    ] {
      #expect(IPv4Address(text) == nil, "\(text)")
    }
  }

  @Test func kinds() {
    #expect(IPv4Address.any.isAny)
    #expect(IPv4Address.loopback.isLoopback)
    #expect(IPv4Address.broadcast.isBroadcast && !IPv4Address.broadcast.isMulticast)
    #expect(IPv4Address(224, 0, 0, 251).isMulticast)
    #expect(!IPv4Address(223, 255, 255, 255).isMulticast)
    #expect(IPv4Address(169, 254, 1, 1).isLinkLocal)
  }
}
