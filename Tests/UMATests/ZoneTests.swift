// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

@Suite struct ZoneTests {
  @Test(arguments: [1, 8, 60, 256, 2_048, 9_216, 16_384, 100_000])
  func randomWithAPatternInEachItem(_ byteCount: Int) throws {
    var random = SeededRandom()
    let pages = CountedPages()
    let zone = Zone(name: "random", itemByteCount: byteCount, pages: pages)
    let filled = max(8, min(byteCount, 512))
    var held: [(item: HeldItem, tag: UInt64)] = []
    var out: Set<HeldItem> = []
    for (percent, steps) in [(60, 1_500), (40, 1_500)] {
      for _ in 0..<steps {
        if random.chance(percent) {
          let item = try zone.take()
          #expect(out.insert(item).inserted, "given out twice")
          let tag = random.next()
          item.fill(tag, byteCount: filled)
          held.append((item, tag))
        } else if !held.isEmpty {
          let (item, tag) = held.remove(at: Int.random(in: 0..<held.count, using: &random))
          #expect(item.isFilled(tag, byteCount: filled), "another item wrote here")
          out.remove(item)
          zone.give(item)
        }
      }
      zone.checkInvariants()
      #expect(zone.statistics().inUse == held.count)
    }
    for (item, tag) in held {
      #expect(item.isFilled(tag, byteCount: filled))
      zone.give(item)
    }
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test(arguments: [8, 64, 256, 1_024, 4_096])
  func itemsAreAligned(_ alignment: Int) throws {
    let zone = Zone(name: "aligned", itemByteCount: 40, alignment: alignment)
    let items = try zone.take(300)
    #expect(items.allSatisfy { $0.number % UInt(alignment) == 0 })
    #expect(Set(items).count == 300)
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  @Test func freshItemsAreZero() throws {
    let zone = Zone(name: "fresh", itemByteCount: 64)
    let items = try zone.take(200)
    #expect(items.allSatisfy { $0.firstWord == 0 })
    for item in items { item.firstWord = .max }
    zone.give(items)
    // After a drain the pages come from the system again.
    zone.drain()
    let again = try zone.take(200)
    #expect(again.allSatisfy { $0.firstWord == 0 })
    zone.give(again)
    #expect(zone.destroy() == 0)
  }

  @Test func theItemFreedLastComesFirst() throws {
    let zone = Zone(name: "lifo", itemByteCount: 64)
    let items = try zone.take(3)
    zone.give(items)
    #expect(try zone.take() == items[2])
    #expect(try zone.take() == items[1])
    zone.give([items[1], items[2]])
    #expect(zone.destroy() == 0)
  }

  @Test func aSecondaryZoneSharesTheKegAndNothingElse() throws {
    let pages = CountedPages()
    let master = Zone(name: "mbuf", itemByteCount: 256, alignment: 256, pages: pages)
    let second = Zone(name: "packet", sharing: master, hooks: ItemHooks())
    #expect(master != second && second.layout == master.layout)
    let fromMaster = try master.take(20)
    let fromSecond = try second.take(20)
    #expect(Set(fromMaster + fromSecond).count == 40)
    #expect(master.statistics().inUse == 20 && second.statistics().inUse == 20)
    second.limitInItems = 21
    #expect(master.limitInItems == 0)
    let (one, denial) = second.takeAll()
    #expect(one.count == 1 && denial.zone == second && denial.reason == .limitReached)
    let s = (master.statistics(), second.statistics())
    #expect(s.1.free == 0 && s.1.slabCount == 0)
    // Every item of the keg is with one of the two or on a slab.
    #expect(s.0.total + s.1.total == s.0.slabCount * master.layout.itemCount)
    master.give(fromMaster)
    second.give(fromSecond + one)
    #expect(second.destroy() == 0)
    #expect(master.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test func countersFollowTheirItems() throws {
    let zone = Zone(name: "counted", itemByteCount: 2_048, flags: .referenceCounted)
    let items = try zone.take(100)
    let counters = items.map { unsafe HeldItem(zone.referenceCounter(of: $0.address)) }
    #expect(Set(counters).count == 100)
    for (index, counter) in counters.enumerated() {
      unsafe counter.address.storeBytes(of: UInt32(index), as: UInt32.self)
      items[index].fill(7, byteCount: 2_048)
    }
    for (index, counter) in counters.enumerated() {
      let value = unsafe counter.address.load(as: UInt32.self)
      #expect(value == UInt32(index))
    }
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  @Test func destroyCountsWhatIsOutAndLeavesTheZoneWorking() throws {
    let pages = CountedPages()
    let zone = Zone(name: "busy", itemByteCount: 256, pages: pages)
    let items = try zone.take(5)
    #expect(zone.destroy() == 5)
    zone.give(items[0])
    let more = try zone.take(2)
    #expect(zone.destroy() == 6)
    zone.checkInvariants()
    zone.give(Array(items[1...]) + more)
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test func aSlotUsedAgainStartsFromZero() throws {
    for round in 0..<5 {
      let zone = Zone(name: "round \(round)", itemByteCount: 64)
      #expect(zone.statistics().allocations == 0 && zone.statistics().cached == 0)
      let items = try zone.take(300)
      zone.give(items)
      let statistics = zone.statistics()
      #expect(statistics.allocations == 300 && statistics.frees == 300)
      #expect(zone.destroy() == 0)
    }
  }

  /// In a process of its own, since no other suite would find a slot meanwhile.
  @Test func zonesBeyondTheSlotsWorkUncached() async {
    await #expect(processExitsWith: .success) {
      let pages = CountedPages()
      let zones = (0..<1_100).map {
        Zone(name: "zone \($0)", itemByteCount: 64, pages: pages)
      }
      let table = try #require(CacheTable.current())
      let uncached = zones.filter { !$0.hasCache(in: table) }
      #expect(uncached == Array(zones[1_023...]))
      for zone in zones {
        let items = try zone.take(3)
        #expect(Set(items).count == 3)
        zone.give(items)
        zone.checkInvariants()
      }
      for zone in uncached {
        #expect(zone.statistics().cached == 0 && zone.statistics().allocations == 3)
        zone.limitInItems = 2
        let (items, denial) = zone.takeAll()
        #expect(items.count == 2 && denial.reason == .limitReached)
        zone.give(items)
      }
      for zone in zones { #expect(zone.destroy() == 0) }
      #expect(pages.pagesOut == 0)
      // The slots are free again.
      let later = Zone(name: "later", itemByteCount: 64)
      #expect(later.hasCache(in: table))
      #expect(later.destroy() == 0)
    }
  }

  @Test func usingADestroyedZoneTraps() async {
    await #expect(processExitsWith: .failure) {
      let zone = Zone(name: "gone", itemByteCount: 64)
      guard zone.destroy() == 0 else { return }
      _ = try zone.take()
    }
    await #expect(processExitsWith: .failure) {
      let zone = Zone(name: "gone", itemByteCount: 64)
      let item = try zone.take()
      zone.give(item)
      guard zone.destroy() == 0 else { return }
      zone.give(item)
    }
    await #expect(processExitsWith: .failure) {
      let zone = Zone(name: "gone", itemByteCount: 64)
      guard zone.destroy() == 0 else { return }
      _ = zone.destroy()
    }
    await #expect(processExitsWith: .failure) {
      let zone = Zone(name: "gone", itemByteCount: 64)
      guard zone.destroy() == 0 else { return }
      _ = zone.statistics()
    }
  }

  @Test func destroyingAMasterBeforeItsSecondariesTraps() async {
    await #expect(processExitsWith: .failure) {
      let master = Zone(name: "master", itemByteCount: 64)
      _ = Zone(name: "second", sharing: master, hooks: ItemHooks())
      master.destroy()
    }
  }

  @Test func freeingTwiceTrapsAtTheSlab() async {
    // Past the caches at once.
    await #expect(processExitsWith: .failure) {
      let zone = Zone(name: "twice", itemByteCount: 64)
      zone.inject(FailurePlan(failing: 0))
      let items = try zone.take(2)
      zone.give(items[0])
      zone.give(items[0])
    }
    // In a cache it shows when the cache is drained.
    await #expect(processExitsWith: .failure) {
      let zone = Zone(name: "twice", itemByteCount: 64)
      let items = try zone.take(2)
      zone.give(items[0])
      zone.give(items[0])
      zone.drain()
    }
  }

  @Test func errorsNameZoneReasonAndKnob() throws {
    let zone = Zone(name: "named", itemByteCount: 64)
    zone.limitInItems = 1
    let (items, denial) = zone.takeAll()
    #expect(denial == ZoneError(zone: zone, reason: .limitReached, count: 1))
    #expect(
      denial.description
        == "zone named: limit of 1 items reached; raise limitInItems of zone named, now 1")
    zone.give(items)
    #expect(zone.destroy() == 0)
  }
}
