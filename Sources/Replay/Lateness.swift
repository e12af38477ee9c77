// SPDX-License-Identifier: BSD-2-Clause
import Histogram
import Reports

/// How long after their due times packets left: a histogram to two digits, up to an hour.
public struct Lateness: Sendable {
  private var histogram = Histogram<UInt64>(
    lowestDiscernibleValue: 1, highestTrackableValue: Self.longest,
    numberOfSignificantValueDigits: .two)

  private var first: Int64?
  private var last: Int64 = 0

  private static var longest: UInt64 { 3_600_000_000_000 }

  /// None so far.
  init() {}

  /// Notes a packet that left at a time of the clock, and how many nanoseconds after it was due.
  mutating func record(_ nanoseconds: Int64, at now: Int64) {
    if first == nil { first = now }
    last = now
    histogram.record(Swift.min(UInt64(Swift.max(0, nanoseconds)), Self.longest))
  }

  /// Whether no packet had a time.
  var isEmpty: Bool { histogram.totalCount == 0 }

  /// Packets that had a time.
  public var packetCount: Int { Int(histogram.totalCount) }

  /// Nanoseconds from the first packet to the last.
  public var spanInNanoseconds: Int64 { first.map { last - $0 } ?? 0 }

  /// The lateness in nanoseconds that this percentage of the packets did not exceed, to two digits.
  public func percentile(_ percent: Double) -> Int64 {
    Int64(clamping: histogram.valueAtPercentile(percent))
  }

  var json: JSONValue {
    [
      "packets": .integer(packetCount), "span_ns": .integer(spanInNanoseconds),
      "p50_ns": .integer(percentile(50)), "p90_ns": .integer(percentile(90)),
      "p99_ns": .integer(percentile(99)), "p999_ns": .integer(percentile(99.9)),
      "max_ns": .integer(percentile(100)), "histogram": buckets.json(unit: "ns"),
    ]
  }

  /// The histogram's buckets that have packets, by their greatest value.
  private var buckets: BucketCounts {
    var buckets = BucketCounts { $0 }
    for row in histogram.recordedValues() {
      buckets.add(Int(row.count), upTo: Int(clamping: row.value))
    }
    return buckets
  }

  var text: String {
    let parts = [("p50", 50), ("p99", 99), ("max", 100)].map { name, percent in
      "\(name) \(ReplayReport.digits(Double(percentile(Double(percent))) / 1e3)) us"
    }
    return parts.joined(separator: ", ")
  }
}
