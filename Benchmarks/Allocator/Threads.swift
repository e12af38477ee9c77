// SPDX-License-Identifier: BSD-2-Clause
import CBench
import Synchronization
import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs `body` on new threads, thread i on core `i % 2`, and returns what it returned on each when
/// all have ended.
func onThreads(_ count: Int, _ body: @escaping @Sendable (_ index: Int) -> Double) -> [Double] {
  let runs = (0..<count).map { index in
    Run {
      bench_pin(Int32(index % 2))
      return body(index)
    }
  }
  let threads = runs.map { run in
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let context = unsafe Unmanaged.passRetained(run).toOpaque()
    let result = unsafe pthread_create(&thread, nil, { unsafe start($0) }, context)
    precondition(result == 0, "pthread_create: \(result)")
    return thread
  }
  for thread in threads {
    #if canImport(Darwin)
      guard let thread else { preconditionFailure("pthread_create gave no thread") }
    #endif
    pthread_join(thread, nil)
  }
  return runs.map { run in run.result.withLock { $0 } }
}

private final class Run: Sendable {
  let body: @Sendable () -> Double
  let result = Guarded(0.0)
  init(_ body: @escaping @Sendable () -> Double) { self.body = body }
}

private func start(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context = unsafe context else { return nil }
  let run = unsafe Unmanaged<Run>.fromOpaque(context).takeRetainedValue()
  let value = run.body()
  run.result.withLock { $0 = value }
  return nil
}

/// Where a number of threads wait for each other.
final class Meeting: Sendable {
  private let threadCount: Int
  private let arrivals = Atomic<Int>(0)

  init(of threadCount: Int) { self.threadCount = threadCount }

  /// Returns when as many threads have come as last time and `threadCount` more.
  func wait() {
    let number = arrivals.add(1, ordering: .acquiringAndReleasing).oldValue
    let all = (number / threadCount + 1) * threadCount
    while arrivals.load(ordering: .acquiring) < all { bench_yield() }
  }
}
