// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// Help, version and measuring.
@Suite struct MbumaCommandTests {
  @Test func helpNamesTheCommandsAndTheExitStatuses() throws {
    let result = try Command.run("--help")
    #expect(result.status == 0)
    #expect(result.diagnostics == "")
    // Help is wrapped to the terminal.
    let text = result.text.split { $0.isWhitespace }.joined(separator: " ")
    for word in ["replay", "capture", "doctor", "bench", "0 all done", "64 usage", "77 permission"]
    {
      #expect(text.contains(word))
    }
    let replay = try Command.run("replay", "--help")
    #expect(replay.status == 0)
    for word in [
      "--to", "file:OUT", "stack", "--loop", "--limit", "-c", "--verify", "--json",
      "--limit-clusters", "--no-progress",
    ] {
      #expect(replay.text.contains(word))
    }
  }

  @Test func theVersionIsThreeNumbers() throws {
    let result = try Command.run("--version")
    #expect(result.status == 0)
    #expect(result.text.split(separator: ".").compactMap { Int($0.trimmed) }.count == 3)
  }

  @Test func aRowIsMeasuredWithAWarningInADebugBuild() throws {
    let result = try Command.run(
      "bench", "--path", "wire", "--runs", "1", "--run-ms", "1", "--json")
    #expect(result.status == 0)
    let report = try result.json()
    #expect(Set(report.keys) == ["schema", "debug_build", "runs", "run_ns", "rows"])
    #expect(report["schema"] as? String == "mbuma.bench/1")
    #expect(report["runs"] as? Int == 1)
    #expect(report["run_ns"] as? Int == 1_000_000)
    #expect(
      result.diagnostics.contains("THIS IS A DEBUG BUILD") == (report["debug_build"] as? Bool))
    let rows = try #require(report["rows"] as? [[String: Any]])
    #expect(!rows.isEmpty)
    for row in rows {
      #expect(
        Set(row.keys) == [
          "path", "unit", "median_ns", "min_ns", "max_ns", "rate_mpps", "heap_allocations",
          "baseline",
        ])
      #expect((row["path"] as? String)?.hasPrefix("wire") == true)
      let times = try ["min_ns", "median_ns", "max_ns"].map { try #require(row[$0] as? Double) }
      #expect(times[0] > 0 && times == times.sorted())
      #expect(row["heap_allocations"] is NSNull || row["heap_allocations"] is Double)
    }
  }

  @Test func aReportIsSetBesideAnEarlierOne() throws {
    let folder = try TemporaryFolder()
    let row = ["bench", "--path", "wire/decode60", "--runs", "1", "--run-ms", "1"]
    let earlier = try Command.run(row + ["--json"])
    let path = try folder.write(earlier.output, "earlier.json")
    let result = try Command.run(row + ["--compare", path])
    #expect(result.status == 0)
    let lines = result.text.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].hasSuffix("then, now/then"))
    #expect(lines[1].hasPrefix("wire/decode60 "))
    #expect(lines[1].contains(", "))
  }

  @Test(arguments: [#"{}"#, #"{"schema": "mbuma.replay/1", "rows": []}"#, "", "[1"])
  func aFileThatIsNoSuchReportIsRefused(_ text: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Data(text.utf8), "bad.json")
    let result = try Command.run("bench", "--compare", path, "--runs", "1", "--run-ms", "1")
    #expect(result.status == 64)
    #expect(result.diagnostics.contains("--compare \(path)"))
    #expect(result.text == "")
  }
}

extension Substring {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
