// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@testable import InternetStack

@Suite struct SlotListsTests {
  @Test func listsDoWhatSortedArraysDo() {
    var random = SeededRandom()
    var lists = SlotLists(listCount: 3)
    var model: [[(slot: Int, order: Int64)]] = [[], [], []]
    for _ in 0..<20 { lists.addSlot() }
    for _ in 0..<3_000 {
      let slot = Int.random(in: 0..<20, using: &random)
      for list in model.indices { model[list].removeAll { $0.slot == slot } }
      if random.chance(70) {
        let list = Int.random(in: 0..<3, using: &random)
        let order = Int64.random(in: 0..<5, using: &random)
        lists.insert(slot, in: list, order: order)
        let place = model[list].firstIndex { $0.order > order } ?? model[list].count
        model[list].insert((slot, order), at: place)
        expect(lists.order(of: slot), is: order)
        expect(lists.list(of: slot), is: list)
      } else {
        lists.remove(slot)
        expect(lists.list(of: slot), is: nil)
      }
      lists.checkInvariants()
      for list in model.indices {
        var found: [Int] = []
        var next = lists.first(of: list)
        while let slot = next {
          found.append(slot)
          next = lists.slot(after: slot)
        }
        #expect(found == model[list].map(\.slot))
        expect(lists.count(of: list), is: found.count)
      }
    }
  }
}

@Suite struct SlotIndexTests {
  private static func slots(_ index: borrowing SlotIndex, _ hash: UInt32) -> Set<Int> {
    var position = index.home(hash)
    var found: Set<Int> = []
    while let slot = index.next(hash, &position) { found.insert(slot) }
    return found
  }

  @Test func anIndexDoesWhatADictionaryDoes() {
    var random = SeededRandom()
    var index = SlotIndex()
    var model: [UInt32: Set<Int>] = [:]
    // Few hashes, at both ends, so that searches run into each other and over the end.
    let hashes = (0..<40).map { $0 < 20 ? UInt32($0) : .max - UInt32($0) << 22 }
    for step in 0..<6_000 {
      let hash = hashes[Int.random(in: 0..<40, using: &random)]
      if let slot = model[hash]?.first, random.chance(step / 1_500 % 2 == 0 ? 30 : 80) {
        index.remove(hash, slot: slot)
        model[hash]?.remove(slot)
      } else {
        index.insert(hash, slot: step)
        model[hash, default: []].insert(step)
      }
      expect(Self.slots(index, hash), is: model[hash] ?? [])
      if step % 100 == 0 {
        index.checkInvariants()
        for hash in hashes { expect(Self.slots(index, hash), is: model[hash] ?? []) }
      }
    }
    #expect(index.count == model.values.reduce(0) { $0 + $1.count })
  }

  @Test func theHashOfAddressesThatDifferByLittleIsSpreadAndKnownOnlyWithTheSeed() {
    let hash = AddressHash(seed: 1)
    let other = AddressHash(seed: 2)
    var buckets = [Int](repeating: 0, count: 256)
    var same = 0
    for number in 0..<25_600 {
      let address = IPv6Address(mapping: IPv4Address(UInt32(number) << 8))
      buckets[Int(hash(address, 0) >> 24)] += 1
      if hash(address, 0) >> 24 == other(address, 0) >> 24 { same += 1 }
    }
    // A hundred in each are expected, with a deviation of ten.
    #expect(buckets.allSatisfy { (40...170).contains($0) })
    #expect((40...170).contains(same))
  }
}
