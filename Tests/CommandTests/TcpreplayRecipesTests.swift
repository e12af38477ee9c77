// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

#if os(Linux)
  /// What the manual of tcpreplay and its users' threads have people type, with `mbuma replay` in the
  /// place of `tcpreplay`, `tcpreplay-edit` or `tcprewrite`: it runs, and all of it arrives.
  @Suite struct TcpreplayRecipesTests {
    /// Options as written there, and packets that leave of dns.pcap, which has 86.
    private static let recipes: [(options: String, packets: Int)] = [
      ("-i va0", 86),
      ("--topspeed -i va0", 86),
      ("--mbps=10.0 --intf1=va0", 86),
      ("--multiplier=7.3 --intf1=va0", 86),
      ("--pps=500 --intf1=va0", 86),
      ("--loop=10 -t --intf1=va0", 860),
      ("-K --loop 20 --unique-ip -t -i va0", 1_720),
      ("--loop=0 --duration=1 -M 1 -i va0", -1),
      ("--limit=5 -p 100 -i va0", 5),
      ("-L 7 -x 100 -i va0", 7),
      ("--enet-dmac=00:55:22:AF:C6:37 --enet-smac=00:44:66:FC:29:AF -t -i va0", 86),
      ("--pnat=10.0.0.0/8:172.16.0.0/12 -t -i va0", 86),
      ("--srcipmap=0.0.0.0/0:10.77.0.1/32 --dstipmap=0.0.0.0/0:10.77.0.2/32 -t -i va0", 86),
      ("--portmap=53:5353 -t -i va0", 86),
      ("--enet-vlan=add --enet-vlan-tag=40 --enet-vlan-pri=1 -t -i va0", 86),
      ("--ttl=58 -t -i va0", 86),
    ]

    @Test(arguments: recipes)
    func aRecipeRunsAsItIsWritten(options: String, packets: Int) throws {
      try Network.with {
        let arguments = options.split(separator: " ").map(String.init)
        let result = try Command.run(
          ["replay", "Captures/dns.pcap", "--json", "--verify-on", "vb0"] + arguments)
        #expect(result.status == 0, "\(result.diagnostics)")
        let json = try result.json()
        let sent = try #require(json["packets_sent"] as? Int)
        #expect(packets < 0 ? sent > 86 : sent == packets)
        let farEnd = try #require(json["far_end"] as? [String: Any])
        #expect(farEnd["in_order"] as? Int == sent, "\(farEnd)")
        #expect(json["confirmed"] as? Int == sent)
      }
    }

    @Test func twoPortsShareACaptureByItsServers() throws {
      try Network.with {
        Network.run(
          "ip link add vc0 type veth peer name vd0; ip link set vc0 up; ip link set vd0 up")
        func sent(_ name: String) throws -> Int? {
          let path = "/proc/thread-self/net/dev"
          let text = try String(contentsOfFile: path, encoding: .utf8)
          let line = text.split(separator: "\n").first { $0.contains("\(name):") }
          return line.flatMap { Int($0.split(whereSeparator: \.isWhitespace)[10]) }
        }
        let before = [try sent("va0"), try sent("vc0")]
        let result = try Command.run(
          "replay", "-t", "--intf1=va0", "--intf2=vc0", "--split", "port", "--json",
          "Captures/dns.pcap", "--filter", "udp")
        #expect(result.status == 0, "\(result.diagnostics)")
        let json = try result.json()
        let all = try #require(json["packets_sent"] as? Int)
        let after = [try sent("va0"), try sent("vc0")]
        let (first, second) = (
          (after[0] ?? 0) - (before[0] ?? 0), (after[1] ?? 0) - (before[1] ?? 0)
        )
        #expect(
          first + second == all && first > 0 && second > 0, "\(first) and \(second) of \(all)")
        #expect(json["confirmed"] as? Int == all)
      }
    }

    @Test(arguments: [
      "--cachefile=sample.prep --intf1=va0 --intf2=va1", "--stats=5 -i va0",
      "--mtu-trunc --mtu=600 -i va0", "--fixcsum -i va0", "--seed=423 -i va0",
      "--endpoints=10.10.1.1:10.10.1.2 -i va0", "--fragroute=frag.conf -i va0",
    ])
    func whatIsDoneOtherwiseIsSaidInOneLine(options: String) throws {
      let arguments = options.split(separator: " ").map(String.init)
      let result = try Command.run(["replay", "Captures/dns.pcap"] + arguments)
      #expect(result.status == 64 && result.text.isEmpty)
      #expect(result.diagnostics.split(separator: "\n").count == 1, "\(result.diagnostics)")
    }
  }
#endif
