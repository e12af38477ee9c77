// SPDX-License-Identifier: BSD-2-Clause
//
// Who waits for an item of a zone, in the order they came.
//
//     new --enqueue--> queued --grant--> granted --> leaves with the item
//                        |
//                        '--withdraw (deadline, cancellation, its own success)--> leaves
//
// All of it under the zone lock; only the bell is rung and heard outside. A grant moves an item to
// the waiter and the waiter out of the queue in one step, so an item is never owed to two, and a
// deadline that passes at the same moment finds either the grant or the queue entry.
//
//     waiter in queue  =>  no item in any cache of the zone, and no bucket loaded in one:
//                          every free goes to the slow path and meets the queue
//
// Callers with a claim on the reserve stand before those without.

import CThreadCache

@safe
final class Waiter: @unchecked Sendable {
  let usesReserve: Bool
  let bell: any Bell
  /// The item handed over; under the zone lock.
  var grant: UnsafeMutableRawPointer?
  /// Under the zone lock.
  fileprivate(set) var isQueued = false
  /// When it was queued, in numbers of the queue; under the zone lock.
  fileprivate var ticket = 0

  init(usesReserve: Bool, bell: any Bell) {
    self.usesReserve = usesReserve
    self.bell = bell
  }

  /// The item handed over, which is the caller's from now on; under the zone lock.
  func takeGrant() -> UnsafeMutableRawPointer? {
    defer { unsafe grant = nil }
    return unsafe grant
  }
}

/// The waiters of a zone.
struct WaiterQueue: ~Copyable {
  private var waiters: [Waiter] = []
  private var lastTicket = 0
  /// The ticket granted last, with a claim on the reserve and without.
  private var lastGrants = [0, 0]

  var first: Waiter? { waiters.first }
  var isEmpty: Bool { waiters.isEmpty }
  var count: Int { waiters.count }

  mutating func enqueue(_ waiter: Waiter) {
    precondition(!waiter.isQueued, "a waiter is queued already")
    let place =
      waiter.usesReserve ? waiters.firstIndex { !$0.usesReserve } ?? waiters.count : waiters.count
    waiters.insert(waiter, at: place)
    lastTicket += 1
    waiter.ticket = lastTicket
    waiter.isQueued = true
  }

  /// Hands an item to the first waiter, which leaves the queue; ring its bell afterwards.
  mutating func grant(_ item: UnsafeMutableRawPointer) -> Waiter? {
    guard let waiter = waiters.first else { return nil }
    let line = waiter.usesReserve ? 0 : 1
    assert(waiter.ticket > lastGrants[line], "a waiter was served before one that came earlier")
    lastGrants[line] = waiter.ticket
    withdraw(waiter)
    unsafe waiter.grant = item
    return waiter
  }

  mutating func withdraw(_ waiter: Waiter) {
    guard waiter.isQueued else { return }
    waiters.removeAll { $0 === waiter }
    waiter.isQueued = false
  }
}

/// What a waiter sleeps on.
///
/// A ring that comes before the sleep ends it at once.
protocol Bell: Sendable {
  func ring()
}

/// A bell for a thread.
@safe
final class ThreadBell: Bell, @unchecked Sendable {
  private let bell: UnsafeMutablePointer<mbuma_bell>

  init() {
    unsafe bell = .allocate(capacity: 1)
    unsafe mbuma_bell_create(bell)
  }

  deinit {
    unsafe mbuma_bell_destroy(bell)
    unsafe bell.deallocate()
  }

  func ring() { unsafe mbuma_bell_ring(bell) }

  /// Blocks the thread until the bell is rung or the moment has come.
  func wait(until moment: ContinuousClock.Instant?) {
    guard let moment else { return unsafe mbuma_bell_wait(bell, -1) }
    let (seconds, attoseconds) = (moment - .now).components
    // A year is as good as for ever, and keeps the sum in range.
    let nanoseconds = Swift.min(seconds, 31_536_000) * 1_000_000_000 + attoseconds / 1_000_000_000
    unsafe mbuma_bell_wait(bell, Swift.max(0, nanoseconds))
  }
}

/// A bell for a task.
final class TaskBell: Bell {
  private struct State: ~Copyable {
    var isRung = false
    var sleeper: CheckedContinuation<Void, Never>?
  }

  private let state = Guarded(State())

  func ring() {
    let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard let sleeper = state.sleeper else {
        state.isRung = true
        return nil
      }
      state.sleeper = nil
      return sleeper
    }
    sleeper?.resume()
  }

  /// Suspends the task until the bell is rung or the moment has come.
  func wait(until moment: ContinuousClock.Instant?) async {
    let timer = moment.map { moment in
      Task {
        if (try? await Task.sleep(until: moment, clock: .continuous)) != nil { self.ring() }
      }
    }
    await withCheckedContinuation { continuation in
      let isRung = state.withLock { state in
        defer { state.isRung = false }
        if !state.isRung { state.sleeper = continuation }
        return state.isRung
      }
      if isRung { continuation.resume() }
    }
    timer?.cancel()
  }
}
