// SPDX-License-Identifier: BSD-2-Clause
//
// ENOBUFS says that a frame found no room, and also that the driver threw it away. Only time tells the
// one from the other: a full queue drains, and a frame that the far end of a virtual link does not
// take, for having a smaller MTU, is refused for ever.
//
//     going    --refused-->                        waiting(since now)
//     waiting  --something was accepted, or nobody tried for half a second-->   going
//     waiting  --refused, patience is over-->      the caller gives up

import Interfaces

extension InterfaceError {
  /// What a link says whose other end is down: it drops all frames.
  @inline(never)
  static func noCarrier(_ name: String) -> InterfaceError {
    InterfaceError(
      .down, "cannot send on \(name)", why: "it has no carrier",
      advice: "bring the other end of the link up")
  }
}

/// Since when nothing has been accepted.
struct Stall {
  /// A full queue of a live link drains within this: a second, in nanoseconds.
  static var patience: Int64 { 1_000_000_000 }

  private var acceptedCount = -1
  private var start: Int64 = 0
  private var last: Int64 = 0

  /// Notes that a frame was refused, and says whether all were for too long.
  ///
  /// - Parameter accepted: frames accepted so far.
  mutating func isOver(accepted: Int, at now: Int64) -> Bool {
    if accepted != acceptedCount || now - last > Self.patience / 2 {
      (acceptedCount, start) = (accepted, now)
    }
    last = now
    return now - start >= Self.patience
  }
}
