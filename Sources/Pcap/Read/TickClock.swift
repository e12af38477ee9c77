// SPDX-License-Identifier: BSD-2-Clause
//
// How an interface of a pcapng counts time: in ticks of 10^-n or 2^-n seconds, from a whole second.
//
//     nanoseconds == floor(ticks * 10^9 * tick) + offset * 10^9
//
// Ticks are 64 bits without a sign, the offset is 64 bits with one. What nanoseconds in 64 bits cannot
// hold stops at the first or the last that they can. The short way is for ticks that are whole
// nanoseconds, up to the last whose product fits; 128 bits do for the rest:
//
//     ticks * 10^9 < 2^64 * 2^30,  offset * 10^9 within 2^93
//
// draft-ietf-opsawg-pcapng, section 4.2, if_tsresol and if_tsoffset.

/// Turns the ticks of an interface into nanoseconds since 1970.
struct TickClock: Equatable, Sendable {
  /// The option's byte: n, and 128 more for a power of 2.
  let code: UInt8
  /// Seconds added to every time.
  let offsetInSeconds: Int64
  private let nanosecondsPerTick: UInt64
  private let lastShortTick: UInt64
  private let offset: Int64

  /// A clock of microseconds unless told otherwise.
  init(code: UInt8 = 6, offsetInSeconds: Int64 = 0) {
    self.code = code
    self.offsetInSeconds = offsetInSeconds
    let (offset, isTooMuch) = offsetInSeconds.multipliedReportingOverflow(by: 1_000_000_000)
    let isWhole = code <= 9 && !isTooMuch
    var multiplier: UInt64 = 1
    if isWhole { for _ in code..<9 { multiplier *= 10 } }
    nanosecondsPerTick = isWhole ? multiplier : 0
    lastShortTick = isWhole ? UInt64(Int64.max) / multiplier : 0
    self.offset = isWhole ? offset : 0
  }

  /// Whether every time is a whole number of microseconds.
  var isOfMicroseconds: Bool { code <= 6 || 128...128 + 6 ~= code }

  /// The resolution that the clock's ticks have at least.
  var resolution: TimeResolution {
    // 2^-20 is the first power of 2 below a millionth.
    code > (code & 0x80 == 0 ? 6 : 0x80 + 19) ? .nano : .micro
  }

  /// The time of a tick.
  ///
  /// - Parameter isExact: becomes false if nanoseconds in 64 bits do not hold the time.
  @inline(__always)
  func nanoseconds(_ ticks: UInt64, _ isExact: inout Bool) -> Int64 {
    if ticks <= lastShortTick {
      // Neither wraps: the product is at most Int64.max.
      let (time, isOver) = Int64(truncatingIfNeeded: ticks &* nanosecondsPerTick)
        .addingReportingOverflow(offset)
      if !isOver, nanosecondsPerTick != 0 { return time }
    }
    let (time, isWhole) = wideNanoseconds(ticks)
    if !isWhole { isExact = false }
    return time
  }

  /// The tick of a time; nil if there is none that is exactly then.
  func ticks(_ nanoseconds: Int64) -> UInt64? {
    let time = Int128(nanoseconds) - Int128(offsetInSeconds) * 1_000_000_000
    return ticks(spanning: time).flatMap { UInt64(exactly: $0) }
  }

  /// The ticks of a span of time in nanoseconds, of either sign; nil if those are no whole number.
  func ticks(spanning span: Int128) -> Int128? {
    let exponent = Int(code & 0x7f)
    // 2^64 ticks of 10^-38 s or 2^-98 s are no nanosecond.
    guard exponent <= (code & 0x80 != 0 ? 98 : 38) else { return span == 0 ? 0 : nil }
    var (count, isOver) = (span, false)
    for _ in 0..<exponent where !isOver && count != 0 {
      (count, isOver) = count.multipliedReportingOverflow(by: code & 0x80 != 0 ? 2 : 10)
    }
    let (ticks, rest) = count.quotientAndRemainder(dividingBy: 1_000_000_000)
    return isOver || rest != 0 ? nil : ticks
  }

  @inline(never)
  private func wideNanoseconds(_ ticks: UInt64) -> (time: Int64, isExact: Bool) {
    let count = Int128(ticks) * 1_000_000_000
    let exponent = Int(code & 0x7f)
    var whole: Int128
    var isExact: Bool
    if code & 0x80 != 0 {
      whole = count >> exponent
      isExact = exponent < 128 && whole << exponent == count
    } else if exponent < 38 {
      var divisor: Int128 = 1
      for _ in 0..<exponent { divisor *= 10 }
      let (quotient, rest) = count.quotientAndRemainder(dividingBy: divisor)
      (whole, isExact) = (quotient, rest == 0)
    } else {
      // 10^38 ticks of 10^-38 s or less are more than 64 bits have.
      (whole, isExact) = (0, ticks == 0)
    }
    whole += Int128(offsetInSeconds) * 1_000_000_000
    if whole > Int128(Int64.max) { return (.max, false) }
    if whole < Int128(Int64.min) { return (.min, false) }
    return (Int64(whole), isExact)
  }
}
