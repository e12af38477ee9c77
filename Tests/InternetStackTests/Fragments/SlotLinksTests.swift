// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import InternetStack

@Suite struct SlotLinksTests {
  @Test func listsAndChainsAreThoseOfArrays() {
    var random = SeededRandom()
    var links = SlotLinks()
    var chains = HashChains(slotLimit: 4)
    var lists = [SlotList(), SlotList(), SlotList()]
    var models: [[Int32]] = [[], [], []]
    var hashes: [UInt64] = []
    for _ in 0..<16 {
      links.grow()
      chains.grow()
      hashes.append(.random(in: 0..<8, using: &random))
    }
    for _ in 0..<Steps.of(20_000) {
      let slot = Int32.random(in: 0..<16, using: &random)
      if let list = models.firstIndex(where: { $0.contains(slot) }) {
        models[list].removeAll { $0 == slot }
        links.remove(slot, from: &lists[list])
        chains.remove(slot, hashes[Int(slot)])
      } else {
        let list = Int.random(in: 0..<3, using: &random)
        models[list].append(slot)
        links.append(slot, to: &lists[list])
        chains.insert(slot, hashes[Int(slot)])
      }
      for (list, model) in zip(lists, models) {
        var found: [Int32] = []
        var slot = list.first
        while slot != noSlot {
          found.append(slot)
          slot = links.next(slot)
        }
        let count = links.checkedCount(list)
        #expect(found == model && count == model.count)
      }
      // Four heads for eight hashes: those that differ by four are in one chain.
      for head in 0..<4 as Range<UInt64> {
        var found: Set<Int32> = []
        var slot = chains.first(head)
        while slot != noSlot {
          found.insert(slot)
          slot = chains.next(slot)
        }
        let there = models.joined().filter { hashes[Int($0)] % 4 == head }
        #expect(found == Set(there))
      }
    }
  }
}
