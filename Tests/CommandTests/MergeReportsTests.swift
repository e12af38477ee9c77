// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// `mbuma merge-reports`: that many runs tell what one tells, and how it ends.
@Suite struct MergeReportsTests {
  /// All captures, and one that is not there.
  private static let files = Command.captures.map { "Captures/\($0)" } + ["Captures/nowhere.pcap"]

  private static func run(_ arguments: String...) throws -> Command.Result {
    try Command.run(["merge-reports"] + arguments)
  }

  /// The report of `info`, or of `replay`, about some files, in a file of a folder.
  private static func report(
    _ command: String, _ files: ArraySlice<String>, in folder: TemporaryFolder, _ options: String...
  ) throws -> String {
    let result = try Command.run([command, "--json"] + options + files)
    return try folder.write(result.output, "\(command)-\(files.startIndex)-\(files.endIndex).json")
  }

  // MARK: Laws

  @Test func theReportOfAllFilesIsThatOfMergedOnes() throws {
    let folder = try TemporaryFolder()
    let whole = try Command.run(["info", "--json"] + Self.files).output
    for count in [1, 3, 10, Self.files.count] {
      let parts = try stride(from: 0, to: Self.files.count, by: count).map { start in
        let end = min(start + count, Self.files.count)
        return try Self.report("info", Self.files[start..<end], in: folder)
      }
      let merged = try Command.run(["merge-reports"] + parts)
      #expect(merged.status == 0 && merged.diagnostics == "")
      #expect(merged.output == whole, "by \(count)")
    }
  }

  @Test(arguments: ["info", "replay"])
  func mergingIsAssociative(_ command: String) throws {
    let folder = try TemporaryFolder()
    let parts = try [0..<10, 10..<11, 11..<30].map { range in
      try Self.report(command, Self.files[range], in: folder)
    }
    func merged(_ parts: String...) throws -> String {
      let name = "merged-" + parts.map { URL(fileURLWithPath: $0).lastPathComponent }.joined()
      return try folder.write(try Command.run(["merge-reports"] + parts).output, name)
    }
    let all = try merged(parts[0], parts[1], parts[2])
    let left = try merged(try merged(parts[0], parts[1]), parts[2])
    let right = try merged(parts[0], try merged(parts[1], parts[2]))
    #expect(try readFile(all) == readFile(left))
    #expect(try readFile(all) == readFile(right))
    for part in parts { #expect(try readFile(try merged(part)) == readFile(part)) }
  }

  @Test func theOrderOfReportsChangesNothingButTheOrderOfLists() throws {
    let folder = try TemporaryFolder()
    let parts = try [0..<8, 8..<9, 9..<30].map { range in
      try Self.report("info", Self.files[range], in: folder)
    }
    func total(_ order: [Int]) throws -> NSDictionary {
      let report = try Command.run(["merge-reports"] + order.map { parts[$0] }).json()
      return try #require(Self.sorted(report["total"] ?? 0) as? NSDictionary)
    }
    let first = try total([0, 1, 2])
    for order in [[0, 2, 1], [2, 1, 0], [1, 2, 0]] { #expect(try total(order) == first) }
  }

  /// The same, with files in the order of their names wherever they are listed.
  private static func sorted(_ value: Any) -> Any {
    if let object = value as? [String: Any] { return object.mapValues(sorted) }
    guard let list = value as? [Any] else { return value }
    guard let rows = list as? [[String: Any]], rows.allSatisfy({ $0["file"] != nil }) else {
      return list
    }
    return rows.sorted { ($0["file"] as? String ?? "") < ($1["file"] as? String ?? "") }
  }

  // MARK: The total

  @Test func theTotalIsTheSumOfWhatTheFilesHave() throws {
    let report = try Command.run(["info", "--json", "--top", "1024"] + Self.files).json()
    let files = try #require(report["files"] as? [[String: Any]])
    let total = try #require(report["total"] as? [String: Any])
    func sum(_ key: String) -> Int { files.reduce(0) { $0 + ($1[key] as? Int ?? 0) } }
    for key in ["packets", "data_bytes", "captured_bytes", "file_bytes"] {
      #expect(total[key] as? Int == sum(key), "\(key)")
    }
    #expect(total["files"] as? Int == files.count)
    let ends = try #require(total["ends"] as? [String: Int])
    #expect(ends.values.reduce(0, +) == files.count && ends["not_opened"] == 1)
    let times = files.compactMap { $0["first_time_ns"] as? Int }
    #expect(total["first_time_ns"] as? Int == times.min())
    #expect(total["last_time_ns"] as? Int == files.compactMap { $0["last_time_ns"] as? Int }.max())
    let protocols = try #require(total["protocols"] as? [String: Int])
    #expect(
      ["arp", "ipv4", "ipv6", "other"].compactMap { protocols[$0] }.reduce(0, +) == sum("packets"))
    let sizes = try #require(total["sizes"] as? [String: Any])
    let histogram = try #require(sizes["histogram"] as? [String: [Int]])
    #expect(histogram["packets"]?.reduce(0, +) == sum("packets"))
    #expect(histogram["up_to_bytes"]?.last == sizes["max_bytes"] as? Int)

    // Every row of every fault stands in the total, with its first packet and its file.
    let faults = try #require(total["faults"] as? [String: Any])
    let cut = try #require((faults["cut"] as? [String: Any])?["files"] as? [[String: Any]])
    let cutFiles = files.filter { file in
      ((file["faults"] as? [String: Any])?["cut"] as? [String: Any])?["packets"] as? Int ?? 0 > 0
    }
    #expect(
      cut.compactMap { $0["file"] as? String } == cutFiles.compactMap { $0["file"] as? String })
    #expect(
      cut.contains {
        $0["file"] as? String == "Captures/udp_snap64.pcap" && $0["first_packet"] as? Int == 3
      })

    // Where every list is whole, so is the count of each address.
    #expect(total["talkers_exact"] as? Bool == true)
    var counts: [String: Int] = [:]
    for talker in files.flatMap({ $0["talkers"] as? [[String: Any]] ?? [] }) {
      counts[talker["address"] as? String ?? "", default: 0] += talker["packets"] as? Int ?? 0
    }
    let talkers = try #require(total["talkers"] as? [[String: Any]])
    #expect(talkers.count == counts.count)
    for talker in talkers {
      #expect(talker["packets"] as? Int == counts[talker["address"] as? String ?? ""])
      #expect(talker["error"] as? Int == 0)
    }
  }

  @Test func whatAListLeavesOutIsKnownWithinItsError() throws {
    func total(_ top: String) throws -> [String: Any] {
      let report = try Command.run(["info", "--json", "--top", top] + Self.files).json()
      return try #require(report["total"] as? [String: Any])
    }
    let (exact, listed) = (try total("1024"), try total("2"))
    #expect(listed["talkers_exact"] as? Bool == false)
    for (list, key) in [("talkers", "address"), ("ports", "port")] {
      let counts = try #require(exact[list] as? [[String: Any]])
      for row in try #require(listed[list] as? [[String: Any]]) {
        let same = counts.first { other in
          other[key] as? NSObject == row[key] as? NSObject
            && other["transport"] as? String == row["transport"] as? String
        }
        let (packets, error) = (row["packets"] as? Int ?? 0, row["error"] as? Int ?? 0)
        #expect(packets - error...packets ~= same?["packets"] as? Int ?? -1, "\(row)")
      }
    }
  }

  @Test func quantilesAreThoseOfAllFrames() throws {
    let folder = try TemporaryFolder()
    var sizes: [Int] = []
    var paths: [String] = []
    for (index, size) in [60, 100, 60, 1_514, 1_500].enumerated() {
      var capture = CaptureBytes()
      capture.addFrames(10 + index, byteCount: size)
      sizes += Array(repeating: size, count: 10 + index)
      paths.append(try folder.write(capture.data, "\(index).pcap"))
    }
    sizes.sort()
    let report = try Command.run(["info", "--json"] + paths).json()
    let total = try #require((report["total"] as? [String: Any])?["sizes"] as? [String: Any])
    for (key, share) in [("p50_bytes", 0.5), ("p90_bytes", 0.9), ("p99_bytes", 0.99)] {
      let exact = sizes[Int((share * Double(sizes.count)).rounded(.up)) - 1]
      let found = try #require(total[key] as? Int)
      #expect(exact...exact + exact / 64 ~= found, "\(key)")
    }
  }

  // MARK: Replays

  @Test func theCountsOfReplaysAddUp() throws {
    let folder = try TemporaryFolder()
    let names = ["dns.pcap", "tcp_http.pcap", "cut_record.pcap"].map { "Captures/\($0)" }
    let parts = try names.indices.map { index in
      try Self.report("replay", names[index...index], in: folder, "--to", "stack")
    }
    let whole = try Command.run(["replay", "--json", "--to", "stack"] + names).json()
    let merged = try Command.run(["merge-reports"] + parts).json()
    #expect(Set(merged.keys) == ReplayReportTests.keys)
    for key in [
      "schema", "inputs", "packets_read", "bytes_read", "packets_sent", "bytes_sent", "loops",
      "protocols", "checksums", "undecodable", "drops", "outstanding", "dry_run", "interrupted",
      "output_error", "verify", "rewrite", "over_mtu", "lateness", "far_end", "confirmed",
    ] {
      #expect(merged[key] as? NSObject == whole[key] as? NSObject, "\(key)")
    }
    let zones = try #require(merged["zones"] as? [[String: Any]])
    let mbufs = try #require(zones.first { $0["item"] as? String == "mbuf" })
    #expect(mbufs["threads"] is NSNull && mbufs["size_bytes"] as? Int == 256)
    let (requests, frees) = (mbufs["requests"] as? Int ?? 0, mbufs["frees"] as? Int ?? 0)
    #expect(requests - frees == mbufs["used_items"] as? Int)
    let parted = try parts.map { try #require(try Self.zone("mbuf", of: $0)["requests"] as? Int) }
    #expect(requests == parted.reduce(0, +))
  }

  private static func zone(_ name: String, of report: String) throws -> [String: Any] {
    let report = try JSONSerialization.jsonObject(with: readFile(report)) as? [String: Any]
    let zones = report?["zones"] as? [[String: Any]]
    return try #require(zones?.first { $0["item"] as? String == name })
  }

  @Test func latenessIsThatOfBothHistograms() throws {
    let folder = try TemporaryFolder()
    let parts = try [1, 2].map { loops in
      let result = try Command.run(
        "replay", "--json", "-x", "100", "-l", "\(loops)", "Captures/dns.pcap")
      return try folder.write(result.output, "\(loops).json")
    }
    let merged = try #require(
      try Command.run(["merge-reports"] + parts).json()["lateness"] as? [String: Any])
    let all = try parts.map { part in
      let report = try JSONSerialization.jsonObject(with: readFile(part)) as? [String: Any]
      return try #require(report?["lateness"] as? [String: Any])
    }
    #expect(merged["packets"] as? Int == 3 * 86)
    let most = all.compactMap { $0["max_ns"] as? Int }
    #expect(most.count == 2 && merged["max_ns"] as? Int == most.max())
    for key in ["p50_ns", "p90_ns", "p99_ns", "p999_ns"] {
      let values = all.compactMap { $0[key] as? Int }
      let found = try #require(merged[key] as? Int)
      #expect((values.min() ?? 0)...(values.max() ?? 0) ~= found, "\(key)")
    }
  }

  // MARK: Input and output

  @Test func reportsStandBehindOneAnotherInStandardInput() throws {
    let folder = try TemporaryFolder()
    let parts = try [0..<2, 2..<3].map { try Self.report("info", Self.files[$0], in: folder) }
    let pipe = TestPipe()
    let command = try Command(["merge-reports", "-", "--json"], input: pipe.reader)
    for part in parts { try pipe.write(try readFile(part)) }
    try pipe.end()
    #expect(try command.finish().output == Command.run(["merge-reports"] + parts).output)
  }

  @Test func theTextIsWhatAllFilesComeTo() throws {
    let folder = try TemporaryFolder()
    let names = ["Captures/tcp_http.pcap", "Captures/udp_snap64.pcap", "Captures/nowhere.pcap"]
    let report = try Self.report("info", names[...], in: folder)
    let text = try Self.run(report, "--text", "--top", "1").text
    for line in [
      "Files:               3 (clean 2, not_opened 1)\n", "File type:           pcap 2\n",
      "Number of packets:   41\n", "\nBad checksums:       udp 2 in 1 file\n",
      "\n                       Captures/tcp_http.pcap, packet 34\n",
      "\nCut packets:         4 in 1 file\n                       Captures/udp_snap64.pcap, packet 3\n",
      "\nUndecodable:         none\n",
    ] {
      #expect(text.contains(line), "\(text)")
    }
    let replay = try Self.report("replay", names[..<2], in: folder)
    let replayed = try Self.run(replay, replay, "--text")
    #expect(
      replayed.text.hasPrefix("Inputs:              4 (clean 4)\nRead:                82 packets"))
    #expect(replayed.diagnostics.split(separator: "\n").count == 2)
    #expect(
      replayed.diagnostics.contains("Captures/tcp_http.pcap is in the reports more than once"))
  }

  // MARK: Refusals

  @Test func whatIsNoReportIsRefusedWithItsPlace() throws {
    let folder = try TemporaryFolder()
    let good = try Self.report("info", Self.files[0..<1], in: folder)
    let text = String(decoding: try readFile(good), as: UTF8.self)
    for (content, place) in [
      (text.dropLast(3), "byte \(text.utf8.count - 3)"), (text + "}", "byte \(text.utf8.count)"),
      ("", "byte 0"), ("{}", "byte 0"), (#" {"schema":"mbuma.capture/1"}"#, "byte 1"),
      (#"{"schema":"mbuma.info/1"}"#, "byte 0"),
      (#"{"schema":"mbuma.info/1","files":[{}]}"#, "byte 0"),
      (text + " [1, 2", "byte \(text.utf8.count + 6)"),
    ] as [(any StringProtocol, String)] {
      let bad = try folder.write(Data(content.utf8), "bad.json")
      for result in [try Self.run(bad), try Self.run(good, bad)] {
        #expect(result.status == 3, "\(content)")
        #expect(result.text == "")
        expectThreeParts(result.diagnostics, about: "\(bad), \(place)")
      }
    }
  }

  @Test func reportsOfDifferentKindsAreRefused() throws {
    let folder = try TemporaryFolder()
    let info = try Self.report("info", Self.files[0..<1], in: folder)
    let replay = try Self.report("replay", Self.files[0..<1], in: folder)
    let result = try Self.run(info, replay)
    #expect(result.status == 64 && result.text == "")
    expectThreeParts(result.diagnostics, about: "\(replay), byte 0")
  }

  @Test func numbersThatCannotBeCountedEndNothing() throws {
    let folder = try TemporaryFolder()
    let numbers = [
      "9223372036854775807", "-9223372036854775808", "1e300", "-1", "null", "[]", "\"x\"",
    ]
    let keys = [
      "packets", "file_bytes", "data_bytes", "first_time_ns", "last_time_ns", "max_bytes", "gap_ns",
      "error", "bytes", "addresses", "p50_bytes", "ipv4", "valid",
    ]
    let good = try Self.report("info", Self.files[..<2], in: folder)
    let text = String(decoding: try readFile(good), as: UTF8.self)
    for key in keys {
      for number in numbers {
        let changed = text.replacingOccurrences(
          of: #""\#(key)": [-0-9.e]+"#, with: #""\#(key)": \#(number)"#, options: .regularExpression
        )
        let bad = try folder.write(Data(changed.utf8), "bad.json")
        #expect(try Self.run(bad, bad, good, "--text").status == 0, "\(key): \(number)")
      }
    }
  }

  @Test func whatCannotBeAskedForIsRefused() throws {
    for arguments in [[], ["a", "--json", "--text"], ["-", "-"], ["a", "--top", "1025"]] {
      let result = try Command.run(["merge-reports"] + arguments)
      #expect(result.status == 64 && result.text == "", "\(arguments)")
    }
    #expect(try Self.run("nowhere.json").status == 1)
    #expect(try Self.run("Captures").status == 1)
  }
}
