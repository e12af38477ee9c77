// SPDX-License-Identifier: BSD-2-Clause
//
// The times of packets that are gone through several times, so that they keep rising:
//
//     time in loop n (from 0) == time + n * step,      step == last - first + gap
//     step == k * unit,  gap == the mean gap between packets in whole units, and at least one
//
// first and last are the earliest and the latest time of the first loop. The unit is one that every clock
// counts which the times go to: a microsecond where those of a pcap do, a second where an interface of a
// pcapng may count milliseconds, or powers of two, which no number of microseconds below a second fits.

/// How far the times of each loop lie behind those of the one before.
package struct LoopTimes: Equatable, Sendable {
  private var first = Int64.max
  private var last = Int64.min
  private var packetCount: Int64 = 0
  /// What is added to the times of this loop.
  package private(set) var shift: Int64 = 0
  private var loopCount = 0
  private let unit: Int64

  /// The first loop, with nothing added.
  ///
  /// - Parameter unitInNanoseconds: what steps are whole numbers of, at least 1.
  package init(unitInNanoseconds: Int64) {
    precondition(unitInNanoseconds > 0, "loops shifted by units of \(unitInNanoseconds) ns")
    unit = unitInNanoseconds
  }

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
    let (units, isMany) = (span / unit + (span % unit == 0 ? 0 : 1))
      .addingReportingOverflow(Swift.max(1, gap / unit))
    let (step, isLong) = units.multipliedReportingOverflow(by: unit)
    return isMany || isLong ? 0 : step
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
