// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

#if os(Linux)
  /// `mbuma doctor`, run.
  @Suite struct DoctorCommandTests {
    @Test func aRunTellsOfThisHostAndItsLoopback() throws {
      let result = try Command.run("doctor", "lo", "--json")
      #expect([0, 1, 77].contains(result.status), "\(result.diagnostics)")
      #expect(result.diagnostics == "")
      let report = try result.json()
      #expect(Set(report.keys) == ["schema", "interface", "exit", "findings"])
      #expect(report["schema"] as? String == "mbuma.doctor/1")
      #expect(report["interface"] as? String == "lo")
      #expect(report["exit"] as? Int == Int(result.status))
      let findings = try #require(report["findings"] as? [[String: Any]])
      func fact(_ name: String) -> String? {
        findings.first { $0["name"] as? String == name }?["fact"] as? String
      }
      #expect(fact("libpcap")?.hasPrefix("libpcap version") == true)
      #expect(fact("link_type") == "EN10MB, loopback")
      for name in ["kernel", "cap_net_raw", "packet_socket", "tun", "mtu"] {
        #expect(fact(name) != nil, "\(name)")
      }
    }

    @Test func exit1AnInterfaceThatIsNotThere() throws {
      let message =
        "mbuma: cannot look at nowhere: No such device; see which interfaces there are: ip link\n"
      let result = try Command.run("doctor", "link:nowhere")
      #expect(result.status == 1 && result.text == "" && result.diagnostics == message)
      let object = try Command.run("doctor", "nowhere", "--json")
      #expect(object.status == 1 && object.diagnostics == message)
      #expect(try object.json()["exit"] as? Int == 1)
    }

    @Test(arguments: [["doctor", ""], ["doctor", "link:"], ["doctor", "lo", "eth0"]])
    func exit64WhatIsNoInterface(_ arguments: [String]) throws {
      let result = try Command.run(arguments)
      #expect(result.status == 64 && result.text == "" && result.diagnostics != "")
    }

    @Test func exit77WithoutTheCapability() throws {
      let setpriv = "/usr/bin/setpriv"
      guard Command.isThere(setpriv), geteuid() == 0 else {
        return print("skipped \(#function): not root, or there is no \(setpriv)")
      }
      let program = "\(Command.products.path)/mbuma"
      let arguments = ["--bounding-set", "-net_raw", "--inh-caps", "-net_raw", program, "doctor"]
      let result = try Command(arguments, program: setpriv).finish()
      #expect(result.status == 77, "\(result.diagnostics)")
      let lines = result.text.split(separator: "\n")
      let place = try #require(lines.firstIndex { $0.hasPrefix("fail  cap_net_raw ") })
      #expect(lines[place + 1].contains("sudo setcap cap_net_raw"))
      #expect(lines.contains { $0.hasPrefix("fail  packet_socket ") })
    }

    @Test func anInterfaceIsSeenAsItIs() throws {
      try Network.with(mtu: 1_400) {
        let up = try Command.run("doctor", "vb0")
        #expect(up.status == 0, "\(up.text)")
        #expect(up.text.contains("1400 bytes\n"))
        #expect(up.text.split(separator: "\n").contains { $0.hasPrefix("ok    link ") })
        Network.run("ip link set va0 down")
        let alone = try Command.run("doctor", "vb0")
        #expect(alone.status == 1 && alone.text.contains("up, without a carrier"))
        Network.run("ip link set vb0 down")
        let down = try Command.run("doctor", "vb0")
        #expect(down.status == 1 && down.text.contains("\n      sudo ip link set dev vb0 up\n"))
      }
    }

    @Test func theCommandForAnOffloadDoesWhatItSays() throws {
      try Network.with {
        guard Network.run("ethtool -k vb0 >/dev/null") else {
          return print("skipped \(#function): there is no ethtool")
        }
        Network.run("ethtool -K vb0 tx on tso on gso on gro on >/dev/null")
        // TSO before the checksums, without which there is none.
        for offload in ["gro", "gso", "tso", "tx"] {
          let command = "ethtool -K vb0 \(offload) off"
          let before = try Command.run("doctor", "vb0").text
          #expect(before.contains("\n      sudo \(command)\n"), "\(before)")
          #expect(Network.run(command + " >/dev/null"))
          let after = try Command.run("doctor", "vb0").text.split(separator: "\n")
          let line = after.first { $0.contains(" offload_\(offload) ") }
          #expect(line?.hasPrefix("ok ") == true && line?.hasSuffix(" off") == true)
        }
      }
    }

    @Test func anOffloadThatStaysOnHasNoCommand() throws {
      let findings = try Command.run("doctor", "lo").text
      guard findings.contains(" offload_tx ") else {
        return print("skipped \(#function): lo tells of no offloads")
      }
      #expect(findings.contains("always on: what this host sends is captured before its checksums"))
      #expect(!findings.contains("ethtool -K lo tx off"))
    }
  }
#endif
