// SPDX-License-Identifier: BSD-2-Clause
import CThreadCache

/// A value and the mutex that guards it.
///
/// The standard library's `Mutex` would do, but its locking is compiled into the runtime where the
/// thread sanitizer cannot see it, and every guarded access would be reported as a race. This one
/// is a POSIX mutex, which the sanitizer understands on every platform.
///
/// A holder never calls out: hooks, page sources and other zones run with no lock held.
@safe
package struct Guarded<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let value: UnsafeMutablePointer<Value>

  package init(_ initial: consuming Value) {
    unsafe mutex = .allocate(capacity: 1)
    unsafe value = .allocate(capacity: 1)
    unsafe mbuma_lock_create(mutex)
    unsafe value.initialize(to: initial)
  }

  deinit {
    unsafe mbuma_lock_destroy(mutex)
    unsafe value.deinitialize(count: 1)
    unsafe value.deallocate()
    unsafe mutex.deallocate()
  }

  /// Runs `body` with the value while holding the mutex.
  package borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // The pointers live as long as self, and the mutex makes the access exclusive.
    unsafe mbuma_lock(mutex)
    defer { unsafe mbuma_unlock(mutex) }
    return try unsafe body(&value.pointee)
  }
}
