// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import UMA

@Suite struct FailurePlanTests {
  private func attempts(_ count: Int, _ zone: Zone) -> [Bool] {
    (0..<count).map { _ in
      guard let item = try? zone.take() else { return false }
      zone.give(item)
      return true
    }
  }

  @Test func failsTheNth() {
    let zone = Zone(name: "nth", itemByteCount: 64)
    let plan = FailurePlan(failing: 3)
    zone.inject(plan)
    #expect(attempts(6, zone) == [true, true, false, true, true, true])
    #expect(plan.attemptCount == 6)
    #expect(zone.statistics().denials == 1 && zone.statistics().allocations == 5)
    #expect(zone.destroy() == 0)
  }

  @Test func failsAllLater() {
    let zone = Zone(name: "later", itemByteCount: 64)
    zone.inject(FailurePlan(failing: 2, andAllLater: true))
    #expect(attempts(4, zone) == [true, false, false, false])
    zone.inject(nil)
    #expect(attempts(2, zone) == [true, true])
    #expect(zone.destroy() == 0)
  }

  @Test func zeroOnlyCounts() {
    let zone = Zone(name: "count", itemByteCount: 64)
    let plan = FailurePlan(failing: 0, andAllLater: true)
    zone.inject(plan)
    #expect(attempts(10, zone).allSatisfy { $0 })
    #expect(plan.attemptCount == 10)
    #expect(zone.destroy() == 0)
  }

  @Test func theErrorNamesThePlan() throws {
    let zone = Zone(name: "planned", itemByteCount: 64)
    zone.inject(FailurePlan(failing: 1))
    #expect(throws: ZoneError(zone: zone, reason: .injected, count: 0)) { try zone.take() }
    #expect(ZoneError(zone: zone, reason: .injected, count: 0).description.contains("planned"))
    #expect(zone.destroy() == 0)
  }

  @Test func nothingIsCachedUnderAPlan() throws {
    let zone = Zone(name: "cached", itemByteCount: 64)
    zone.give(try zone.take(300))
    #expect(zone.statistics().cached >= 300)
    zone.inject(FailurePlan(failing: 0))
    #expect(zone.statistics().cached == 0)
    let items = try zone.take(50)
    #expect(zone.statistics().cached == 0 && zone.statistics().inUse == 50)
    zone.give(items)
    #expect(zone.statistics().cached == 0 && zone.statistics().inUse == 0)
    zone.inject(nil)
    zone.give(try zone.take())
    #expect(zone.statistics().cached > 1)
    #expect(zone.destroy() == 0)
  }

  /// However often an allocation goes round for its item, it is one attempt.
  @Test func anAttemptIsCountedOnce() throws {
    let zone = Zone(name: "once", itemByteCount: 64)
    zone.limitInItems = 1
    let plan = FailurePlan(failing: 4)
    zone.inject(plan)
    zone.setRelief {}
    let item = try zone.take()
    #expect(throws: ZoneError(zone: zone, reason: .limitReached, count: 1)) { try zone.take() }
    #expect(throws: ZoneError(zone: zone, reason: .limitReached, count: 1)) { try zone.take() }
    #expect(plan.attemptCount == 3)
    #expect(throws: ZoneError(zone: zone, reason: .injected, count: 0)) { try zone.take() }
    zone.give(item)

    let empty = CountedPages(limit: 0)
    let pageless = Zone(name: "pageless", itemByteCount: 64, pages: empty)
    let other = FailurePlan(failing: 0)
    pageless.inject(other)
    pageless.setRelief {}
    #expect((try? pageless.take()) == nil)
    #expect(other.attemptCount == 1 && empty.refusals > 1)
    #expect(zone.destroy() == 0 && pageless.destroy() == 0)
  }

  @Test func onePlanCountsSeveralZonesTogether() {
    let a = Zone(name: "a", itemByteCount: 64)
    let b = Zone(name: "b", itemByteCount: 128)
    let plan = FailurePlan(failing: 3)
    a.inject(plan)
    b.inject(plan)
    #expect(
      attempts(1, a) + attempts(1, b) + attempts(1, a) + attempts(1, b)
        == [true, true, false, true])
    #expect(a.destroy() == 0 && b.destroy() == 0)
  }

  /// A plan set while a fill is under way finds no surplus in a cache afterwards.
  @Test func aPlanSetDuringAFillSeesEveryAttempt() throws {
    let zone = Box<Zone>()
    let plan = FailurePlan(failing: 1, andAllLater: true)
    let hooks = unsafe ItemHooks(importItem: { _, _ in
      if plan.attemptCount == 0 { zone.value?.inject(plan) }
      return true
    })
    let made = Zone(name: "meanwhile", itemByteCount: 64, hooks: hooks)
    zone.value = made
    let item = try made.take()
    #expect(attempts(3, made) == [false, false, false])
    #expect(made.statistics().cached == 0)
    made.give(item)
    #expect(made.destroy() == 0)
  }

  // MARK: Rules

  @Test func rulesPickByNumber() {
    let zone = Zone(name: "ruled", itemByteCount: 64)
    for (rule, wanted) in [
      (FailureRule.attempt(2), [true, false, true, true, true, true]),
      (.every(3), [true, true, false, true, true, false]),
      (.from(4), [true, true, true, false, false, false]),
      (.random(probability: 1, seed: 1), [false, false, false, false, false, false]),
      (.random(probability: 0, seed: 1), [true, true, true, true, true, true]),
    ] {
      let plan = FailurePlan([rule])
      zone.inject(plan)
      #expect(attempts(6, zone) == wanted, "\(plan)")
      #expect(plan.failureCount == wanted.count { !$0 })
    }
    #expect(zone.destroy() == 0)
  }

  @Test func rulesPickByZoneAndCountThatZoneAlone() {
    let a = Zone(name: "a", itemByteCount: 64)
    let b = Zone(name: "b", itemByteCount: 64)
    let plan = FailurePlan([.attempt(2).inZone("b"), .attempt(1).inZone("a")])
    a.inject(plan)
    b.inject(plan)
    let outcomes = [b, b, a, a, b].flatMap { attempts(1, $0) }
    #expect(outcomes == [true, false, false, true, true])
    #expect(plan.description == "attempt 2 in zone b, attempt 1 in zone a")
    #expect(a.destroy() == 0 && b.destroy() == 0)
  }

  @Test(arguments: [
    ("Mine.swift", [41, 42, 43]), ("Module/Mine.swift", [41, 42, 43]), ("Mine.swift:42", [42]),
    ("Module/Mine.swift:42", [42]), ("ine.swift", []), ("Mine.swift:4", []), ("Other.swift", []),
  ])
  func rulesPickByCallSite(_ place: String, _ denied: [UInt]) {
    let zone = Zone(name: "placed", itemByteCount: 64)
    zone.inject(FailurePlan([.from(1).at(place)]))
    let failed = ([41, 42, 43] as [UInt]).filter { line in
      guard
        let item = try? unsafe HeldItem(
          zone.allocateItem(file: "Module/Mine.swift", line: line))
      else { return true }
      zone.give(item)
      return false
    }
    #expect(failed == denied)
    #expect(zone.destroy() == 0)
  }

  @Test func randomRulesPickTheSameEveryTime() {
    let zone = Zone(name: "random", itemByteCount: 64)
    let runs = ([7, 7, 8] as [UInt64]).map { seed -> [Bool] in
      zone.inject(FailurePlan([.random(probability: 0.25, seed: seed)]))
      return attempts(400, zone)
    }
    #expect(runs[0] == runs[1] && runs[0] != runs[2])
    #expect((60...140).contains(runs[0].count { !$0 }))
    #expect(zone.destroy() == 0)
  }

  @Test func waitingAllocationsFailByPlanToo() throws {
    let zone = Zone(name: "waiting", itemByteCount: 64)
    zone.inject(FailurePlan(failing: 1))
    unsafe #expect(throws: ZoneError(zone: zone, reason: .injected, count: 0)) {
      try unsafe zone.allocateItem(.wait(for: .seconds(60)))
    }
    #expect(zone.destroy() == 0)
  }
}
