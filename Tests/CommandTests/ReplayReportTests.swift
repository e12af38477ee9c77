// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// The report as JSON: its keys, their types, and that the numbers go together.
@Suite struct ReplayReportTests {
  static let keys: Set = [
    "schema", "inputs", "packets_read", "bytes_read", "packets_sent", "bytes_sent", "loops",
    "duration_ns", "scheduled_ns", "backward", "shortened", "dry_run", "rate_pps", "rate_bps",
    "protocols", "checksums", "drops", "zones",
    "outstanding", "verify",
    // Beyond those: frames cut inside a header, a signal, an output that failed, and a live link.
    "undecodable", "interrupted", "output_error", "confirmed", "lateness", "far_end",
    "rewrite", "over_mtu",
  ]
  static let protocols: Set = [
    "arp", "ipv4", "ipv6", "udp", "tcp", "icmp", "icmpv6", "vlan", "qinq", "ipv4_fragment",
    "ipv6_fragment", "other",
  ]
  static let zoneKeys: Set = [
    "item", "size_bytes", "limit_items", "used_items", "cached_items", "free_items",
    "total_items", "requests", "frees", "failures", "slabs", "slab_bytes",
    // Beyond those: all that a zone can tell.
    "sleeps", "sleepers", "failures_by_reason", "stride_bytes", "pages", "flags",
    "limit_in_force_items", "reserve_items", "above_limit_items", "bucket_items",
    "shelved_items", "working_set_items", "lock_acquisitions", "threads",
  ]

  @Test(arguments: Command.captures, ["null", "stack"])
  func theReportKeepsItsSchemaAndAddsUp(_ name: String, _ destination: String) throws {
    let result = try Command.run("replay", "Captures/\(name)", "--to", destination, "--json")
    let report = try result.json()
    #expect(Set(report.keys) == Self.keys)
    #expect(report["schema"] as? String == "mbuma.replay/1")
    #expect(report["loops"] as? Int == 1)
    #expect(report["outstanding"] as? Int == 0)
    #expect(report["verify"] is NSNull)
    #expect(report["output_error"] is NSNull)
    #expect(report["interrupted"] as? Bool == false)
    for key in ["duration_ns", "rate_pps", "rate_bps"] {
      #expect(try #require(report[key] as? Double) >= 0)
    }

    let inputs = try #require(report["inputs"] as? [[String: Any]])
    #expect(inputs.count == 1)
    let input = inputs[0]
    #expect(
      Set(input.keys) == ["file", "format", "link_type", "packets", "bytes", "end", "error"])
    #expect(input["file"] as? String == "Captures/\(name)")
    #expect(input["packets"] as? Int == report["packets_read"] as? Int)
    #expect(input["bytes"] as? Int == report["bytes_read"] as? Int)
    #expect((input["error"] is NSNull) == (input["end"] as? String == "clean"))

    // Nothing was denied, so the sink took what was read; a stack's drops are among that.
    let read = try #require(report["packets_read"] as? Int)
    let drops = try #require(report["drops"] as? [String: Int]).values.reduce(0, +)
    #expect(report["packets_sent"] as? Int == read)
    #expect(report["bytes_sent"] as? Int == report["bytes_read"] as? Int)
    #expect(destination == "stack" ? drops <= read : drops == 0)

    try expectCounts(report, frames: read)
    let zones = try #require(report["zones"] as? [[String: Any]])
    #expect(
      zones.map { $0["item"] as? String } == [
        "mbuf", "mbuf_packet", "mbuf_cluster", "mbuf_jumbo_page", "mbuf_jumbo_9k",
        "mbuf_jumbo_16k", "mbuf_ext_refcnt",
      ])
    for zone in zones { try expectZone(zone) }
  }

  private func expectCounts(_ report: [String: Any], frames: Int) throws {
    let counts = try #require(report["protocols"] as? [String: Int])
    #expect(Set(counts.keys) == Self.protocols)
    func sum(_ names: String...) -> Int { names.reduce(0) { $0 + (counts[$1] ?? 0) } }
    #expect(sum("arp", "ipv4", "ipv6", "other") == frames)
    #expect(sum("udp", "tcp", "icmp", "icmpv6") <= sum("ipv4", "ipv6"))
    #expect(sum("ipv4_fragment") <= sum("ipv4"))
    #expect(sum("ipv6_fragment") <= sum("ipv6"))
    let checksums = try #require(report["checksums"] as? [String: [String: Int]])
    let ipv4 = try #require(checksums["ipv4"])
    let udp = try #require(checksums["udp"])
    #expect(Set(checksums.keys) == ["ipv4", "udp"])
    #expect(Set(ipv4.keys) == ["valid", "invalid", "unverifiable"])
    #expect(Set(udp.keys) == ["valid", "invalid", "absent", "partial", "unverifiable"])
    #expect(ipv4.values.reduce(0, +) <= sum("ipv4"))
    #expect(udp.values.reduce(0, +) <= sum("udp"))
    let undecodable = try #require(report["undecodable"] as? [String: Int])
    #expect(undecodable.values.reduce(0, +) <= frames)
  }

  /// As `vmstat -z` has it, with every item accounted for.
  private func expectZone(_ zone: [String: Any]) throws {
    #expect(Set(zone.keys) == Self.zoneKeys)
    func number(_ key: String) throws -> Int { try #require(zone[key] as? Int) }
    #expect(
      try number("used_items") + number("cached_items") + number("free_items")
        == number("total_items"))
    #expect(try number("requests") - number("frees") == number("used_items"))
    #expect(try number("size_bytes") > 0)
    #expect(
      try number("total_items") * number("size_bytes") <= number("slab_bytes")
        || zone["item"] as? String == "mbuf_packet")
    #expect(try number("failures") == 0)
  }

  @Test func theTextShowsWhatTheJSONShows() throws {
    let json = try Command.run("replay", "Captures/dns.pcap", "--json").json()
    let text = try Command.run("replay", "Captures/dns.pcap").text
    let counts = try #require(json["protocols"] as? [String: Int])
    for (name, count) in counts where count > 0 && !name.contains("fragment") {
      #expect(text.contains("\(name) \(count)"))
    }
    #expect(text.contains("Captures/dns.pcap: pcap, EN10MB, 86 packets, 20324 bytes, end clean"))
    #expect(text.contains(" mbufs in use (current/cache/total)"))
  }

  @Test func aNameIsWrittenSoThatJSONCanBeRead() throws {
    let folder = try TemporaryFolder()
    var capture = CaptureBytes()
    capture.addFrames(1, byteCount: 60)
    let path = try folder.write(capture.data, "a \"b\" \\ \n\t\u{1} ü 🐦.pcap")
    let report = try Command.run("replay", path, "--json").json()
    #expect((report["inputs"] as? [[String: Any]])?.first?["file"] as? String == path)
  }

  @Test func theKeysComeInTheOrderThatIsPromised() throws {
    let text = try Command.run("replay", "Captures/dns.pcap", "--json").text
    let places = try [
      "schema", "inputs", "packets_read", "bytes_read", "packets_sent", "bytes_sent", "loops",
      "duration_ns", "rate_pps", "rate_bps", "protocols", "checksums", "drops", "zones",
      "outstanding", "verify",
    ].map { try #require(text.range(of: "\n  \"\($0)\": ")).lowerBound }
    #expect(places == places.sorted())
  }
}
