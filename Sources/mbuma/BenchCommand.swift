// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Reports

/// `mbuma bench`: what each stage costs on this machine.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure each stage: nanoseconds, rate and heap allocations per packet.",
    discussion: """
      Every row is measured several times, in turn with its baseline in the same process; medians \
      are shown. With --compare, each row is set beside the same row of an earlier --json report.
      """)

  @Flag(help: "Print one JSON object.")
  var json = false

  @Option(name: .customLong("compare"), help: "A report of --json to set beside this one.")
  var compareFile: String?

  @Option(help: "Measured runs of each row.")
  var runs = 7

  @Option(name: .customLong("run-ms"), help: "Target length of one run in milliseconds.")
  var runMilliseconds = 40

  @Option(name: .customLong("path"), help: "Only rows whose path begins so, such as zone/pair.")
  var prefix: String?

  @Flag(help: "Fail if a row that must not allocate does; times are never judged.")
  var check = false

  func validate() throws {
    guard runs > 0, runMilliseconds > 0 else {
      throw ValidationError("--runs and --run-ms must be at least 1")
    }
  }

  func run() throws {
    if BuildKind.isDebug {
      Terminal.warn(
        "THIS IS A DEBUG BUILD: its figures mean nothing. Build with: swift build -c release")
    }
    let baseline = try compareFile.map(BenchBaseline.init(readingFile:))
    var bench = Bench(runCount: runs, runMilliseconds: runMilliseconds, prefix: prefix)
    try bench.measureZones()
    try bench.measurePackets()
    try bench.measureWire()
    try bench.measureCaptures()
    if bench.rows.isEmpty {
      throw ValidationError("no row begins with \(prefix ?? "that")")
    }
    let text = json ? bench.json.prettyText : bench.text(beside: baseline)
    if !Terminal.report(text + "\n", isJSON: json) { throw ExitStatus.failed.code }
    if check {
      let culprits = bench.rows.filter {
        ($0.allocationsPerItem ?? 0) > 0.001
      }
      for row in culprits {
        Terminal.warn(
          "\(row.path): \(row.allocationsPerItem ?? 0) heap allocations per \(row.unit)")
      }
      if !culprits.isEmpty { throw ExitStatus.failed.code }
    }
  }
}

/// How this program was built.
enum BuildKind {
  /// Whether assertions are on, and so every figure is worthless.
  static var isDebug: Bool {
    var isDebug = false
    assert(
      {
        isDebug = true
        return true
      }())
    return isDebug
  }
}
