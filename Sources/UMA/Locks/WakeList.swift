// SPDX-License-Identifier: BSD-2-Clause
//
// Whom a change under a lock gave a reason to wake up:
//
//     lock -- change, grant, note whom to wake -- unlock -- wake
//
// Waking calls out: it takes a parker's own lock, resumes a task, or runs what a user gave. So it is
// done with the lock released, and the list lives no longer than one hold of it.

/// Those to be woken once a lock is released.
@usableFromInline
package struct WakeList: ~Copyable {
  // Mostly there is nobody, or one: neither allocates.
  private var first: (any Parker)?
  private var others: [any Parker] = []

  /// Makes a list of nobody.
  @usableFromInline
  package init() {}

  /// Notes that a parker is to be given its permit.
  package mutating func add(_ parker: (any Parker)?) {
    guard let parker else { return }
    if first == nil { first = parker } else { others.append(parker) }
  }

  /// Wakes all, in the order in which they were noted; with no lock held.
  @usableFromInline
  mutating func wake() {
    guard let parker = first.take() else { return }
    parker.unpark()
    for parker in others { parker.unpark() }
    others = []
  }
}

extension Guarded where Value: ~Copyable {
  /// Runs `body` with the value while holding the mutex, and afterwards wakes whom it noted.
  @inlinable
  package borrowing func withLockThenWake<Result: ~Copyable, Failure: Error>(
    file: StaticString = #fileID, line: UInt = #line,
    _ body: (inout Value, inout WakeList) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var wakes = WakeList()
    defer { wakes.wake() }
    return try withLock(file: file, line: line) { value throws(Failure) in
      try body(&value, &wakes)
    }
  }
}
