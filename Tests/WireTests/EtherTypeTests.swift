// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct EtherTypeTests {
  @Test func lengthsAndTags() {
    #expect(EtherType(rawValue: 1500).isLength)
    #expect(!EtherType(rawValue: 1501).isLength)
    for type in [EtherType.vlan, .serviceVLAN, .oldServiceVLAN] {
      #expect(type.isVLANTag)
      #expect(type.isServiceVLANTag == (type != .vlan))
    }
    #expect(!EtherType.ipv4.isVLANTag)
  }

  @Test func names() {
    #expect(EtherType.ipv6.description == "IPv6")
    #expect(EtherType(rawValue: 0x88cc).description == "0x88cc")
    #expect(EtherType(rawValue: 46).description == "length 46")
  }
}
