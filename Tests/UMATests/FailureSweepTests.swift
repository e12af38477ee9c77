// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import UMA

@Suite struct FailureSweepTests {
  private struct Mistake: Error {}

  @Test func everyAttemptFailsAloneAndWithAllLaterOnes() throws {
    let a = Zone(name: "a", itemByteCount: 64)
    let b = Zone(name: "b", itemByteCount: 64)
    var outcomes: [Int] = []
    let attempts = try FailurePlan.sweep([a, b]) {
      var held: [(Zone, HeldItem)] = []
      defer {
        for (zone, item) in held { zone.give(item) }
        outcomes.append(held.count)
      }
      for zone in [a, b, a] { held.append((zone, try zone.take())) }
    }
    #expect(attempts == 3)
    #expect(outcomes == [0, 1, 2, 3, 0, 1, 2, 3])
    // The plans are gone.
    a.give(try a.take())
    #expect(a.statistics().cached > 0)
    #expect(a.destroy() == 0 && b.destroy() == 0)
  }

  @Test func aScenarioMayMakeDoWithout() throws {
    let zone = Zone(name: "modest", itemByteCount: 64)
    let attempts = try FailurePlan.sweep([zone]) {
      for _ in 0..<4 { if let item = try? zone.take() { zone.give(item) } }
    }
    #expect(attempts == 4)
    #expect(zone.destroy() == 0)
  }

  @Test func aLeakIsToldWithItsPlace() throws {
    let zone = Zone(name: "leaky", itemByteCount: 64, debugging: .leaks)
    var leaked: [HeldItem] = []
    do {
      try FailurePlan.sweep([zone]) {
        let first = unsafe HeldItem(try zone.allocateItem(file: "Test/A.swift", line: 10))
        leaked.append(first)
        zone.give(try zone.take())
        leaked.removeLast()
        zone.give(first)
      }
      Issue.record("a leak went unnoticed")
    } catch let failure as SweepFailure {
      #expect(failure.itemCount == 1 && failure.zoneName == "leaky")
      #expect(failure.description.hasPrefix("failing attempt 2: 1 items leaked in zone leaky\n"))
      #expect(failure.description.contains("allocated at Test/A.swift:10"))
    }
    zone.give(leaked)
    #expect(zone.destroy() == 0)
  }

  @Test func otherErrorsGoThrough() {
    let zone = Zone(name: "mistaken", itemByteCount: 64)
    #expect(throws: Mistake.self) { try FailurePlan.sweep([zone]) { throw Mistake() } }
    #expect(throws: Mistake.self) {
      try FailurePlan.sweep([zone]) {
        guard let item = try? zone.take() else { throw Mistake() }
        zone.give(item)
      }
    }
    // A denial that no plan made is no outcome of the sweep.
    zone.limitInItems = 1
    #expect(throws: ZoneError(zone: zone, reason: .limitReached, count: 1)) {
      try FailurePlan.sweep([zone]) {
        var held: [HeldItem] = []
        defer { zone.give(held) }
        for _ in 0..<2 { if zone.statistics().inUse < 2 { held.append(try zone.take()) } }
      }
    }
    #expect(zone.destroy() == 0)
  }
}
