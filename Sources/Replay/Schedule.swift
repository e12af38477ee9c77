// SPDX-License-Identifier: BSD-2-Clause
//
// When each packet of a replay is due, counted in nanoseconds from its start. Every due time comes
// from sums since the start and not from the packet before, so no rounding adds up:
//
//     original    turn = elapsed / speed       elapsed = sum of gaps between time stamps
//     packets     turn = n / rate              n = packets before, rounded down to a burst
//     bits        turn = 8 b / rate            b = bytes of the packets before
//     topSpeed    turn = 0
//
//     due = pauses + turn - skipped, and never less than the due time before
//
// A gap below 0 counts as 0, and a sum beyond 292 years stays there. The first packet of a loop has no
// gap, nor has one without a time. `pauses` are those between loops; `skipped` is what was beyond the
// longest gap allowed.

/// When each packet of a replay is due.
///
/// Takes packets in their order, once each; knows no clock.
public struct Schedule: Equatable, Sendable {
  /// What decides when a packet leaves.
  public enum Rate: Equatable, Sendable {
    /// The capture's own times, this many times as fast; above 0.
    case original(speed: Double)
    /// Packets per second, above 0; a fraction is allowed.
    case packets(perSecond: Double)
    /// Bits per second, above 0, of the packets' bytes as captured.
    case bits(perSecond: Double)
    /// Everything at once.
    case topSpeed
  }

  /// What decides when a packet leaves.
  let rate: Rate
  /// Packets that leave together where they are counted (`.packets`).
  let burst: Int
  /// The longest time between two packets, in nanoseconds; nil for any.
  let longestGap: Int64?
  /// Packets whose time stamp was before that of the packet in front of them.
  package private(set) var backwardCount = 0
  /// Gaps that were cut to the longest.
  package private(set) var shortenedCount = 0

  private var packetCount = 0
  private var byteCount = 0
  private var elapsed: Int64 = 0
  private var lastTimestamp: Int64?
  private var pauses: Int64 = 0
  private var skipped: Int64 = 0
  private var lastDue: Int64 = 0

  /// A schedule at its start.
  ///
  /// - Parameters:
  ///   - rate: what decides when a packet leaves.
  ///   - burst: packets that leave together, at least 1; for `.packets` only.
  ///   - longestGap: the longest time between two packets, in nanoseconds, at least 0.
  public init(_ rate: Rate, burst: Int = 1, longestGap: Int64? = nil) {
    switch rate {
    case .original(let value), .packets(let value), .bits(let value):
      precondition(value > 0 && value.isFinite, "a rate of \(value)")
    case .topSpeed: break
    }
    precondition(burst > 0, "bursts of \(burst) packets")
    precondition(longestGap ?? 0 >= 0, "a longest gap of \(longestGap ?? 0) ns")
    self.rate = rate
    self.burst = burst
    self.longestGap = longestGap
  }

  /// When the next packet is due, in nanoseconds from the start.
  ///
  /// - Parameters:
  ///   - timestamp: when it was captured, in nanoseconds; nil if nobody knows.
  ///   - byteCount: its bytes.
  package mutating func due(timestamp: Int64?, byteCount: Int) -> Int64 {
    let turn: Int64 =
      switch rate {
      case .original(let speed): Self.nanoseconds(elapsed(upTo: timestamp), at: speed)
      case .packets(let perSecond):
        Self.nanoseconds(Double(packetCount - packetCount % burst) * 1e9 / perSecond)
      case .bits(let perSecond): Self.nanoseconds(Double(self.byteCount) * 8e9 / perSecond)
      case .topSpeed: 0
      }
    packetCount += 1
    self.byteCount += byteCount
    let gap = Swift.max(0, Self.sum(pauses, turn) - skipped - lastDue)
    if let longestGap, gap > longestGap {
      skipped += gap - longestGap
      shortenedCount += 1
      lastDue += longestGap
    } else {
      lastDue += gap
    }
    return lastDue
  }

  /// Begins the capture again: the next packet comes `pause` nanoseconds after its turn.
  package mutating func beginLoop(pause: Int64 = 0) {
    precondition(pause >= 0, "a pause of \(pause) ns")
    let before = pauses
    pauses = Self.sum(pauses, pause)
    // A pause is no gap, however long.
    lastDue += Swift.min(pauses - before, .max - lastDue)
    lastTimestamp = nil
  }

  /// The capture's time that has passed, with gaps as they count.
  private mutating func elapsed(upTo timestamp: Int64?) -> Int64 {
    guard let timestamp else { return elapsed }
    defer { lastTimestamp = timestamp }
    guard let lastTimestamp else { return elapsed }
    if timestamp < lastTimestamp {
      backwardCount += 1
    } else {
      let (gap, isTooLong) = timestamp.subtractingReportingOverflow(lastTimestamp)
      elapsed = Self.sum(elapsed, isTooLong ? .max : gap)
    }
    return elapsed
  }

  /// Both at least 0; what is beyond the largest stays there.
  private static func sum(_ a: Int64, _ b: Int64) -> Int64 { b > .max - a ? .max : a + b }

  private static func nanoseconds(_ elapsed: Int64, at speed: Double) -> Int64 {
    // Exact at the capture's own pace, however long it is.
    speed == 1 ? elapsed : nanoseconds(Double(elapsed) / speed)
  }

  private static func nanoseconds(_ value: Double) -> Int64 {
    value < 0x1p63 ? Int64(value) : .max
  }
}
