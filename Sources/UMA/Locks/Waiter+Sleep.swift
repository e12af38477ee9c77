// SPDX-License-Identifier: BSD-2-Clause
//
// The waiter's side of a queue. Each time it is awake it takes a turn, under the lock:
//
//     turn 1, without a waiter    is it there at once, or too late? else
//     turn 2, with one            the same, at one moment with entering the queue; else it sleeps
//     later turns                 was it granted? is it to give up? else it sleeps again
//
// A permit that comes between a turn and the sleep ends the sleep at once, so no wake-up is lost, and a
// turn that has nothing to show for it is allowed. Who does not wait needs neither waiter nor parker.

/// Why a waiter is to withdraw.
package enum GivingUp: Sendable {
  /// Its time is up.
  case deadlinePassed
  /// Its task was cancelled.
  case cancelled

  fileprivate init?(_ deadline: ContinuousClock.Instant?, isCancelled: Bool = false) {
    guard isCancelled || deadline.map({ $0 <= .now }) == true else { return nil }
    self = isCancelled ? .cancelled : .deadlinePassed
  }
}

/// How a turn of a waiter ended.
package enum WaiterTurn<Outcome: ~Copyable>: ~Copyable {
  /// With what it waited for.
  case ended(Outcome)
  /// It is queued and sleeps until it is woken, or its deadline, or a moment at which to look again; a
  /// turn without a waiter asks for one.
  case sleep(until: ContinuousClock.Instant? = nil)
}

extension Waiter where Grant: ~Copyable {
  /// Takes turns until one ends the wait, blocking the thread between them.
  ///
  /// - Parameters:
  ///   - want: what it waits for.
  ///   - deadline: when to give up; nil for never.
  ///   - turn: takes the waiter, nil the first time, and why it is to give up, if it is.
  /// - Throws: what `turn` throws, which ends the wait.
  package static func blockThread<Outcome: ~Copyable, Failure: Error>(
    for want: Want, until deadline: ContinuousClock.Instant?,
    _ turn: (Waiter?, GivingUp?) throws(Failure) -> WaiterTurn<Outcome>
  ) throws(Failure) -> Outcome {
    if case .ended(let outcome) = try turn(nil, GivingUp(deadline)) { return outcome }
    let parker = ThreadParker()
    let waiter = Waiter(want, parker: parker)
    while true {
      switch try turn(waiter, GivingUp(deadline)) {
      case .ended(let outcome): return outcome
      case .sleep(let moment): parker.wait(until: [deadline, moment].compactMap(\.self).min())
      }
    }
  }

  /// Takes turns as `blockThread` does, suspending the task between them; its cancellation is a reason
  /// to give up.
  package static func suspendTask<Outcome: ~Copyable, Failure: Error>(
    for want: Want, until deadline: ContinuousClock.Instant?,
    _ turn: (Waiter?, GivingUp?) throws(Failure) -> WaiterTurn<Outcome>
  ) async throws(Failure) -> Outcome {
    let givingUp = GivingUp(deadline, isCancelled: Task.isCancelled)
    if case .ended(let outcome) = try turn(nil, givingUp) { return outcome }
    let parker = TaskParker()
    let waiter = Waiter(want, parker: parker)
    // The handler's closure can neither return what is not copyable nor throw a typed error.
    var result: Result<Outcome, Failure>?
    await withTaskCancellationHandler {
      do throws(Failure) {
        while true {
          switch try turn(waiter, GivingUp(deadline, isCancelled: Task.isCancelled)) {
          case .ended(let outcome):
            result = .success(outcome)
            return
          case .sleep(let moment):
            await parker.wait(until: [deadline, moment].compactMap(\.self).min())
          }
        }
      } catch {
        result = .failure(error)
      }
    } onCancel: {
      parker.unpark()
    }
    guard let result = result.take() else { preconditionFailure("a wait ended without a turn") }
    return try result.get()
  }
}
