// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Testing

@testable import mbuma

#if os(Linux)
  /// What facts of a host are found to mean.
  @Suite struct DoctorHostFactsTests {
    /// A host on which all is well.
    static let sound = HostFacts(
      release: "6.1.0-18-amd64", libpcap: "libpcap version 1.10.3",
      capabilities: 1 << 12 | 1 << 13, lockedByteLimit: 8_388_608, program: "/opt/my tools/mbuma")

    private func finding(
      _ name: String, _ change: (inout HostFacts) -> Void = { _ in }
    ) throws -> Finding {
      var facts = Self.sound
      change(&facts)
      return try #require(facts.findings.first { $0.name == name })
    }

    @Test func capabilitiesAndTheLimitAreReadFromTheKernelsTexts() {
      let status = "Name:\tmbuma\nCapPrm:\t0000000000000000\nCapEff:\t0000000000003000\n"
      #expect(HostFacts.capabilities(status) == 0x3000)
      #expect(HostFacts.capabilities("CapEff:\t000001ffffffffff\n") == 0x1ff_ffff_ffff)
      for bad in ["", "CapEff:\n", "CapEff:\tnone\n"] {
        #expect(HostFacts.capabilities(bad) == nil)
      }
      let limits = "Limit     Soft Limit  Hard Limit  Units\nMax locked memory  8192  9000  bytes\n"
      #expect(HostFacts.lockedByteLimit(limits) == 8_192)
      #expect(HostFacts.lockedByteLimit("Max locked memory   unlimited  unlimited  bytes") == .max)
      #expect(HostFacts.lockedByteLimit("Max processes 5 5") == nil)
    }

    @Test func allIsWell() {
      #expect(Self.sound.findings.allSatisfy { $0.state == .ok && $0.fix == nil })
      #expect(Set(Self.sound.findings.map(\.name)).count == Self.sound.findings.count)
    }

    @Test func aMissingCapabilityFailsOnlyIfFramesNeedItAndTheOtherIsKept() throws {
      let both = "sudo setcap cap_net_raw,cap_net_admin+ep '/opt/my tools/mbuma'"
      let raw = try finding("cap_net_raw") { $0.capabilities = 1 << 12 }
      #expect(raw.state == .fail && raw.isPermission && raw.fix == both)
      let none = try finding("cap_net_raw") { $0.capabilities = 0 }
      #expect(none.fix == "sudo setcap cap_net_raw+ep '/opt/my tools/mbuma'")
      let admin = try finding("cap_net_admin") { $0.capabilities = 1 << 13 }
      #expect(admin.state == .note && admin.fix == both)
      #expect(try finding("cap_net_raw") { $0.capabilities = nil }.state == .note)
    }

    @Test func aSocketThatDoesNotOpenIsFixedByItsReason() throws {
      let denied = try finding("packet_socket") { $0.packetSocket = EPERM }
      #expect(denied.state == .fail && denied.isPermission)
      #expect(denied.fix?.hasPrefix("sudo setcap") == true)
      let unknown = try finding("packet_socket") { $0.packetSocket = EAFNOSUPPORT }
      #expect(unknown.state == .fail && !unknown.isPermission)
      #expect(unknown.fix == "sudo modprobe af_packet")
      #expect(try finding("raw_socket") { $0.rawSocket = EPERM }.state == .note)
      #expect(try finding("xdp_socket") { $0.xdpSocket = EAFNOSUPPORT }.fix == nil)
    }

    @Test(arguments: [(ENOENT, "mknod"), (EACCES, "chmod"), (ENODEV, "modprobe")])
    func theDeviceOfTunnelsIsFixedByItsReason(_ error: Int32, _ command: String) throws {
      let tun = try finding("tun") { $0.tun = error }
      #expect(tun.state == .note && tun.fix?.contains(command) == true)
    }

    @Test func aContainerThatForbidsTheDeviceIsStartedAnew() throws {
      let tun = try finding("tun") { $0.tun = EPERM }
      #expect(tun.state == .note && tun.fix == nil && tun.fact.contains("--device /dev/net/tun"))
    }

    @Test func withoutABarrierCachesAreSlower() throws {
      let barrier = try finding("membarrier") { $0.hasExpeditedBarrier = false }
      #expect(barrier.state == .note && barrier.fix == nil && barrier.fact.contains("slower"))
    }

    @Test(arguments: [
      ("4.19.0-1", Finding.State.fail), ("4.20.0", .note), ("5.3-rc1", .note), ("5.4.1", .ok),
      ("6.10-rc2", .ok), ("10.0.0", .ok), ("odd", .note),
    ])
    func aKernelIsNewEnoughOrNot(_ release: String, _ state: Finding.State) throws {
      #expect(try finding("kernel") { $0.release = release }.state == state)
    }

    @Test func lockedMemoryMattersWhereItBinds() throws {
      let low = try finding("memlock") { $0.lockedByteLimit = 65_536 }
      #expect(low.state == .note && low.fix == "sudo prlimit --pid $$ --memlock=16777216")
      let unbound = try finding("memlock") {
        $0.lockedByteLimit = 65_536
        $0.capabilities = 1 << 14
      }
      #expect(unbound.state == .ok)
    }
  }
#endif
