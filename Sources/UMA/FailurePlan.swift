// SPDX-License-Identifier: BSD-2-Clause
import Synchronization

/// Says which allocation attempts fail, to prove that the code above survives it.
///
/// One plan may serve several zones; it then counts their attempts together, in order. A zone with
/// a plan uses no caches, so that every attempt is seen.
///
///     let plan = FailurePlan(failing: 3)      // the third attempt fails
///     pool.inject(plan)
public final class FailurePlan: Sendable {
  private let failing: Int
  private let repeats: Bool
  private let attempts = Atomic<Int>(0)

  /// Fails one attempt, or every attempt from that one on.
  ///
  /// - Parameters:
  ///   - attempt: number of the attempt, 1 for the first; 0 fails none and only counts.
  ///   - repeats: fail all later attempts as well.
  public init(failing attempt: Int, andAllLater repeats: Bool = false) {
    failing = attempt
    self.repeats = repeats
  }

  /// Attempts seen so far.
  public var attemptCount: Int { attempts.load(ordering: .relaxed) }

  func failsNext() -> Bool {
    let number = attempts.add(1, ordering: .relaxed).newValue
    return failing > 0 && (number == failing || repeats && number > failing)
  }
}
