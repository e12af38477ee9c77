// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Inspection

@Suite struct SizeCountsTests {
  @Test func quantilesAreThoseOfTheSortedSizes() {
    var random = SeededRandom()
    var counts = SizeCounts()
    var sizes: [Int] = []
    for _ in 0..<999 {
      let size = Int.random(in: 0...1_514, using: &random)
      sizes.append(size)
      counts.note(size)
    }
    sizes.sort()
    counts.checkInvariants()
    for share in [0, 0.001, 0.25, 0.5, 0.9, 0.99, 1] {
      // The least size that at least this share does not exceed.
      let place = max(1, Int((share * 999).rounded(.up)))
      #expect(counts.quantile(share) == sizes[place - 1])
    }
    #expect(counts.least == sizes[0] && counts.greatest == sizes[998])
    #expect(counts.sum == sizes.reduce(0, +))
    #expect(abs(counts.mean - Double(counts.sum) / 999) < 1e-9)
  }

  @Test func whatIsLongerThanTheTableIsTheGreatestForAQuantile() {
    var counts = SizeCounts()
    for size in [65_535, 65_536, 262_144] { counts.note(size) }
    counts.checkInvariants()
    #expect(counts.quantile(0.33) == 65_535)
    #expect(counts.quantile(0.5) == 262_144)
    #expect(counts.greatest == 262_144)
  }

  @Test func bucketsAscendAndHoldSizesThatDifferByLessThanA64th() {
    var least = 0
    for size in 1...300_000 {
      let (before, bucket) = (SizeCounts.bucket(of: size - 1), SizeCounts.bucket(of: size))
      #expect(bucket == before || bucket == before + 1)
      if bucket != before { least = size }
      #expect((size - least) * 64 < size)
    }
    #expect(SizeCounts.bucket(of: 127) == 127 && SizeCounts.bucket(of: 128) == 128)
  }

  @Test func everyFrameIsInTheBucketOfItsSize() {
    var random = SeededRandom()
    var counts = SizeCounts()
    var model: [Int: (greatest: Int, count: Int)] = [:]
    for _ in 0..<999 {
      let size = Int.random(in: 0...2_000, using: &random)
      counts.note(size)
      let bucket = model[SizeCounts.bucket(of: size)] ?? (0, 0)
      model[SizeCounts.bucket(of: size)] = (max(bucket.greatest, size), bucket.count + 1)
    }
    for size in [70_000, 200_000] { counts.note(size) }
    let rows = model.values.sorted { $0.greatest < $1.greatest } + [(200_000, 2)]
    #expect(counts.buckets.map(\.greatest) == rows.map(\.greatest))
    #expect(counts.buckets.map(\.count) == rows.map(\.count))
  }
}
