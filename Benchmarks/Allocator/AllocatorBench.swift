// SPDX-License-Identifier: BSD-2-Clause
//
//     AllocatorBench [LABEL [REPETITIONS [TEST...]]]     the shapes, to be set beside the peers'
//     AllocatorBench growth [REPETITIONS [PART...]]      what more zones, threads and slabs cost
//
// Prints one line per row, tab-separated, as the peers' program does:
//
//     R  label  test  item bytes  touched (0, 1)  median  fastest  slowest       in ns per item

import CBench
import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@main
struct AllocatorBench {
  let label: String
  let repetitionCount: Int
  let tests: Set<String>

  static func main() {
    var isDebug = false
    assert(
      {
        isDebug = true
        return true
      }())
    if isDebug { print("# THIS IS A DEBUG BUILD: its figures mean nothing") }
    let arguments = CommandLine.arguments.dropFirst()
    let bench = AllocatorBench(
      label: arguments.first ?? "mbuma",
      repetitionCount: arguments.dropFirst().first.flatMap { Int($0) } ?? 5,
      tests: Set(arguments.dropFirst(2)))
    bench_pin(1)
    if bench.label == "growth" { return bench.measureGrowth() }
    for byteCount in [256, 2_048] { bench.measure(byteCount) }
  }

  /// As many items as the peers' pools have: the limit is on, and never met.
  static let limitInItems = 16_383

  /// Takes all the items that the zone can have and gives them back: the peers' pools, too, have
  /// made all their items before the first is taken.
  private func fill(_ zone: Zone) {
    let items = Shape.Items.allocate(capacity: Self.limitInItems)
    defer { unsafe items.deallocate() }
    do throws(ZoneError) {
      for index in 0..<Self.limitInItems { unsafe items[index] = try zone.allocateItem() }
    } catch { stop(error) }
    for index in 0..<Self.limitInItems { unsafe zone.freeItem(items[index]) }
  }

  /// Runs every shape on a zone of one item size.
  func measure(_ byteCount: Int) {
    let zone = Zone(name: "bench_\(byteCount)", itemByteCount: byteCount, alignment: 64)
    zone.limitInItems = Self.limitInItems
    defer { zone.destroy() }
    fill(zone)
    for touched in [false, true] {
      row("pair", byteCount, touched, 5_000_000) { count throws(ZoneError) in
        try Shape.pair(zone, touched: touched, count)
      }
    }
    row("pair-live", byteCount, true, 5_000_000) { count throws(ZoneError) in
      try Shape.pair(zone, touched: true, live: 128, count)
    }
    for length in [32, 512, 8_192] {
      for touched in [false, true] {
        row("burst\(length)", byteCount, touched, 4_000_000) { count throws(ZoneError) in
          try Shape.burst(zone, touched: touched, length: length, count)
        }
      }
    }
    row("fifo1024", byteCount, true, 4_000_000) { count throws(ZoneError) in
      try Shape.fifo(zone, depth: 1_024, count)
    }
    row("2thr-pair", byteCount, true, 5_000_000) { count throws(ZoneError) in
      Shape.together(count) { count throws(ZoneError) in
        try Shape.pair(zone, touched: true, count)
      }
    }
    row("2thr-burst512", byteCount, true, 4_000_000) { count throws(ZoneError) in
      Shape.together(count) { count throws(ZoneError) in
        try Shape.burst(zone, touched: true, length: 512, count)
      }
    }
    row("prodcons", byteCount, true, 3_000_000) { count throws(ZoneError) in
      Shape.handover(zone, batch: 1, count)
    }
    row("prodcons-pub32", byteCount, true, 3_000_000) { count throws(ZoneError) in
      Shape.handover(zone, batch: 32, count)
    }
  }

  /// Measures one row: a run of a sixteenth to warm up and to see how long it takes, then the
  /// repetitions, each of `count` items or of 60 ms, whichever is less.
  func row(
    _ test: String, _ byteCount: Int, _ touched: Bool, _ count: Int,
    _ body: (Int) throws(ZoneError) -> Double
  ) {
    guard tests.isEmpty || tests.contains(test) else { return }
    do throws(ZoneError) {
      let first = try body(count / 16)
      let length = Swift.max(65_536, Swift.min(count, Int(60e6 / first)))
      var results: [Double] = []
      for _ in 0..<repetitionCount { results.append(try body(length)) }
      let columns =
        ["R", label, test, "\(byteCount)", touched ? "1" : "0"] + Self.figures(results)
      print(columns.joined(separator: "\t"))
      fflush(nil)
    } catch { stop(error) }
  }

  /// Median, fastest and slowest.
  static func figures(_ results: [Double]) -> [String] {
    let sorted = results.sorted()
    return [sorted[sorted.count / 2], sorted[0], sorted[sorted.count - 1]].map(digits)
  }

  /// Three digits after the point.
  static func digits(_ value: Double) -> String {
    let thousandths = Int((value * 1_000).rounded())
    let rest = String(thousandths % 1_000)
    return "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }
}

/// Ends the program: an allocation that a benchmark needs was denied.
func stop(_ error: ZoneError) -> Never {
  print("AllocatorBench: \(error)")
  exit(1)
}
