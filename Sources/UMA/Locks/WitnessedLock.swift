// SPDX-License-Identifier: BSD-2-Clause

/// A value and the mutex that guards it, watched by the lock checker.
///
///     let sessions = WitnessedLock([String: Int](), class: LockClass("sessions"))
///     sessions.withLock { $0["a"] = 1 }
///
/// With the checker off it costs one relaxed load more than the mutex.
///
/// BSD: `struct mtx`, `mtx_init`.
public struct WitnessedLock<Value: ~Copyable>: ~Copyable, Sendable {
  @usableFromInline let guarded: Guarded<Value>

  /// The class that the checker knows it by.
  public let lockClass: LockClass

  /// Guards a value.
  ///
  /// - Parameters:
  ///   - initial: the value at first.
  ///   - lockClass: the class that the checker is to know the lock by.
  public init(_ initial: consuming sending Value, class lockClass: LockClass) {
    self.lockClass = lockClass
    guarded = Guarded(initial, class: lockClass)
  }

  /// Runs `body` with the value while holding the mutex.
  ///
  /// - Parameters:
  ///   - file: where reports say that the lock was taken.
  ///   - line: where reports say that the lock was taken.
  ///   - body: has the value for itself.
  /// - Throws: what `body` throws.
  ///
  /// BSD: `mtx_lock`, `mtx_unlock`.
  @inlinable
  public borrowing func withLock<Result: ~Copyable, Failure: Error>(
    file: StaticString = #fileID, line: UInt = #line,
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    let watched = guarded.lock(CallSite(file, line))
    defer { guarded.unlock(watched) }
    // The pointer lives as long as self, and the mutex makes the access exclusive.
    return try unsafe body(&guarded.value.pointee)
  }
}
