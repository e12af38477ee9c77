// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

@Suite struct RewriteOptionsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Replays a capture into another, and gives the report of what is in that one.
  private func rewritten(_ name: String, _ options: [String]) throws -> [String: Any] {
    let output = folder.file("out.pcap")
    let result = try Command.run(
      ["replay", "Captures/\(name)", "--to", "file:\(output)", "--json"] + options)
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(try #require(try result.json()["rewrite"] as? [String: Int])["packets"] ?? 0 > 0)
    return try Command.run("replay", output, "--json").json()
  }

  @Test(arguments: [
    ["--pnat", "10.0.0.0/8:192.168.0.0/16", "--portmap", "53:5353,1024-65535:4000"],
    ["--srcipmap=10.0.0.0/8:1.0.0.0/8", "--dstipmap=10.0.0.0/8:2.0.0.0/8", "--ttl", "-5"],
    ["--pnat=[fd00:99::/32]:[2001:db8::/48]", "--pnat=10.0.0.0/8:11.0.0.0/8", "--ttl=+9"],
    ["--enet-smac", "02:00:00:00:00:01", "--enet-dmac=02:00:00:00:00:02"],
    ["--enet-vlan=add", "--enet-vlan-tag=7", "--enet-vlan-pri=3"],
    ["--enet-subsmac", "02:99:00:00:01:01,02:99:00:00:01:99"],
    ["--unique-ip", "--loop", "3", "--unique-ip-loops", "1"],
  ])
  func checksumsAreAsRightAsBefore(options: [String]) throws {
    let before = try Command.run("replay", "Captures/dns.pcap", "--json").json()
    let after = try rewritten("dns.pcap", options)
    let times = options.contains("--loop") ? 3 : 1
    let (old, new) = try (checksums(before), checksums(after))
    for (key, counts) in old { #expect(new[key] == counts.mapValues { $0 * times }, "\(key)") }
  }

  private func checksums(_ report: [String: Any]) throws -> [String: [String: Int]] {
    try #require(report["checksums"] as? [String: [String: Int]])
  }

  @Test func addressesAndPortsAreMapped() throws {
    let output = folder.file("out.pcap")
    #expect(
      try Command.run(
        "replay", "Captures/dns.pcap", "--to", "file:\(output)", "--pnat=10.0.0.0/8:192.168.0.0/16",
        "--portmap=53:1111,53:2222", "--ttl=9"
      ).status == 0)
    func count(_ path: String, _ filter: String) throws -> Int {
      let report = try Command.run("replay", path, filter, "--json").json()
      return try #require(report["packets_sent"] as? Int)
    }
    #expect(try count(output, "net 10.0.0.0/8 or port 53 or port 1111") == 0)
    // Of ports the last entry counts, as in tcprewrite.
    #expect(try count(output, "port 2222") == count("Captures/dns.pcap", "port 53"))
    #expect(try count(output, "ip and ip[8] == 9") == count("Captures/dns.pcap", "ip"))
    #expect(try count(output, "arp net 192.168.0.0/16") == count("Captures/dns.pcap", "arp"))
  }

  @Test func longPacketsAreCut() throws {
    let output = folder.file("out.pcap")
    func replay(_ policy: String) throws -> (
      status: Int32, report: [String: Any], again: [String: Any]
    ) {
      let result = try Command.run(
        "replay", "Captures/offload.pcap", "--over-mtu", policy, "--mtu", "600", "--to",
        "file:\(output)", "--json")
      return (result.status, try result.json(), try Command.run("replay", output, "--json").json())
    }
    func number(_ report: [String: Any], _ key: String) throws -> Int {
      try #require(report[key] as? Int ?? (report["over_mtu"] as? [String: Any])?[key] as? Int)
    }
    for (policy, status) in [("skip", Int32(0)), ("truncate", 0), ("fragment", 2), ("segment", 0)] {
      let (found, report, again) = try replay(policy)
      #expect(found == status, "\(policy)")
      #expect(
        try number(report, "packets_read") + number(report, "added")
          == number(report, "packets_sent") + number(report, "dropped"))
      #expect(try number(again, "packets_sent") == number(report, "packets_sent"))
      // What was written is no longer than that.
      let second = try Command.run(
        "replay", output, "--over-mtu", "skip", "--mtu", "600", "--json")
      #expect(try second.json()["packets_sent"] as? Int == number(report, "packets_sent"))
      #expect(try number(second.json(), "packets") == 0)
    }
    #expect(try replay("refuse").status == 1)
    #expect(try Command.run("replay", "Captures/offload.pcap", "--mtu", "600").status == 1)
    let none = try Command.run(
      "replay", "Captures/offload.pcap", "tcp and greater 4000", "--over-mtu=skip", "--mtu=600")
    #expect(none.status == 4 && none.diagnostics.contains("longer than the MTU"))
  }

  @Test func tagsComeAndGo() throws {
    let tagged = try rewritten("dns.pcap", ["--enet-vlan=add", "--enet-vlan-tag=7"])
    let count = try #require(tagged["protocols"] as? [String: Int])
    #expect(count["vlan"] == 86)
    let plain = try rewritten("vlan.pcap", ["--enet-vlan", "del"])
    #expect(try #require(plain["protocols"] as? [String: Int])["vlan"] == 0)
    let set = try rewritten("vlan.pcap", ["--enet-vlan", "set", "--enet-vlan-tag", "9"])
    #expect(try #require(set["protocols"] as? [String: Int])["vlan"] ?? 0 > 0)
  }

  @Test(arguments: [
    (["--enet-vlan", "add"], "--enet-vlan-tag 7"), (["--enet-vlan-tag", "7"], "--enet-vlan add"),
    (["--enet-vlan", "set"], "--enet-vlan-pri"),
    (["--enet-vlan", "del", "--enet-vlan-pri", "1"], "leave out"),
    (["--enet-vlan", "set", "--enet-vlan-tag", "4096"], "0 to 4095"),
    (["--enet-vlan", "set", "--enet-vlan-pri", "8"], "0 to 7"),
    (["--pnat", "10.0.0.0/8"], "10.0.0.0/8:192.168.0.0/16"),
    (["--pnat", "10.0.0.0/8:[fd00::/8]"], "10.0.0.0/8:192.168.0.0/16"),
    (["--pnat", "[fd00::/8]:10.0.0.0/8"], "[2001:db8::/32]:[fd00::/32]"),
    (["--pnat", ""], "10.0.0.0/8:192.168.0.0/16"),
    (["--portmap", "80"], "80:8080"), (["--portmap", "9-8:7"], "80:8080"),
    (["--portmap", "80:65536"], "80:8080"), (["--portmap", "80:"], "80:8080"),
    (["--portmap", ""], "80:8080"), (["--portmap", "+1:2"], "80:8080"),
    (["--enet-smac", "02:00"], "02:00:5e:10:00:01"),
    (["--enet-subsmac", "02:00:00:00:00:01"], "a comma"),
    (["--ttl", "0"], "try 64"), (["--ttl", "+-1"], "try 64"), (["--ttl", ""], "try 64"),
    (["--unique-ip-loops", "2"], "--unique-ip"),
    (["--unique-ip", "--unique-ip-loops", "0"], "at least 1"),
    (["--over-mtu", "skip"], "--mtu 1500"), (["--mtu", "0"], "at least 1"),
    (["--over-mtu", "skip", "--mtu", "9", "--verify", "--to", "file:/dev/null"], "leave out"),
    (["--ttl", "9", "--verify", "--to", "file:/dev/null"], "leave out --verify"),
  ])
  func whatCannotBeIsAnsweredWithWhatToType(options: [String], words: String) throws {
    let result = try Command.run(["replay", "Captures/dns.pcap"] + options)
    #expect(result.status == 64)
    #expect(result.diagnostics.contains(words), "\(result.diagnostics)")
  }
}
