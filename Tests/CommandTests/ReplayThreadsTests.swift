// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// `mbuma replay --threads`.
@Suite struct ReplayThreadsTests {
  @Test(arguments: ["1", "2", "4", "8"]) func allThatIsReadLeaves(threads: String) throws {
    #if os(Linux)
      try Network.with {
        for options in [["--loop", "20"], ["--loop", "20", "--preload"], ["--limit", "5"]] {
          let result = try Command.run(
            ["replay", "Captures/dns.pcap", "-i", "va0", "-t", "--json", "--threads", threads]
              + options)
          #expect(result.status == 0, "\(result.diagnostics)")
          let json = try result.json()
          let sent = options[1] == "5" ? 5 : 1_720
          #expect(json["packets_sent"] as? Int == sent && json["confirmed"] as? Int == sent)
          #expect(json["outstanding"] as? Int == 0)
        }
      }
    #endif
  }

  @Test func oneThreadKeepsTheOrderOfAFile() throws {
    let path = NSTemporaryDirectory() + "mbuma-threads-\(UUID().uuidString).pcap"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let result = try Command.run(
      "replay", "Captures/dns.pcap", "Captures/vlan.pcap", "--to", "file:\(path)", "--threads", "1",
      "--verify")
    #expect(result.status == 0, "\(result.diagnostics)")
  }

  @Test func anOutputThatFailsIsReportedFromItsThread() throws {
    #if os(Linux)
      try Network.with {
        Network.run("ip link set va0 mtu 100")
        let result = try Command.run(
          "replay", "Captures/dns.pcap", "-i", "va0", "-t", "--threads", "2", "--json")
        #expect(result.status == 1 && result.diagnostics.contains("MTU"), "\(result.diagnostics)")
        let json = try result.json()
        let drops = (json["drops"] as? [String: Int]) ?? [:]
        let (read, sent) = (json["packets_read"] as? Int, json["packets_sent"] as? Int ?? 0)
        #expect(read == sent + drops.values.reduce(0, +) && json["confirmed"] as? Int == sent)
      }
    #endif
  }

  @Test(arguments: [
    ["-i", "va0"], ["--to", "stack"], [], ["--to", "file:x.pcap", "--threads", "2"],
    ["-i", "va0", "-t", "--xdp", "--threads", "2"], ["-i", "va0", "-p", "10"],
    ["-i", "va0", "-t", "--threads", "3"],
    ["-i", "va0", "-t", "--verify-on", "vb0", "--threads", "2"],
  ])
  func whatThreadsCannotDoIsRefused(options: [String]) throws {
    let threads = options.contains("--threads") ? [] : ["--threads", "1"]
    let result = try Command.run(["replay", "Captures/dns.pcap"] + options + threads)
    #expect(
      result.status == 64 && result.diagnostics.contains("--threads"), "\(result.diagnostics)")
  }
}
