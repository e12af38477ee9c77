// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// `--inner` of `mbuma info` and `mbuma dump`: what is inside of tunnels, as a person sees it.
@Suite struct InnerCommandTests {
  /// A datagram of 10.0.0.1 to 10.0.0.2, port 53, whose IPv4 header and UDP have right checksums.
  private static let packet: [UInt8] =
    [0x45, 0, 0, 31, 0, 0, 0, 0, 64, 17, 0x66, 0xcc, 10, 0, 0, 1, 10, 0, 0, 2]
    + [0x12, 0x34, 0, 53, 0, 11, 0xd5, 0x6a, 1, 2, 3]

  private static func ethernet(_ packet: [UInt8]) -> [UInt8] {
    [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0] + packet
  }

  /// From 1.1.1.1 to 2.2.2.2.
  private static func around(_ number: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let header: [UInt8] =
      [0x45, 0, 0, UInt8(20 + payload.count), 0, 0, 0, 0, 64, number, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    var sum = stride(from: 0, to: 20, by: 2).reduce(0) {
      $0 + Int(header[$1]) << 8 + Int(header[$1 + 1])
    }
    sum = ~(sum & 0xffff + sum >> 16) & 0xffff
    return header[..<10] + [UInt8(sum >> 8), UInt8(sum & 255)] + header[12...] + payload
  }

  private static func vxlan(_ frame: [UInt8]) -> [UInt8] {
    let header: [UInt8] = [0x04, 0xd2, 0x12, 0xb5, 0, UInt8(16 + frame.count), 0, 0]
    return around(17, header + [8, 0, 0, 0, 0, 0, 66, 0] + frame)
  }

  private static func gre(_ packet: [UInt8]) -> [UInt8] {
    around(47, [0x20, 0, 8, 0, 0, 0, 0, 77] + packet)
  }

  /// A capture of these packets in Ethernet.
  private static func capture(
    _ packets: [[UInt8]], _ name: String, in folder: TemporaryFolder
  ) throws -> String {
    var data = Data([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0] + [UInt8](repeating: 0, count: 8))
    data += [0, 0, 4, 0, 1, 0, 0, 0]
    for (second, packet) in packets.enumerated() {
      let frame = ethernet(packet)
      let count = [UInt8(frame.count), 0, 0, 0]
      data += [UInt8(second), 0, 0, 0, 0, 0, 0, 0] + count + count + frame
    }
    return try folder.write(data, name)
  }

  private static func bad() -> [UInt8] { packet.dropLast() + [9] }

  private static func captures(in folder: TemporaryFolder) throws -> (good: String, bad: String) {
    (
      try capture(
        [vxlan(ethernet(packet)), gre(packet), around(4, packet), packet], "good.pcap", in: folder),
      try capture(
        [packet, gre(vxlan(ethernet(bad()))), around(4, Array(packet.prefix(12)))], "bad.pcap",
        in: folder)
    )
  }

  private static func file(_ arguments: String...) throws -> [String: Any] {
    let report = try Command.run(["info", "--json"] + arguments).json()
    return try #require((report["files"] as? [[String: Any]])?.first)
  }

  @Test func infoCountsWhatIsInside() throws {
    let folder = try TemporaryFolder()
    let (good, bad) = try Self.captures(in: folder)
    let inner = try #require(try Self.file(good, "--inner")["inner"] as? [String: Any])
    #expect(
      Set(inner.keys) == ["packets", "tunnels", "protocols", "checksums", "faults", "deeper"])
    #expect(inner["packets"] as? Int == 3)
    #expect(inner["tunnels"] as? [String: Int] == ["vxlan": 1, "geneve": 0, "gre": 1, "ip": 1])
    let checksums = try #require(inner["checksums"] as? [String: [String: Int]])
    #expect(checksums["udp"]?["valid"] == 3 && checksums["ipv4"]?["valid"] == 3)
    #expect((inner["protocols"] as? [String: Int])?["udp"] == 3)

    let text = try Command.run("info", bad, "--inner", "--top", "0").text
    #expect(
      text.contains(
        """
        \nInside tunnels:      vxlan 1, gre 1, ip 1
          Network:           ipv4 3
          Transport:         udp 2
          Checksums:         ipv4: valid 2, unverifiable 1
                             udp: invalid 1, absent 1
          Bad checksums:     udp 1 (packet 2)
          Undecodable:       ipv4_too_short 1 (packet 3)
        End: 
        """))
    let plain = try Command.run("info", bad, "--top", "0").text
    #expect(!plain.contains("Inside") && plain.contains("\nBad checksums:       none\n"))
    // Without it the report says that nobody looked.
    let file = try Self.file(bad)
    #expect(file["inner"] is NSNull && file["sane"] as? Bool == true)
    #expect(try Self.file(bad, "--inner")["sane"] as? Bool == false)
  }

  @Test func strictLooksInsideOnlyIfTold() throws {
    let folder = try TemporaryFolder()
    let (good, bad) = try Self.captures(in: folder)
    for (file, options, status) in [
      (good, ["--inner"], Int32(0)), (bad, [], 0), (bad, ["--inner"], 6),
    ] {
      let result = try Command.run(["info", "--strict", file] + options)
      #expect(result.status == status, "\(file) \(options)")
    }
    #expect(try Command.run("info", "-c", "--inner", good).status == 64)
    let table = try Command.run("info", "--table", good)
    #expect(try Command.run("info", "--table", "--inner", good).text == table.text)
  }

  @Test func reportsOfWhatIsInsideMerge() throws {
    let folder = try TemporaryFolder()
    let (good, bad) = try Self.captures(in: folder)
    func report(_ files: String..., options: [String] = ["--inner"]) throws -> Data {
      try Command.run(["info", "--json"] + options + files).output
    }
    let parts = try [report(good), report(bad)].enumerated().map {
      try folder.write($1, "\($0).json")
    }
    let merged = try Command.run(["merge-reports"] + parts)
    #expect(merged.output == (try report(good, bad)))
    let total = try #require(try merged.json()["total"] as? [String: Any])
    let inner = try #require(total["inner"] as? [String: Any])
    #expect(inner["packets"] as? Int == 6)
    #expect((inner["tunnels"] as? [String: Int])?["gre"] == 2)
    let faults = try #require(inner["faults"] as? [String: [String: [String: Any]]])
    let row = try #require(
      (faults["bad_checksum"]?["udp"]?["files"] as? [[String: Any]])?.first)
    #expect(row["file"] as? String == bad && row["first_packet"] as? Int == 2)
    let text = try Command.run(["merge-reports", "--text"] + parts).text
    #expect(
      text.contains(
        "\nInside tunnels:      vxlan 2, gre 2, ip 2\n  Protocols:         ipv4 6, udp 5\n"))
    // Where nobody looked, nothing is said; beside a file where somebody did, that one counts.
    let plain = try folder.write(try report(bad, options: []), "plain.json")
    let alone = try Command.run("merge-reports", plain).json()
    #expect((alone["total"] as? [String: Any])?["inner"] is NSNull)
    let mixed = try Command.run("merge-reports", plain, parts[0]).json()
    let counted = (mixed["total"] as? [String: Any])?["inner"] as? [String: Any]
    #expect(counted?["packets"] as? Int == 3)
  }

  @Test func dumpShowsAndPicksByWhatIsInside() throws {
    let folder = try TemporaryFolder()
    let (good, bad) = try Self.captures(in: folder)
    func lines(_ arguments: String...) throws -> [String] {
      try Command.run(["dump", "-t"] + arguments).text.split(separator: "\n").map(String.init)
    }
    let inside = "IP 10.0.0.1.4660 > 10.0.0.2.53: UDP, length 3"
    #expect(
      try lines(good, "--inner") == [
        "IP 1.1.1.1.1234 > 2.2.2.2.4789: VXLAN, flags [I] (0x08), vni 66: " + inside,
        "IP 1.1.1.1 > 2.2.2.2: GREv0, key=0x4d, length 39: " + inside,
        "IP 1.1.1.1 > 2.2.2.2: " + inside, inside,
      ])
    #expect(
      try lines(good).prefix(2) == [
        "IP 1.1.1.1.1234 > 2.2.2.2.4789: UDP, length 53",
        "IP 1.1.1.1 > 2.2.2.2: ip-proto-47, length 39",
      ])
    #expect(try lines(bad, "--inner", "--where", "bad-checksum").count == 1)
    #expect(try lines(bad, "--inner", "--where", "bad-checksum,undecodable").count == 2)
    #expect(try Command.run("dump", bad, "--where", "bad-checksum,undecodable").status == 4)
    // A filter stays outside.
    #expect(try lines(good, "--inner", "udp port 53") == [inside])
    let object = try #require(try lines(bad, "--inner", "--ndjson", "-c", "2").last)
    var level = try #require(
      try JSONSerialization.jsonObject(with: Data(object.utf8)) as? [String: Any])
    let keys = Set(level.keys)
    for kind in ["gre", "vxlan"] {
      #expect((level["tunnel"] as? [String: Any])?["kind"] as? String == kind)
      level = try #require(level["inner"] as? [String: Any])
      #expect(Set(level.keys) == keys)
    }
    #expect(level["inner"] is NSNull && level["faults"] as? [String] == ["bad-checksum"])
  }
}
