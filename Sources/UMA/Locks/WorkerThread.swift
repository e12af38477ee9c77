// SPDX-License-Identifier: BSD-2-Clause
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread that runs a closure and is joined once.
@safe
package struct WorkerThread: @unchecked Sendable {
  private let thread: pthread_t

  /// Starts a thread; nil if the system has none left.
  package init?(_ body: @escaping @Sendable () -> Void) {
    let start = unsafe Unmanaged.passRetained(Start(body))
    #if canImport(Darwin)
      var started: pthread_t?
    #else
      var started = pthread_t()
    #endif
    // The thread takes over what was retained; if there is none, nobody does.
    guard unsafe pthread_create(&started, nil, { unsafe runWorker($0) }, start.toOpaque()) == 0
    else {
      unsafe start.release()
      return nil
    }
    #if canImport(Darwin)
      guard let started else { return nil }
    #endif
    thread = started
  }

  /// Blocks until the closure has returned; to be called once.
  package func join() { pthread_join(thread, nil) }

  fileprivate final class Start {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}

#if canImport(Darwin)
  private func runWorker(_ start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    unsafe Unmanaged<WorkerThread.Start>.fromOpaque(start).takeRetainedValue().body()
    return nil
  }
#else
  private func runWorker(_ start: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let start = unsafe start else { return nil }
    unsafe Unmanaged<WorkerThread.Start>.fromOpaque(start).takeRetainedValue().body()
    return nil
  }
#endif
