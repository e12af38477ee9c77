// SPDX-License-Identifier: BSD-2-Clause

/// Says which allocation attempts fail, to prove that the code above survives it.
///
/// One plan may serve several zones; it then counts their attempts together, in order. A zone with
/// a plan uses no caches, so that every attempt is seen. With one thread the same attempts fail in
/// every run.
///
///     let plan = FailurePlan(failing: 3)      // the third attempt fails
///     pool.inject(plan)
///
///     FailurePlan([.every(10).inZone("mbuf_cluster"), .from(1).at("Reassembly.swift")])
///
/// BSD: `KFAIL_POINT`.
public final class FailurePlan: Sendable, CustomStringConvertible {
  private struct State: ~Copyable {
    var rules: [FailureRule]
    var attempts = 0
    var failures = 0
  }

  private let state: Guarded<State>

  /// Fails each attempt that any of the rules picks; with no rule it only counts.
  public init(_ rules: [FailureRule]) { state = Guarded(State(rules: rules)) }

  /// Fails one attempt, or every attempt from that one on.
  ///
  /// - Parameters:
  ///   - attempt: number of the attempt, 1 for the first; 0 fails none and only counts.
  ///   - repeats: fail all later attempts as well.
  public convenience init(failing attempt: Int, andAllLater repeats: Bool = false) {
    self.init(attempt == 0 ? [] : [repeats ? .from(attempt) : .attempt(attempt)])
  }

  /// Which attempts fail, in words.
  public var description: String {
    let rules = state.withLock { $0.rules }
    return rules.isEmpty ? "none" : rules.map(\.description).joined(separator: ", ")
  }

  /// Attempts seen so far.
  public var attemptCount: Int { state.withLock { $0.attempts } }

  /// Attempts that failed by this plan.
  public var failureCount: Int { state.withLock { $0.failures } }

  func failsNext(inZone name: String, at site: CallSite) -> Bool {
    state.withLock { state in
      state.attempts += 1
      var fails = false
      // Each rule sees every attempt, so that none depends on the others.
      for index in state.rules.indices where state.rules[index].picks(name, site) {
        fails = true
      }
      if fails { state.failures += 1 }
      return fails
    }
  }
}
