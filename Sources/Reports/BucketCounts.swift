// SPDX-License-Identifier: BSD-2-Clause
//
// A histogram that can be added to another, from which quantiles cannot: how many values there are up to
// a bound and above the bound before it. Which bucket a bound belongs to is told from outside, so that a
// bucket may be named by the greatest value in it, and a value that is alone in its bucket is exact:
//
//     counts    up_to [ 60  66  1514 ]     60 and 66 alone in their buckets, 1514 the greatest of its own
//               n     [ 12   3    40 ]
//
//     bounds ascend, each is in a bucket of its own

/// Values counted in buckets.
package struct BucketCounts: Equatable, Sendable {
  private var rows: [Int: (upTo: Int, count: Int)] = [:]
  /// The number of the bucket that a value is in; no less for a greater value.
  private let bucket: @Sendable (Int) -> Int

  /// Nothing counted.
  package init(bucket: @escaping @Sendable (Int) -> Int) { self.bucket = bucket }

  /// Buckets alike.
  package static func == (a: BucketCounts, b: BucketCounts) -> Bool {
    a.sorted.elementsEqual(b.sorted) { $0 == $1 }
  }

  /// Counts values up to a bound.
  package mutating func add(_ count: Int, upTo bound: Int) {
    let row = rows[bucket(bound)] ?? (bound, 0)
    rows[bucket(bound)] = (Swift.max(row.upTo, bound), row.count.saturatingSum(count))
  }

  /// Counts what `json` gave of others.
  ///
  /// - Returns: false, with nothing counted, if it is none.
  package mutating func add(_ json: JSONValue?, unit: String) -> Bool {
    guard let bounds = json?["up_to_\(unit)"]?.elements?.map(\.whole),
      let counts = json?["packets"]?.elements?.map(\.whole), bounds.count == counts.count,
      bounds.allSatisfy({ 0... ~= $0 ?? -1 }), counts.allSatisfy({ 1... ~= $0 ?? 0 })
    else { return false }
    for (bound, count) in zip(bounds, counts) { add(count ?? 0, upTo: bound ?? 0) }
    return true
  }

  private var sorted: [(upTo: Int, count: Int)] { rows.values.sorted { $0.upTo < $1.upTo } }

  /// Values counted.
  package var count: Int { rows.values.reduce(0) { $0.saturatingSum($1.count) } }

  /// The bound of the bucket that the value of a rank, from 1, is in; 0 if there are fewer.
  package func bound(ofRank rank: Int) -> Int {
    var passed = 0
    for row in sorted {
      passed = passed.saturatingSum(row.count)
      if passed >= rank { return row.upTo }
    }
    return 0
  }

  /// The bound that this share of the values, 0...1, did not exceed.
  package func quantile(_ share: Double) -> Int {
    bound(ofRank: Swift.max(1, Int((share * Double(count)).rounded(.up).clamped)))
  }

  /// Bounds and counts, in two arrays of equal length.
  package func json(unit: String) -> JSONValue {
    [
      "up_to_\(unit)": .array(sorted.map { .integer($0.upTo) }),
      "packets": .array(sorted.map { .integer($0.count) }),
    ]
  }
}

extension Double {
  /// What `Int` can hold of it.
  fileprivate var clamped: Double { Swift.min(self, 9e18) }
}
