// SPDX-License-Identifier: BSD-2-Clause
import CUMA

/// A value and the mutex that guards it.
///
/// The standard library's `Mutex` would do, but its locking is compiled into the runtime where the
/// thread sanitizer cannot see it, and every guarded access would be reported as a race. This one
/// is a POSIX mutex, which the sanitizer understands on every platform.
///
/// A holder never calls out: hooks, page sources and other zones run with no lock held. With a
/// class, the lock checker watches that it is so.
@usableFromInline
@safe
package struct Guarded<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
  @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
  @usableFromInline let value: UnsafeMutablePointer<Value>
  @usableFromInline let lockClass: LockClass?

  /// Guards a value by a mutex of a class, or by one that is not watched.
  package init(_ initial: consuming Value, class lockClass: LockClass? = nil) {
    unsafe mutex = .allocate(capacity: 1)
    unsafe value = .allocate(capacity: 1)
    self.lockClass = lockClass
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
  @inlinable
  package borrowing func withLock<Result: ~Copyable, Failure: Error>(
    file: StaticString = #fileID, line: UInt = #line,
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let watched = lock(CallSite(file, line))
    defer { unlock(watched) }
    // The pointer lives as long as self, and the mutex makes the access exclusive.
    return try unsafe body(&value.pointee)
  }

  /// Takes the mutex; whether that is watched is decided here for the release as well.
  @inlinable @inline(__always)
  borrowing func lock(_ site: CallSite) -> LockClass? {
    let watched = Witness.isOn ? lockClass : nil
    if let watched { Witness.take(watched, site, byTrying: false) }
    unsafe mbuma_lock(mutex)
    return watched
  }

  @inlinable @inline(__always)
  borrowing func unlock(_ watched: LockClass?) {
    unsafe mbuma_unlock(mutex)
    if let watched { Witness.release(watched) }
  }
}
