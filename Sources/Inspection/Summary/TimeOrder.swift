// SPDX-License-Identifier: BSD-2-Clause
//
// The times of a capture's frames, looked at one after the other:
//
//     previous <= this     in order; this - previous is a gap
//     previous >  this     the frame goes back; `backward` has it
//
//     earliest <= each time <= latest
//
// A frame without a time is counted, and has no place in the order.

/// When frames were seen, whether in order, and where the longest silence was.
public struct TimeOrder: Sendable, BitwiseCopyable {
  /// The time of the earliest frame in nanoseconds since 1970; nil if there is none.
  public private(set) var earliest: Int64?
  /// The time of the latest frame in nanoseconds since 1970; nil if there is none.
  public private(set) var latest: Int64?
  /// Frames whose time is before that of the frame before them.
  public private(set) var backward = FirstFrames()
  /// The most nanoseconds from one frame to the next; 0 if there are no two.
  public private(set) var largestGap: Int64 = 0
  /// The frame behind that gap; nil if no frame came later than the one before it.
  public private(set) var frameBehindLargestGap: Int?
  /// Frames that have no time.
  public private(set) var timelessCount = 0
  private var previous: Int64 = 0

  init() {}

  /// Whether no frame goes back in time.
  public var isStrict: Bool { backward.count == 0 }

  /// Nanoseconds from the earliest frame to the latest, at most 2^63 - 1; nil if there are no frames.
  public var span: Int64? {
    guard let earliest, let latest else { return nil }
    let (span, isTooMuch) = latest.subtractingReportingOverflow(earliest)
    return isTooMuch ? .max : span
  }

  @inline(__always)
  mutating func note(_ time: Int64, of number: Int) {
    guard let first = earliest, let last = latest else { return begin(time) }
    if time < previous {
      backward.note(number)
    } else {
      let (gap, isTooMuch) = time.subtractingReportingOverflow(previous)
      if isTooMuch || gap > largestGap { noteGap(isTooMuch ? .max : gap, before: number) }
    }
    if time < first { earliest = time }
    if time > last { latest = time }
    previous = time
  }

  /// Counts a frame that has no time.
  @inline(never)
  mutating func noteTimeless() { timelessCount += 1 }

  private mutating func begin(_ time: Int64) {
    earliest = time
    latest = time
    previous = time
  }

  @inline(never)
  private mutating func noteGap(_ gap: Int64, before number: Int) {
    largestGap = gap
    frameBehindLargestGap = number
  }
}
