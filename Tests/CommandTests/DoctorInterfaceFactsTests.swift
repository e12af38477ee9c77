// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Testing

@testable import mbuma

#if os(Linux)
  /// What facts of an interface are found to mean.
  @Suite struct DoctorInterfaceFactsTests {
    private func finding(
      _ name: String, of interface: String = "eth0", _ change: (inout InterfaceFacts) -> Void
    ) throws -> Finding {
      var facts = InterfaceFacts(name: interface)
      change(&facts)
      return try #require(facts.findings.first { $0.name == name })
    }

    @Test func anInterfaceThatIsNotThereIsAllThatIsSaid() {
      let findings = InterfaceFacts(name: "eth9", error: ENODEV).findings
      #expect(findings == [.fail("interface", "eth9: No such device")])
    }

    @Test func aLinkIsUpOrFails() throws {
      let down = try finding("link") { ($0.isUp, $0.isRunning) = (false, false) }
      #expect(down == .fail("link", "down", fix: "sudo ip link set dev eth0 up"))
      #expect(try finding("link") { $0.isRunning = false }.state == .fail)
      #expect(try finding("link") { _ in } == .ok("link", "up"))
    }

    @Test(arguments: [(1, true), (772, true), (65_534, true), (801, false)])
    func aLinkTypeIsKnownOrFails(_ type: Int, _ isKnown: Bool) throws {
      #expect((try finding("link_type") { $0.hardwareType = type }.state == .ok) == isKnown)
    }

    @Test func anOffloadThatChangesFramesIsNotedWithItsCommand() throws {
      for offload in Offload.allCases {
        let name = "offload_\(offload.rawValue)"
        #expect(try finding(name) { $0.offloads = [(offload, .off)] } == .ok(name, "off"))
        let on = try finding(name) { $0.offloads = [(offload, .on)] }
        let changes = [.tx, .tso, .gso, .gro, .lro].contains(offload)
        #expect(on.state == (changes ? .note : .ok))
        #expect(on.fix == (changes ? "sudo ethtool -K eth0 \(offload.rawValue) off" : nil))
        let fixed = try finding(name) { $0.offloads = [(offload, .fixed)] }
        #expect(fixed.state == on.state && fixed.fix == nil)
      }
    }

    @Test func theLargerCheckOfSourcesCountsAndBothAreFixed() throws {
      #expect(try finding("rp_filter") { $0.sourceCheck = (0, 0) }.state == .ok)
      let one = try finding("rp_filter", of: "eth0.5") { $0.sourceCheck = (0, 1) }
      #expect(one.fix == "sudo sysctl -w net/ipv4/conf/eth0.5/rp_filter=0")
      let both = try finding("rp_filter") { $0.sourceCheck = (2, 1) }
      #expect(both.fact.hasPrefix("2, ") && both.state == .note)
      #expect(
        both.fix
          == "sudo sysctl -w net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/eth0/rp_filter=0")
    }

    @Test func dropsAreNoted() throws {
      var statistics = InterfaceStatistics()
      #expect(try finding("counters") { $0.statistics = statistics }.state == .ok)
      statistics.input.drops = 3
      let dropped = try finding("counters") { $0.statistics = statistics }
      #expect(dropped.state == .note && dropped.fact.contains("3 dropped"))
    }
  }
#endif
