// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Pcap
import Synchronization

/// A time that moves when somebody waits.
final class ScriptedClock: PacketClock {
  private let nanoseconds = Atomic<Int64>(1_000)

  var now: Int64 { nanoseconds.load(ordering: .relaxed) }

  func advance(milliseconds: Int32) {
    nanoseconds.add(Int64(milliseconds) * 1_000_000, ordering: .relaxed)
  }

  func wait(until due: Int64) -> Int64 {
    nanoseconds.store(due, ordering: .relaxed)
    return due
  }
}

/// A source that gives frames by a script, and lets the clock move while it has none.
struct ScriptedSource: PacketSource, ~Copyable {
  /// What comes next.
  enum Step {
    /// These frames are there.
    case frames([Frame])
    /// Nothing comes until somebody has waited so long.
    case silence(milliseconds: Int32)
    /// There is an end.
    case end(InterfaceError?)
    /// The call fails.
    case failure(InterfaceError)
  }

  private var steps: [Step]
  private let clock: ScriptedClock
  /// What is there when arrivals are stopped; nil if the source cannot do that.
  private var inside: [Frame]?
  private let onWait: () -> Void
  private var isStopping = false
  private(set) var statistics = InterfaceStatistics()

  init(
    _ steps: [Step], _ clock: ScriptedClock, inside: [Frame]? = nil,
    onWait: @escaping () -> Void = {}
  ) {
    (self.steps, self.clock, self.inside, self.onWait) = (steps, clock, inside, onWait)
  }

  mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) throws(InterfaceError) -> SourceState {
    switch steps.first {
    case nil: return isStopping ? .ended(nil) : .idle
    case .silence: return .idle
    case .end(let error): return .ended(error)
    case .failure(let error):
      steps.removeFirst()
      throw error
    case .frames(let frames):
      for frame in frames.prefix(packetLimit) {
        guard let packet = try? packet(frame, from: pool) else {
          statistics.input.drops += 1
          continue
        }
        statistics.input.count(bytes: packet.byteCount)
        queue.enqueue(packet)
      }
      steps[0] = .frames(Array(frames.dropFirst(packetLimit)))
      if frames.count <= packetLimit { steps.removeFirst() }
      return .more
    }
  }

  mutating func wait(milliseconds: Int32) -> Bool {
    onWait()
    guard case .silence(let left) = steps.first else {
      clock.advance(milliseconds: milliseconds)
      return false
    }
    clock.advance(milliseconds: min(left, milliseconds))
    steps[0] = .silence(milliseconds: left - milliseconds)
    if left <= milliseconds { steps.removeFirst() }
    return left <= milliseconds
  }

  mutating func stopArrivals() -> Bool {
    guard let inside else { return false }
    steps = [.frames(inside)]
    isStopping = true
    return true
  }
}
