// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Testing

// Captures/FILE.out is what `mbuma replay Captures/FILE` gives: its exit status, its standard
// output and, if there is any, its standard error. Times, rates and idle memory are not kept.
// Scripts/update-expected writes them all anew.

@Suite struct ExpectedOutputTests {
  static var isUpdating: Bool {
    ProcessInfo.processInfo.environment["MBUMA_UPDATE_EXPECTED"] == "1"
  }

  @Test(arguments: Command.captures)
  func aReplayOfEachCaptureGivesWhatIsExpected(_ name: String) throws {
    let result = try Command.run("replay", "Captures/\(name)")
    var text = "exit \(result.status)\n" + Self.normalised(result.text)
    if !result.diagnostics.isEmpty { text += "standard error:\n" + result.diagnostics }
    let expected = Command.root.appendingPathComponent("Captures/\(name).out")
    if Self.isUpdating {
      try text.write(to: expected, atomically: true, encoding: .utf8)
    } else {
      #expect(try String(contentsOf: expected, encoding: .utf8) == text)
    }
  }

  @Test func eachCaptureHasItsOutputAndEachOutputItsCapture() throws {
    let folder = Command.root.appendingPathComponent("Captures").path
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    let outputs = names.filter { $0.hasSuffix(".out") }.map { String($0.dropLast(4)) }
    #expect(Command.captures.count >= 30)
    if !Self.isUpdating { #expect(outputs.sorted() == Command.captures) }
    if Self.isUpdating {
      for orphan in Set(outputs).subtracting(Command.captures) {
        try FileManager.default.removeItem(atPath: "\(folder)/\(orphan).out")
      }
    }
  }

  /// The text without what differs from run to run and from machine to machine.
  static func normalised(_ text: String) -> String {
    var text = text
    let patterns = [
      // 86 packets, 20324 bytes in 0.1 ms: 600 kpps, 1.20 Gbit/s, 1500 ns per packet
      #"(?m)^(replayed .* bytes) in .* ns per packet$"#: "$1 in TIME",
      // 0/62/62 mbufs in use (current/cache/total)
      #"(?m)^(\d+)/\d+/\d+ (mbufs in use)"#: "$1/CACHE/TOTAL $2",
      #"(?m)^(\d+)/\d+/\d+/(\d+) (mbuf clusters in use)"#: "$1/CACHE/TOTAL/$2 $3",
      #"(?m)^(\d+)/\d+ (mbuf\+clusters out of)"#: "$1/CACHE $2",
      #"(?m)^(\d+)K/\d+K/\d+K (bytes allocated)"#: "$1K/CACHE/TOTAL $2",
    ]
    for (pattern, replacement) in patterns {
      text = text.replacingOccurrences(
        of: pattern, with: replacement, options: .regularExpression)
    }
    return text
  }
}
