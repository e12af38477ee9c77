// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import UMA

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
package func startThreads(
  _ count: Int, _ body: @escaping @Sendable (Int) -> Void
) -> [WorkerThread] {
  (0..<count).map { index in
    guard let thread = WorkerThread({ body(index) }) else {
      preconditionFailure("no thread is left")
    }
    return thread
  }
}

/// Waits for threads to end.
package func join(_ threads: [WorkerThread]) {
  for thread in threads { thread.join() }
}

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
