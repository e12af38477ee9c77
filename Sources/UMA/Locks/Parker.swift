// SPDX-License-Identifier: BSD-2-Clause
import CUMA

/// Where a waiter sleeps until it is given a permit.
///
/// A permit that comes before the sleep ends it at once.
package protocol Parker: AnyObject, Sendable {
  /// Gives the permit: ends the sleep, or the next one if nobody sleeps.
  func unpark()
}

/// Parks a thread.
@safe
package final class ThreadParker: Parker, @unchecked Sendable {
  private let parker: UnsafeMutablePointer<mbuma_parker>

  /// Makes a parker without a permit.
  package init() {
    unsafe parker = .allocate(capacity: 1)
    unsafe mbuma_parker_create(parker)
  }

  deinit {
    unsafe mbuma_parker_destroy(parker)
    unsafe parker.deallocate()
  }

  /// Gives the permit: ends the sleep, or the next one if nobody sleeps.
  package func unpark() { unsafe mbuma_parker_unpark(parker) }

  /// Blocks the thread until it is unparked or the moment has come.
  package func wait(until moment: ContinuousClock.Instant?) {
    guard let moment else { return unsafe mbuma_parker_park(parker, -1) }
    let (seconds, attoseconds) = (moment - .now).components
    // A year is long enough to be forever, and keeps the sum in range.
    let nanoseconds = Swift.min(seconds, 31_536_000) * 1_000_000_000 + attoseconds / 1_000_000_000
    unsafe mbuma_parker_park(parker, Swift.max(0, nanoseconds))
  }
}

/// Parks a task.
package final class TaskParker: Parker {
  private struct State: ~Copyable {
    var hasPermit = false
    var sleeper: CheckedContinuation<Void, Never>?
  }

  private let state = Guarded(State())

  /// Makes a parker without a permit.
  package init() {}

  /// Gives the permit: ends the sleep, or the next one if nobody sleeps.
  package func unpark() {
    let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard let sleeper = state.sleeper else {
        state.hasPermit = true
        return nil
      }
      state.sleeper = nil
      return sleeper
    }
    sleeper?.resume()
  }

  /// Suspends the task until it is unparked or the moment has come.
  package func wait(until moment: ContinuousClock.Instant?) async {
    let timer = moment.map { moment in
      Task {
        if (try? await Task.sleep(until: moment, clock: .continuous)) != nil { self.unpark() }
      }
    }
    await withCheckedContinuation { continuation in
      let hasPermit = state.withLock { state in
        defer { state.hasPermit = false }
        if !state.hasPermit { state.sleeper = continuation }
        return state.hasPermit
      }
      if hasPermit { continuation.resume() }
    }
    timer?.cancel()
  }
}
