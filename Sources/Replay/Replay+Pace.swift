// SPDX-License-Identifier: BSD-2-Clause
//
// When packets leave. Without times, at once and as fast as the sink takes them; else each when it is
// due:
//
//     due == paceStart + pauses + schedule's      paceStart: the first packet's moment
//
// While somebody has the replay pause, nothing leaves, and the schedule stands still: what was due
// then is due as much later.

import Interfaces
internal import Mbufs
import UMA

extension Replay {
  /// Sends packets until the sink has taken all, or somebody stops that.
  mutating func transmit<Sink: PacketSink & ~Copyable>(
    _ packets: inout PacketQueue, to sink: inout Sink, keptBy owner: LoadedInput?
  ) throws(InterfaceError) {
    if control.isPaused { standStill() }
    while !packets.isEmpty {
      if let owner {
        try sink.transmit(&packets, keeping: &owner.sent)
      } else {
        try sink.transmit(&packets)
      }
      if packets.isEmpty || control.isStopped || isPastDeadline { return }
      try sink.push()
      ThreadParker().wait(until: .now + .milliseconds(1))
    }
  }

  /// Sends each packet when it is due; those left were not due when somebody stopped that.
  mutating func transmitInTime<Sink: PacketSink & ~Copyable>(
    _ packets: inout PacketQueue, to sink: inout Sink, keptBy owner: LoadedInput?
  ) throws(InterfaceError) {
    guard var pacing else { return }
    defer { self.pacing = pacing }
    var now = pacing.clock.now
    if paceStart == nil { paceStart = now }
    let tellsTime = pacing.clock.tellsTime
    var ready = PacketQueue()
    while let packet = packets.dequeue() {
      let turn = pacing.schedule.due(
        timestamp: packet.header.isTimeless ? nil : packet.timestampInNanoseconds,
        byteCount: packet.byteCount)
      if let limit = plan.timeLimit, turn >= limit { isTimeOver = true }
      if moment(of: turn) > now || control.isPaused {
        do throws(InterfaceError) {
          try transmit(&ready, to: &sink, keptBy: owner)
        } catch {
          packets.putBack(packet)
          packets.putBack(&ready)
          throw error
        }
        now = wait(for: turn, &pacing.clock)
      }
      if isStopping {
        packets.putBack(packet)
        break
      }
      if tellsTime || plan.isDryRun { report.scheduledNanoseconds = turn }
      if tellsTime { report.lateness.record(now - moment(of: turn), at: now) }
      ready.enqueue(packet)
    }
    do throws(InterfaceError) {
      try transmit(&ready, to: &sink, keptBy: owner)
    } catch {
      packets.putBack(&ready)
      throw error
    }
    packets.putBack(&ready)
  }

  /// The clock's time of a turn of the schedule.
  private func moment(of turn: Int64) -> Int64 {
    let start = paceStart ?? 0
    return turn > .max - start ? .max : start + turn
  }

  /// Waits for a turn of the schedule, and as long as the replay is paused; returns the time.
  private mutating func wait(for turn: Int64, _ clock: inout any PacketClock) -> Int64 {
    var now = clock.now
    while !isStopping {
      if control.isPaused {
        standStill()
        paceStart? += clock.now - now
        now = clock.now
      } else if moment(of: turn) > now {
        now = clock.wait(until: moment(of: turn))
      } else {
        break
      }
    }
    return now
  }

  /// Waits as long as the replay is paused; the time that the plan gives stands still meanwhile.
  private mutating func standStill() {
    let start = ContinuousClock.now
    while control.isPaused, !control.isStopped {
      ThreadParker().wait(until: .now + .milliseconds(20))
    }
    deadline? += ContinuousClock.now - start
  }

  var isPastDeadline: Bool {
    guard let deadline else { return false }
    return ContinuousClock.now >= deadline
  }
}
