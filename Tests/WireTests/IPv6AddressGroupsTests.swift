// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct IPv6AddressGroupsTests {
  @Test func groupsThatHostsListenTo() throws {
    #expect("\(IPv6Address.allNodes)" == "ff02::1")
    #expect("\(IPv6Address.allRouters)" == "ff02::2")
    #expect("\(IPv6Address.allListenerRouters)" == "ff02::16")
    #expect("\(IPv4Address.allHosts)" == "224.0.0.1")
    #expect("\(IPv4Address.allRouters)" == "224.0.0.2")
    #expect("\(IPv4Address.allMembershipRouters)" == "224.0.0.22")
    // RFC 4291 section 2.7.1.
    let address = try #require(IPv6Address("4037::01:800:200e:8c6c"))
    #expect("\(address.solicitedNodeGroup)" == "ff02::1:ff0e:8c6c")
    #expect(address.solicitedNodeGroup.isSolicitedNodeGroup)
    #expect(!address.isSolicitedNodeGroup && !IPv6Address.allNodes.isSolicitedNodeGroup)
  }

  @Test(arguments: [
    ("ff01::1", UInt8(1)), ("ff02::1", 2), ("ff15::1", 5), ("ff0e::1", 14), ("ff3e::1", 14),
  ])
  func scopes(text: String, scope: UInt8) throws {
    #expect(try #require(IPv6Address(text)).multicastScope?.rawValue == scope)
    #expect(IPv6Address.loopback.multicastScope == nil)
  }

  @Test func addressesOutOfLinkAddresses() throws {
    // RFC 4291 appendix A, and RFC 2464 section 4.
    let address = try #require(MACAddress("34:56:78:9a:bc:de"))
    #expect(address.interfaceIdentifier == 0x3656_78ff_fe9a_bcde)
    #expect("\(IPv6Address(linkLocalFor: address))" == "fe80::3656:78ff:fe9a:bcde")
    let local = try #require(MACAddress("02:00:5e:10:00:01"))
    #expect(local.interfaceIdentifier == 0x0000_5eff_fe10_0001)
  }

  @Test func stationsThatListenToGroups() {
    #expect("\(MACAddress(group: .allNodes))" == "33:33:00:00:00:01")
    #expect("\(MACAddress(group: IPv4Address.allHosts))" == "01:00:5e:00:00:01")
    let both = [IPv4Address(224, 129, 2, 3), IPv4Address(239, 1, 2, 3)]
    #expect(both.map { "\(MACAddress(group: $0))" } == ["01:00:5e:01:02:03", "01:00:5e:01:02:03"])
  }

  @Test func noGroupTraps() async {
    await #expect(processExitsWith: .failure) { _ = MACAddress(group: IPv4Address.loopback) }
    await #expect(processExitsWith: .failure) { _ = MACAddress(group: IPv6Address.loopback) }
  }
}
