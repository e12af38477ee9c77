// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

@Suite struct WorkingSetTests {
  @Test func theEstimateFollowsHowFarTheStockWent() {
    var set = WorkingSet()
    // Stock over three intervals: 0...100, 90...100, 95...95.
    for itemCount in [40, 100, 90] { set.note(itemCount) }
    #expect(set.least == 0 && set.most == 100 && set.target(90) == 90)
    set.tick(90)
    #expect(set.estimate == 80 && set.least == 90 && set.most == 90)
    #expect(set.target(90) == 80)
    set.note(100)
    set.tick(95)
    #expect(set.estimate == (4 * 10 + 80) / 5)
    #expect(set.target(95) == 24)
    set.note(95)
    set.tick(95)
    #expect(set.estimate == 24 / 5)
  }

  @Test func aStockThatNobodyTouchesIsForgotten() {
    var set = WorkingSet()
    set.note(1_000)
    for _ in 0..<6 { set.tick(1_000) }
    // 800, 160, 32, 6, 1, 0
    #expect(set.estimate == 0)
    #expect(set.target(1_000) == 0)
  }

  @Test func whatCameSinceTheLastTickIsKept() {
    var set = WorkingSet()
    set.tick(10)
    set.tick(10)
    set.note(70)
    #expect(set.target(70) == 60)
  }

  @Test func reclaimDoesNotLookLikeUse() {
    var set = WorkingSet()
    set.note(500)
    set.tick(500)
    set.tick(500)
    #expect(set.estimate == 80)
    set.noteReclaimed(420)
    set.note(80)
    #expect(set.least == 80 && set.most == 80)
    set.tick(80)
    #expect(set.estimate == 80 / 5)
  }

  /// Against the stock written down: bounds, estimate and target for random steps.
  @Test func itIsTheMinimumAndTheMaximumOfTheInterval() {
    var random = SeededRandom()
    var set = WorkingSet()
    var stock = 0
    var seen = [0]
    var estimate = 0
    for _ in 0..<5_000 {
      if random.chance(5) {
        let spread = (seen.max() ?? 0) - (seen.min() ?? 0)
        estimate = (4 * spread + estimate) / 5
        seen = [stock]
        set.tick(stock)
      } else {
        stock = Swift.max(0, stock + Int.random(in: -50...50, using: &random))
        seen.append(stock)
        set.note(stock)
      }
      #expect(set.least == seen.min() && set.most == seen.max() && set.estimate == estimate)
      #expect(set.target(stock) == Swift.max(estimate, stock - (seen.min() ?? 0)))
    }
  }
}
