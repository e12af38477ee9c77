// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import InternetStack

@Suite struct TokenBucketTests {
  private static let second: Int64 = 1_000_000_000

  private static func taken(_ bucket: inout TokenBucket, now: Int64, tries: Int) -> Int {
    var count = 0
    for _ in 0..<tries where bucket.take(now: now) { count += 1 }
    bucket.checkInvariants()
    return count
  }

  @Test(arguments: [(1, 1), (3, 10), (1_000, 1), (7, 100)])
  func aFullBucketGivesItsBurstAndThenItsRate(rate: Int, burst: Int) {
    var bucket = TokenBucket(ratePerSecond: rate, burstInTokens: burst)
    expect(Self.taken(&bucket, now: 5, tries: burst + 10), is: burst)
    // Not one nanosecond before the token is whole, and at that one.
    let whole = (Self.second + Int64(rate) - 1) / Int64(rate)
    expect(bucket.take(now: 5 + whole - 1), is: false)
    expect(bucket.take(now: 5 + whole), is: true)
    expect(Self.taken(&bucket, now: 5 + 1_000 * Self.second, tries: burst + 10), is: burst)
  }

  @Test func aRateOfNothingGivesTheBurstAlone() {
    var bucket = TokenBucket(ratePerSecond: 0, burstInTokens: 2)
    expect(Self.taken(&bucket, now: .min, tries: 5), is: 2)
    expect(Self.taken(&bucket, now: .max, tries: 5), is: 0)
  }

  @Test func aClockMayJumpAnywhere() {
    var bucket = TokenBucket(ratePerSecond: .max, burstInTokens: 1_000_000_000)
    for now in [0, .max, .min, .max, -1, 0, 1, .min, .min, .max - 1, .max] as [Int64] {
      expect(bucket.take(now: now), is: true, "at \(now)")
      bucket.checkInvariants()
    }
  }

  @Test func aClockSetBackGivesNothingAndIsFollowed() {
    var bucket = TokenBucket(ratePerSecond: 1, burstInTokens: 1)
    expect(bucket.take(now: 1_000 * Self.second), is: true)
    expect(bucket.take(now: 0), is: false)
    expect(bucket.take(now: Self.second - 1), is: false)
    expect(bucket.take(now: Self.second), is: true)
  }

  @Test func itIsAsExactAsAWiderNumber() {
    var random = SeededRandom()
    for _ in 0..<200 {
      let rate = Int.random(in: 0...2_000_000, using: &random)
      let burst = Int.random(in: 1...50, using: &random)
      var bucket = TokenBucket(ratePerSecond: rate, burstInTokens: burst)
      var credit = Int128(burst) * 1_000_000_000
      var now = Int64.random(in: .min ... .max, using: &random)
      expect(bucket.tokenCount(now: now), is: burst)
      var last = now
      _ = bucket.take(now: now)
      credit -= 1_000_000_000
      for _ in 0..<200 {
        switch random.next() % 20 {
        case 0: now = .random(in: .min ... .max, using: &random)
        case 1: now &-= .random(in: 0...5_000_000_000, using: &random)
        default: now &+= .random(in: 0...1_000_000, using: &random)
        }
        if now > last { credit += (Int128(now) - Int128(last)) * Int128(rate) }
        credit = min(credit, Int128(burst) * 1_000_000_000)
        last = now
        let isThere = credit >= 1_000_000_000
        if isThere { credit -= 1_000_000_000 }
        expect(bucket.take(now: now), is: isThere)
      }
      bucket.checkInvariants()
    }
  }
}
