// SPDX-License-Identifier: BSD-2-Clause
//
// The times of packets that are gone through several times, so that they keep rising:
//
//     time in loop n (from 0) == time + n * step,      step == last - first + gap
//     gap == the mean gap between packets, in whole microseconds and at least one
//
// first and last are the earliest and the latest time of the first loop. A whole number of microseconds
// fits where nanoseconds do and where they do not, if the times did.

/// How far the times of each loop lie behind those of the one before.
package struct LoopTimes: Equatable, Sendable {
  private var first = Int64.max
  private var last = Int64.min
  private var packetCount: Int64 = 0
  /// What is added to the times of this loop.
  package private(set) var shift: Int64 = 0
  private var loopCount = 0

  /// The first loop, with nothing added.
  package init() {}

  /// Notes a time of the first loop.
  package mutating func note(_ time: Int64) {
    guard loopCount == 0 else { return }
    first = Swift.min(first, time)
    last = Swift.max(last, time)
    packetCount += 1
  }

  /// What is between two loops; 0 as long as there was no packet.
  package var step: Int64 {
    guard packetCount > 0 else { return 0 }
    let (span, isOver) = last.subtractingReportingOverflow(first)
    if isOver { return 0 }
    let gap = packetCount > 1 ? span / (packetCount - 1) : 0
    // Cannot wrap: both are thousandths of 64 bits.
    let micros = span / 1_000 + (span % 1_000 == 0 ? 0 : 1) + Swift.max(1, gap / 1_000)
    let (step, isLong) = micros.multipliedReportingOverflow(by: 1_000)
    return isLong ? 0 : step
  }

  /// Ends a loop.
  package mutating func endLoop() {
    loopCount += 1
    shift = Self.sum(shift, step)
  }

  /// A time and what is added to it; the last that 64 bits hold where that is later.
  package static func sum(_ time: Int64, _ shift: Int64) -> Int64 {
    let (later, isOver) = time.addingReportingOverflow(shift)
    return isOver ? .max : later
  }
}
