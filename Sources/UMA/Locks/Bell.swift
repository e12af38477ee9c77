// SPDX-License-Identifier: BSD-2-Clause
import CThreadCache

/// What a waiter sleeps on.
///
/// A ring that comes before the sleep ends it at once.
package protocol Bell: Sendable {
  /// Ends the sleep, or the next one if nobody sleeps.
  func ring()
}

/// A bell for a thread.
@safe
package final class ThreadBell: Bell, @unchecked Sendable {
  private let bell: UnsafeMutablePointer<mbuma_bell>

  /// Hangs up a bell that nobody has rung.
  package init() {
    unsafe bell = .allocate(capacity: 1)
    unsafe mbuma_bell_create(bell)
  }

  deinit {
    unsafe mbuma_bell_destroy(bell)
    unsafe bell.deallocate()
  }

  /// Ends the sleep, or the next one if nobody sleeps.
  package func ring() { unsafe mbuma_bell_ring(bell) }

  /// Blocks the thread until the bell is rung or the moment has come.
  package func wait(until moment: ContinuousClock.Instant?) {
    guard let moment else { return unsafe mbuma_bell_wait(bell, -1) }
    let (seconds, attoseconds) = (moment - .now).components
    // A year is as good as for ever, and keeps the sum in range.
    let nanoseconds = Swift.min(seconds, 31_536_000) * 1_000_000_000 + attoseconds / 1_000_000_000
    unsafe mbuma_bell_wait(bell, Swift.max(0, nanoseconds))
  }
}

/// A bell for a task.
package final class TaskBell: Bell {
  private struct State: ~Copyable {
    var isRung = false
    var sleeper: CheckedContinuation<Void, Never>?
  }

  private let state = Guarded(State())

  /// Hangs up a bell that nobody has rung.
  package init() {}

  /// Ends the sleep, or the next one if nobody sleeps.
  package func ring() {
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
  package func wait(until moment: ContinuousClock.Instant?) async {
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
