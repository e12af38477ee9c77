// SPDX-License-Identifier: BSD-2-Clause
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs `body` on new threads at once and returns when all have ended, their caches retired.
public func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  join(startThreads(count, body))
}

/// Starts threads to be joined later.
public func startThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> [pthread_t] {
  (0..<count).map { index in
    let start = unsafe Unmanaged.passRetained(Start { body(index) }).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let result = unsafe pthread_create(&thread, nil, { unsafe runStart($0) }, start)
    precondition(result == 0, "pthread_create: \(result)")
    #if canImport(Darwin)
      guard let thread else { preconditionFailure("pthread_create gave no thread") }
    #endif
    return thread
  }
}

/// Waits for threads to end.
public func join(_ threads: [pthread_t]) {
  for thread in threads { pthread_join(thread, nil) }
}

private final class Start {
  let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
}

#if canImport(Darwin)
  private func runStart(_ start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    unsafe Unmanaged<Start>.fromOpaque(start).takeRetainedValue().body()
    return nil
  }
#else
  private func runStart(_ start: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let start = unsafe start else { return nil }
    unsafe Unmanaged<Start>.fromOpaque(start).takeRetainedValue().body()
    return nil
  }
#endif

/// Lets other threads run.
public func letOthersRun() { sched_yield() }

/// A number that threads step on and wait for.
public final class Stage: Sendable {
  private let reached = Atomic<Int>(0)

  /// The number at zero.
  public init() {}

  /// The number now.
  public var value: Int { reached.load(ordering: .acquiring) }

  /// Steps on.
  public func advance() { reached.add(1, ordering: .acquiringAndReleasing) }

  /// Lets other threads run until the number is there.
  public func wait(for stage: Int) { while value < stage { sched_yield() } }
}
