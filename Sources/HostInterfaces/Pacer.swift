// SPDX-License-Identifier: BSD-2-Clause
//
// Waiting for a moment, to the microsecond, without keeping a core busy all the while:
//
//     now ------ sleep ------> woken ------ spin ------> due
//                         |--- margin ---|
//
//     shortest <= margin <= longest       what is spun is bounded, whatever the system's timers do
//
// A system wakes a sleeper late, by how much depends on the machine and the hour. So the margin
// follows what was seen: an overshoot beyond it raises it at once, and it falls slowly:
//
//     overshoot > margin      margin' = overshoot + a quarter
//     else                    margin' = margin - (margin - overshoot) / 64

import CLinux
public import Interfaces

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Waits for moments of the monotonic clock, on one thread.
///
/// Linux: clock_nanosleep(2) with `TIMER_ABSTIME`.
public struct Pacer: PacketClock {
  /// The bounds of the margin, in nanoseconds.
  static var margins: ClosedRange<Int64> { 5_000...60_000 }
  /// The longest sleep, after which a caller may look whether it is to stop.
  static var longestSleep: Int64 { 100_000_000 }

  /// How long before its moment a sleep is to end, in nanoseconds.
  private(set) var margin: Int64 = 50_000

  /// Asks the system to wake this thread as exactly as it can.
  public init() { mbuma_wake_exactly() }

  /// The monotonic clock, in nanoseconds.
  public var now: Int64 { Self.now }

  static var now: Int64 {
    var time = timespec()
    // It cannot fail: the clock is always there.
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Waits for a moment, or a tenth of a second if that is sooner, or for a signal.
  ///
  /// - Parameter due: in nanoseconds of the monotonic clock.
  /// - Returns: the clock when it returns; below `due` if the wait is not over.
  public mutating func wait(until due: Int64) -> Int64 {
    var now = Self.now
    if due - now > margin {
      let wake = Swift.min(due - margin, now + Self.longestSleep)
      let isWhole = Self.sleep(until: wake)
      now = Self.now
      if !isWhole { return now }
      note(overshoot: now - wake)
      if due - now > Self.margins.upperBound { return now }
    }
    while now < due { now = Self.now }
    return now
  }

  /// Learns from a sleep that ended so many nanoseconds late.
  mutating func note(overshoot: Int64) {
    let raised = overshoot > margin ? overshoot + overshoot / 4 : margin - (margin - overshoot) / 64
    margin = Swift.min(Swift.max(raised, Self.margins.lowerBound), Self.margins.upperBound)
  }

  /// Sleeps; false if a signal came first.
  private static func sleep(until wake: Int64) -> Bool {
    var time = timespec(
      tv_sec: .init(wake / 1_000_000_000), tv_nsec: .init(wake % 1_000_000_000))
    #if canImport(Darwin)
      let left = wake - now
      time = timespec(tv_sec: .init(left / 1_000_000_000), tv_nsec: .init(left % 1_000_000_000))
      return unsafe nanosleep(&time, nil) == 0
    #else
      return unsafe clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == 0
    #endif
  }
}
