// SPDX-License-Identifier: BSD-2-Clause
//
//     credit     0 ----- one token ----- two tokens ----- ... ----- burst
//                        10^9            2 * 10^9                   burst * 10^9
//
//     0 <= credit <= fullCredit == burstInTokens * 10^9
//     credit grows by the rate per second for each nanosecond that the clock goes forwards
//     tokens taken <= burst + rate * (nanoseconds that the clock went forwards) / 10^9
//
// The unit is a billionth of a token, so that nothing is rounded. A clock that is set back gives
// nothing, and is followed, so that a limit is not shut until the old time comes again.

/// Lets so many things through in a second, and a burst of them after a rest.
///
/// BSD: `ppsratecheck`.
struct TokenBucket: BitwiseCopyable, Sendable {
  private static var creditOfToken: Int64 { 1_000_000_000 }

  let ratePerSecond: Int64
  private let fullCredit: Int64
  private var credit: Int64
  private var lastTime: Int64?

  /// A full bucket.
  ///
  /// - Parameters:
  ///   - ratePerSecond: tokens that come back in a second, at least 0.
  ///   - burstInTokens: the most that there are, 1...1,000,000,000.
  init(ratePerSecond: Int, burstInTokens: Int) {
    precondition(ratePerSecond >= 0, "a rate of \(ratePerSecond) tokens per second")
    precondition(
      (1...1_000_000_000).contains(burstInTokens), "a burst of \(burstInTokens) tokens")
    self.ratePerSecond = Int64(ratePerSecond)
    fullCredit = Int64(burstInTokens) * Self.creditOfToken
    credit = fullCredit
  }

  /// Takes a token; false if there is none.
  ///
  /// - Parameter now: in nanoseconds, any at all.
  @inline(__always)
  mutating func take(now: Int64) -> Bool {
    refill(now)
    guard credit >= Self.creditOfToken else { return false }
    // Cannot wrap: it has been compared.
    credit &-= Self.creditOfToken
    return true
  }

  /// Whole tokens that there are.
  func tokenCount(now: Int64) -> Int {
    var copy = self
    copy.refill(now)
    return Int(copy.credit / Self.creditOfToken)
  }

  @inline(__always)
  private mutating func refill(_ now: Int64) {
    let last = lastTime ?? now
    lastTime = now
    guard now > last else { return }
    // What does not fit in 64 bits fills every bucket that there may be.
    let (elapsed, isLong) = now.subtractingReportingOverflow(last)
    let (gain, isMuch) = elapsed.multipliedReportingOverflow(by: ratePerSecond)
    let missing = fullCredit - credit
    if isLong {
      credit = ratePerSecond > 0 ? fullCredit : credit
    } else {
      credit = isMuch || gain >= missing ? fullCredit : credit + gain
    }
  }

  /// Traps if it has more credit than a full one, or owes some.
  func checkInvariants() {
    precondition((0...fullCredit).contains(credit), "\(credit) of \(fullCredit) billionths")
  }
}
