// SPDX-License-Identifier: BSD-2-Clause
//
// A bench times rows. Each row is our way and, beside it in the same process, a baseline; the two
// run in turn, once unmeasured and then several times, so that a machine that drifts drifts for
// both:
//
//     warm-up | baseline ours | baseline ours | baseline ours | ...
//
//     ns       = elapsed / items, the median of the runs; spread = fastest ... slowest
//     ratio    = median over the runs of ours / baseline
//     heap     = heap allocations / items during our runs, where they can be counted

import CMallocCount
import Reports

/// One way of doing something, repeated `count` times by one call.
struct Workload {
  let name: String
  let run: (_ count: Int) throws -> Void
}

/// What was measured of one workload.
struct Timing {
  var runs: [Double] = []

  var median: Double { Self.median(runs) }
  var fastest: Double { runs.min() ?? 0 }
  var slowest: Double { runs.max() ?? 0 }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

/// A measured row of the report.
struct BenchRow {
  let path: String
  let unit: String
  let timing: Timing
  let baseline: (name: String, timing: Timing)?
  /// Heap allocations per item; nil where they cannot be counted.
  let allocationsPerItem: Double?

  /// Ours over the baseline, pair by pair.
  var ratio: Double? {
    baseline.map { baseline in
      Timing.median(zip(timing.runs, baseline.timing.runs).map { $0 / $1 })
    }
  }

  /// Millions of items per second.
  var megaRate: Double { 1e3 / timing.median }

  var json: JSONValue {
    [
      "path": .string(path),
      "unit": .string(unit),
      "median_ns": .number(timing.median),
      "min_ns": .number(timing.fastest),
      "max_ns": .number(timing.slowest),
      "rate_mpps": .number(megaRate),
      "heap_allocations": allocationsPerItem.map { .number($0) } ?? .null,
      "baseline": baseline.map { baseline in
        [
          "name": .string(baseline.name),
          "median_ns": .number(baseline.timing.median),
          "ratio": ratio.map { .number($0) } ?? .null,
        ]
      } ?? .null,
    ]
  }
}

/// Measures rows.
struct Bench {
  let runCount: Int
  /// Target length of one run.
  let runNanoseconds: Double
  let prefix: String
  private(set) var rows: [BenchRow] = []

  /// Prepares to measure the rows whose path begins with `prefix`, all if nil.
  init(runCount: Int, runMilliseconds: Int, prefix: String?) {
    self.runCount = runCount
    self.prefix = prefix ?? ""
    runNanoseconds = Double(runMilliseconds) * 1e6
  }

  /// Measures one row.
  ///
  /// - Parameter fixedCount: items per run, if the workload is of a given size.
  mutating func measure(
    _ path: String, per unit: String = "pair", fixedCount: Int? = nil,
    against baseline: Workload? = nil, _ run: @escaping (Int) throws -> Void
  ) throws {
    guard path.hasPrefix(prefix) else { return }
    let ours = Workload(name: path, run: run)
    let count = try fixedCount ?? calibrate(ours)
    let baselineCount = try baseline.map { try fixedCount ?? calibrate($0) } ?? 0
    try ours.run(count)
    try baseline?.run(baselineCount)
    var timing = Timing()
    var other = Timing()
    var allocations = 0
    for _ in 0..<runCount {
      if let baseline { other.runs.append(try time(baseline, baselineCount)) }
      let before = mbuma_malloc_count()
      timing.runs.append(try time(ours, count))
      allocations += mbuma_malloc_count() - before
    }
    let isCounted = mbuma_malloc_count() >= 0
    rows.append(
      BenchRow(
        path: path, unit: unit, timing: timing,
        baseline: baseline.map { ($0.name, other) },
        allocationsPerItem: isCounted ? Double(allocations) / Double(runCount * count) : nil))
  }

  private func time(_ workload: Workload, _ count: Int) throws -> Double {
    let start = ContinuousClock.now
    try workload.run(count)
    return Self.nanoseconds(ContinuousClock.now - start) / Double(count)
  }

  /// How many repetitions fill a run.
  private func calibrate(_ workload: Workload) throws -> Int {
    var count = 64
    while true {
      let elapsed = try time(workload, count) * Double(count)
      if elapsed >= runNanoseconds / 8 || count >= 1 << 30 {
        return Swift.max(64, Int(Double(count) * runNanoseconds / Swift.max(elapsed, 1)))
      }
      count *= 4
    }
  }

  static func nanoseconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) * 1e9 + Double(attoseconds) / 1e9
  }
}

/// Where results go that nobody needs, so that computing them is not optimised away.
@inline(never)
func keep(_ value: Int) {}
