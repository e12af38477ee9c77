// SPDX-License-Identifier: BSD-2-Clause

/// Tells the time and waits for it; given to whoever sends packets at their times.
///
/// Time comes from outside, so that tests need not wait for it.
public protocol PacketClock: Sendable {
  /// The time, in nanoseconds; it never goes back.
  var now: Int64 { get }

  /// Waits for a moment, or a shorter while, so that its caller may look whether it is to stop.
  ///
  /// - Returns: the time when it returns; below `due` if the wait is not over.
  mutating func wait(until due: Int64) -> Int64

  /// Whether its moments are those of a clock, so that lateness means something; true by default.
  var tellsTime: Bool { get }
}

extension PacketClock {
  /// It is a clock.
  public var tellsTime: Bool { true }
}
