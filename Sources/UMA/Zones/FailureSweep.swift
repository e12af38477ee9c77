// SPDX-License-Identifier: BSD-2-Clause

/// What a sweep found: items that a run did not give back.
public struct SweepFailure: Error, CustomStringConvertible {
  /// What was made to fail in that run.
  public let plan: FailurePlan
  /// The zone whose items are missing.
  public let zoneName: String
  /// Items more in use than before; fewer if negative.
  public let itemCount: Int
  /// Where they were allocated, if the zone is watched.
  public let report: LeakReport?

  /// One line, and what the zone knows of the items.
  public var description: String {
    let what =
      itemCount > 0
      ? "\(itemCount) items leaked" : "\(-itemCount) items freed that were not its own"
    let text = "failing \(plan): \(what) in zone \(zoneName)"
    guard let report, report.itemCount > 0 else { return text }
    return text + "\n" + report.description
  }
}

extension FailurePlan {
  /// Runs `body` with a plan for the first attempt, the second, … until it makes fewer attempts
  /// than that; each both alone and with all later ones.
  ///
  /// For tests that inject the plan themselves, where it matters; `sweep` runs whole scenarios.
  /// - Parameters:
  ///   - mostAttempts: traps after so many, for a body that never comes to its end.
  ///   - body: one run of the scenario.
  /// - Returns: attempts of a run in which none fails.
  @discardableResult
  public static func forEachAttempt<Failure: Error>(
    mostAttempts: Int = 100_000, _ body: (FailurePlan) throws(Failure) -> Void
  ) throws(Failure) -> Int {
    var attemptCount = 0
    for andAllLater in [false, true] {
      var attempt = 0
      repeat {
        attempt += 1
        precondition(attempt <= mostAttempts, "more than \(mostAttempts) attempts")
        let plan = FailurePlan(failing: attempt, andAllLater: andAllLater)
        try body(plan)
        attemptCount = plan.attemptCount
      } while attemptCount >= attempt
    }
    return attemptCount
  }

  /// Runs a scenario again and again, with each of its allocations failing in turn.
  ///
  /// After each run the zones must have as many items in use as before, and their counts must add
  /// up. The scenario may throw its denial, or do without the item.
  ///
  ///     try FailurePlan.sweep([sessions, buffers]) {
  ///       let session = try Session(from: sessions, buffers)
  ///       session.end()
  ///     }
  ///
  /// - Parameters:
  ///   - zones: whose attempts are counted and fail. Their plans are gone afterwards.
  ///   - isDenial: tells the errors that a failed allocation may lead to; `ZoneError` by default.
  ///   - scenario: frees what it allocates, whether it throws or not.
  /// - Returns: attempts of a run in which none fails.
  /// - Throws: `SweepFailure`, or what the scenario threw that is no denial or came without one.
  /// - Precondition: no other thread is inside the zones.
  @discardableResult
  public static func sweep(
    _ zones: [Zone], isDenial: (any Error) -> Bool = { $0 is ZoneError },
    scenario: () throws -> Void
  ) throws -> Int {
    defer { for zone in zones { zone.inject(nil) } }
    return try forEachAttempt { plan in
      for zone in zones { zone.inject(plan) }
      // Once the plan is with all of them, no item counts as in use that is only cached.
      let before = zones.map { $0.statistics().inUse }
      do {
        try scenario()
      } catch {
        guard plan.failureCount > 0, isDenial(error) else { throw error }
      }
      for (zone, before) in zip(zones, before) {
        let change = zone.statistics().inUse - before
        guard change == 0 else {
          throw SweepFailure(
            plan: plan, zoneName: zone.name, itemCount: change,
            report: zone.debugging.isEmpty ? nil : zone.leakReport())
        }
        zone.checkInvariants()
      }
    }
  }
}
