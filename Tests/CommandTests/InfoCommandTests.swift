// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// `mbuma info`: its report as text and JSON, beside capinfos, and how it ends.
@Suite struct InfoCommandTests {
  static let keys: Set = [
    "file", "format", "compression", "link_types", "time_unit_ns", "snapshot_bytes",
    "inferred_snapshot_bytes", "packets", "packets_without_time",
    "file_bytes", "data_bytes", "captured_bytes",
    "duration_ns", "first_time_ns",
    "last_time_ns", "first_time", "last_time", "rate_byteps", "rate_bps", "rate_pps", "sizes",
    "strict_time_order", "largest_gap", "protocols", "checksums", "faults", "talkers_exact",
    "talkers", "ports", "sane", "end", "error",
    // For a total of several files.
    "addresses", "ports_used",
    // Of what is inside of tunnels.
    "inner",
    // Of what a pcapng says beside frames, and of the file's bytes.
    "section_count", "sections", "interface_count", "interfaces", "comments", "other_blocks",
    "drops", "sha256", "sha256_missing",
  ]

  private static func file(_ arguments: String...) throws -> [String: Any] {
    let report = try Command.run(["info", "--json"] + arguments).json()
    return try #require((report["files"] as? [[String: Any]])?.first)
  }

  @Test(arguments: Command.captures)
  func theJSONKeepsItsSchemaAndAddsUp(_ name: String) throws {
    let result = try Command.run("info", "Captures/\(name)", "--json", "--top", "1024")
    let report = try result.json()
    #expect(Set(report.keys) == ["schema", "files", "total", "interrupted"])
    #expect(report["schema"] as? String == "mbuma.info/1")
    let file = try #require((report["files"] as? [[String: Any]])?.first)
    #expect(Set(file.keys) == Self.keys)
    #expect(file["file"] as? String == "Captures/\(name)")
    #expect((file["error"] is NSNull) == (file["end"] as? String == "clean"))
    let packets = try #require(file["packets"] as? Int)
    let types = try #require(file["link_types"] as? [[String: Any]])
    #expect(types.compactMap { $0["packets"] as? Int }.reduce(0, +) == packets)
    let p = try #require(file["protocols"] as? [String: Int])
    #expect(Set(p.keys) == ReplayReportTests.protocols)
    #expect(["arp", "ipv4", "ipv6", "other"].compactMap { p[$0] }.reduce(0, +) == packets)
    let checksums = try #require(file["checksums"] as? [String: [String: Int]])
    for (name, counts) in checksums { #expect(counts.values.reduce(0, +) == p[name], "\(name)") }
    #expect(Set(checksums.keys) == ["ipv4", "udp", "tcp", "icmp", "icmpv6"])
    let faults = try #require(file["faults"] as? [String: Any])
    #expect(Set(faults.keys) == ["undecodable", "bad_checksum", "cut", "backward"])
    let ports = try #require(file["ports"] as? [[String: Any]])
    #expect(ports.isEmpty == (p["udp"] == 0 && p["tcp"] == 0))
    #expect(file["talkers_exact"] as? Bool == true)

    // What the replay of the same file counts, it counts alike.
    let replay = try Command.run("replay", "Captures/\(name)", "--json").json()
    #expect(replay["packets_read"] as? Int == packets)
    #expect(replay["bytes_read"] as? NSObject == file["captured_bytes"] as? NSObject)
    #expect(replay["protocols"] as? NSObject == file["protocols"] as? NSObject)
    let same = try #require(replay["checksums"] as? [String: NSObject])
    for (name, counts) in same { #expect(counts == checksums[name] as? NSObject, "\(name)") }
  }

  // MARK: - Beside capinfos

  private static let capinfos = "/usr/bin/capinfos"

  /// Where the two differ, and why.
  private static let others: [String: String] = [
    "bad_caplen.pcap": "capinfos takes it for another variant of the format",
    "empty.pcap": "capinfos takes an empty file for one of another format",
    "mixed_links.pcapng": "libpcap does not read interfaces of different link types",
    "ntp_be.pcapng": "capinfos reads the first time as unsigned",
    "odd.pcap": "libpcap takes seconds as signed, and carries a fraction of a second or more",
  ]

  @Test(arguments: Command.captures.filter { others[$0] == nil })
  func theFactsAreThoseOfCapinfos(_ name: String) throws {
    guard Command.isThere(Self.capinfos) else {
      return print("skipped: there is no \(Self.capinfos)")
    }
    let ours = Self.facts(try Command.run("info", "--hash", "Captures/\(name)").text)
    let theirs = Self.facts(
      try Command(["-M", "Captures/\(name)"], program: Self.capinfos).finish().text)
    for key in [
      "File name", "Number of packets", "File size", "Data size", "Capture duration",
      "First packet time", "Last packet time", "Strict time order", "File timestamp precision",
      "SHA256", "Capture hardware", "Capture oper-sys", "Capture application", "Capture comment",
    ] {
      #expect(ours[key] == theirs[key], "\(key)")
    }
    if name.hasSuffix(".pcapng") {
      let key = "Number of interfaces in file"
      #expect(ours[key] == theirs[key])
    }
    for key in [
      "Data byte rate", "Data bit rate", "Average packet size", "Average packet rate",
    ] {
      let (our, their) = (Self.number(ours[key]), Self.number(theirs[key]))
      guard let our, let their else {
        #expect(our == nil && their == nil, "\(key)")
        continue
      }
      // capinfos divides by a difference of seconds since 1970, which has fewer digits.
      #expect(abs(our - their) <= 0.02 + 1e-5 * abs(their), "\(key)")
    }
  }

  /// The lines of a report by their names; a name that comes twice keeps its first value.
  private static func facts(_ text: String) -> [String: String] {
    let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
      guard let colon = line.firstIndex(of: ":"), line.first != " " else { return nil }
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      return (String(line[..<colon]), value)
    }
    return Dictionary(pairs) { first, _ in first }
  }

  private static func number(_ text: String?) -> Double? {
    text.flatMap { $0.split(separator: " ").first }.flatMap { Double($0) }
  }

  // MARK: - Text

  @Test func theTextOfAWholeCapture() throws {
    let result = try Command.run("info", "Captures/tcp_http.pcap", "--top", "2")
    #expect(result.status == 0)
    #expect(result.diagnostics == "")
    #expect(
      Self.withoutTimes(result.text) == """
        File name:           Captures/tcp_http.pcap
        File type:           pcap
        File encapsulation:  EN10MB
        File timestamp precision:  microseconds (6)
        Packet size limit:   file hdr: 262144 bytes
        Number of packets:   35
        File size:           4934 bytes
        Data size:           4350 bytes
        Captured size:       4350 bytes
        Capture duration:    0.283713 seconds
        First packet time:   TIME
        Last packet time:    TIME
        Data byte rate:      15332.40 bytes/sec
        Data bit rate:       122659.17 bits/sec
        Average packet size: 124.29 bytes
        Average packet rate: 123.36 packets/sec
        Strict time order:   True
        Largest gap:         0.077367 seconds, before packet 19
        Packet sizes:        min 42, median 66, 90 % 144, 99 % 1514, max 1514 bytes
        Network:             arp 2, ipv4 33
        Transport:           udp 5, tcp 25, icmp 3
        Checksums:           ipv4: valid 33
                             udp: valid 3, invalid 2
                             tcp: valid 25
                             icmp: valid 3
        Bad checksums:       udp 2 (packets 34, 35)
        Undecodable:         none
        Cut packets:         none
        Talkers:             10.99.1.2: 33 packets, 20 sent, 4266 bytes
                             10.99.2.2: 33 packets, 13 sent, 4266 bytes
        Ports:               tcp 8000: 23 packets, 3520 bytes
                             tcp 57202: 14 packets, 3022 bytes
        End:                 clean

        """)
  }

  @Test func theTextOfACaptureThatIsCutAndGoesBack() throws {
    let result = try Command.run("info", "Captures/cut_record.pcap", "--top", "0")
    #expect(result.status == 3)
    expectThreeParts(result.diagnostics, about: "Captures/cut_record.pcap, packet 26, byte 2626")
    #expect(
      Self.withoutTimes(result.text) == """
        File name:           Captures/cut_record.pcap
        File type:           pcap
        File encapsulation:  EN10MB
        File timestamp precision:  microseconds (6)
        Packet size limit:   file hdr: 262144 bytes
        Number of packets:   25
        File size:           2677 bytes
        Data size:           2202 bytes
        Captured size:       2202 bytes
        Capture duration:    5.203256 seconds
        First packet time:   TIME
        Last packet time:    TIME
        Data byte rate:      423.20 bytes/sec
        Data bit rate:       3385.57 bits/sec
        Average packet size: 88.08 bytes
        Average packet rate: 4.80 packets/sec
        """ + "\n" + Self.rest(of: result.text, from: "Strict time order"))
    #expect(result.text.contains("\nStrict time order:   False\nBackward in time:    "))
    #expect(result.text.hasSuffix("\nCut packets:         none\nEnd:                 cut\n"))
  }

  private static func withoutTimes(_ text: String) -> String {
    text.replacingOccurrences(
      of: #"(?m)^((?:First|Last) packet time: +).*$"#, with: "$1TIME", options: .regularExpression)
  }

  private static func rest(of text: String, from name: String) -> Substring {
    text.range(of: name).map { text[$0.lowerBound...] } ?? ""
  }

  @Test func timesAreLocalInTextAndUniversalInJSON() throws {
    let program = "\(Command.products.path)/mbuma"
    for (zone, hour) in [("UTC0", "13:57:12"), ("EST5", "08:57:12"), ("XYZ-5:30", "19:27:12")] {
      let text = try Command(
        ["TZ=\(zone)", program, "info", "Captures/dns.pcap"], program: "/usr/bin/env"
      ).finish().text
      #expect(text.contains("First packet time:   2026-11-22 \(hour).311669\n"), "\(zone)")
    }
    let file = try Self.file("Captures/dns.pcap")
    #expect(file["first_time"] as? String == "2026-11-22T13:57:12.311669Z")
    #expect(file["first_time_ns"] as? Int == 1_795_355_832_311_669_000)
  }

  @Test func aTableHasALineForEachFile() throws {
    let names = ["dns.pcap", "cut_record.pcap", "nowhere.pcap", "udp_snap64.pcap"]
    let result = try Command.run(["info", "--table"] + names.map { "Captures/\($0)" })
    #expect(result.status == 3)
    let rows = result.text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(rows.count == 5)
    #expect(rows.dropFirst().map(\.last) == names.map { "Captures/\($0)" })
    #expect(
      rows[1] == ["86", "20324", "3.87", "strict", "0", "0", "0", "clean", rows[1].last ?? ""])
    #expect(rows[2].contains("back") && rows[2].contains("cut"))
    #expect(rows[3].contains("opened"))
    #expect(rows[4].dropFirst(4).first == "0" && rows[4].contains("4"))
  }

  @Test func aFileThatIsNoCaptureEndsAsSoonAsItBegins() throws {
    let ends = [
      ("empty.pcap", "cut"), ("MANIFEST.tsv", "unsupported"), ("nowhere.pcap", nil),
    ]
    for (name, end) in ends {
      let path = "Captures/\(name)"
      #expect(try Self.file(path)["end"] as? String == end)
      let table = try Command.run("info", "--table", path).text
      #expect(table.hasSuffix("  \(end ?? "not opened")  \(path)\n"))
    }
  }

  @Test func aNameStandsOnOneLineAndMovesNoCursor() throws {
    let folder = try TemporaryFolder()
    let data = try readFile("\(Command.root.path)/Captures/dns.pcap")
    let path = try folder.write(data, "a\nb\u{1b}[2J ü.pcap")
    let shown = folder.file(#"a\nb\u{1B}[2J ü.pcap"#)
    #expect(try Command.run("info", path).text.hasPrefix("File name:           \(shown)\n"))
    #expect(try Command.run("info", "--table", path).text.hasSuffix("  \(shown)\n"))
    #expect(try Self.file(path)["file"] as? String == path)
    #expect(try Command.run("replay", path).text.hasPrefix("\(shown): pcap"))
    expectThreeParts(try Command.run("info", path + "x").diagnostics, about: shown + "x")
  }

  // MARK: - Ends

  @Test(arguments: [
    ("dns.pcap", 0), ("any_sll2.pcap", 0), ("offload.pcap", 0), ("header_only.pcap", 0),
    // Wrong UDP checksums, frames cut by the snapshot length, times that go back.
    ("tcp_http.pcap", 6), ("udp_snap64.pcap", 6), ("ntp.pcap", 6), ("odd.pcap", 6),
    ("cut_record.pcap", 3), ("bad_caplen.pcap", 3), ("nowhere.pcap", 1),
  ])
  func strictEndsWith6IfAFrameIsNotSane(_ name: String, _ status: Int32) throws {
    let result = try Command.run("info", "Captures/\(name)", "--strict")
    #expect(result.status == status)
    #expect((result.diagnostics == "") == (status == 0))
    let file = try Self.file("Captures/\(name)")
    #expect(file["sane"] as? Bool == (status == 0))
  }

  @Test func withoutStrictWhatIsNotSaneEndsWith0() throws {
    #expect(try Command.run("info", "Captures/tcp_http.pcap").status == 0)
    #expect(try Command.run("info", "Captures/odd.pcap").status == 0)
  }

  @Test func aFailureIsSaidAndTheOtherFilesAreRead() throws {
    let result = try Command.run(
      "info", "Captures/empty.pcap", "nowhere.pcap", "Captures/dns.pcap", "--strict")
    #expect(result.status == 3)
    #expect(result.diagnostics.split(separator: "\n").count == 2)
    #expect(result.text.hasPrefix("\nFile name:           Captures/dns.pcap\n"))
  }

  @Test func standardInputIsReadAndHasNoSizeIfItIsAPipe() throws {
    let pipe = TestPipe()
    let command = try Command(["info", "-", "--json"], input: pipe.reader)
    try pipe.write(try readFile("\(Command.root.path)/Captures/dns.pcap"))
    try pipe.end()
    let result = try command.finish()
    let file = try #require((try result.json()["files"] as? [[String: Any]])?.first)
    #expect(result.status == 0)
    #expect(file["packets"] as? Int == 86)
    #expect(file["file_bytes"] is NSNull)
    #expect(file["file"] as? String == "-")
  }

  @Test func whatCannotBeAskedForIsRefused() throws {
    for arguments in [
      ["info"], ["info", "a", "--json", "--table"], ["info", "-", "-"],
      ["info", "a", "--top", "1025"], ["info", "a", "--sha512"], ["info", "a", "-c", "--strict"],
    ] {
      let result = try Command.run(arguments)
      #expect(result.status == 64, "\(arguments)")
      #expect(result.text == "")
    }
  }
}
