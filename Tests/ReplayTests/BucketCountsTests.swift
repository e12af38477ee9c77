// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Reports

@Suite struct BucketCountsTests {
  /// Buckets of ten.
  private static func counts(_ values: [Int]) -> BucketCounts {
    var counts = BucketCounts { $0 / 10 }
    for value in values { counts.add(1, upTo: value) }
    return counts
  }

  @Test func aBucketIsNamedByTheGreatestInIt() {
    let counts = Self.counts([3, 7, 12, 25, 21, 7])
    #expect(counts.json(unit: "ns").text == #"{"up_to_ns":[7,12,25],"packets":[3,1,2]}"#)
    #expect([1, 3, 4, 5, 6, 7].map(counts.bound) == [7, 7, 12, 25, 25, 0])
    #expect(counts.quantile(0) == 7 && counts.quantile(0.5) == 7 && counts.quantile(1) == 25)
  }

  @Test func addedHistogramsAreTheHistogramOfAll() {
    var random = SeededRandom()
    for _ in 0..<200 {
      let parts = (0..<3).map { _ in
        (0..<Int.random(in: 0...9, using: &random)).map { _ in
          Int.random(in: 0...60, using: &random)
        }
      }
      var sum = BucketCounts { $0 / 10 }
      for part in parts.shuffled(using: &random) {
        let isAdded = sum.add(Self.counts(part).json(unit: "bytes"), unit: "bytes")
        #expect(isAdded)
      }
      #expect(sum == Self.counts(parts.flatMap { $0 }))
      #expect(sum.count == parts.joined().count)
    }
  }

  @Test func whatIsNoHistogramIsNotAdded() {
    let wrong: [JSONValue?] = [
      nil, .null, [], ["up_to_ns": [1]], ["up_to_ns": [1], "packets": []],
      ["up_to_ns": [-1], "packets": [1]], ["up_to_ns": [1], "packets": [0]],
      ["up_to_ns": ["1"], "packets": [1]], ["up_to_bytes": [1], "packets": [1]],
    ]
    for value in wrong {
      var counts = Self.counts([5])
      let isAdded = counts.add(value, unit: "ns")
      #expect(!isAdded)
      #expect(counts == Self.counts([5]))
    }
  }

  @Test func countsStopAtTheGreatestThatThereIs() {
    var counts = BucketCounts { $0 }
    for bound in [1, 1, 2, .max] { counts.add(.max, upTo: bound) }
    #expect(counts.count == .max)
    #expect(counts.quantile(1) <= .max && counts.quantile(0.5) == 1)
  }
}
