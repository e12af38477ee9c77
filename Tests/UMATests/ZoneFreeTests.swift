// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

/// Items that come from one zone of a keg and go back to another.
@Suite struct ZoneFreeTests {
  private func siblings(_ pages: CountedPages) -> (master: Zone, second: Zone) {
    let master = Zone(name: "master", itemByteCount: 256, pages: pages)
    return (master, Zone(name: "second", sharing: master, hooks: ItemHooks()))
  }

  /// Every item of the keg is free on a slab, cached in a zone, or with a caller of some zone.
  private func checkSum(_ zones: [Zone]) {
    let s = zones.map { $0.statistics() }
    let onSlabs = zones[0].keg.slabs.withLock { $0.freeItemCount }
    let all = zones[0].keg.slabs.withLock { $0.slabCount } * zones[0].layout.itemCount
    #expect(onSlabs + s.reduce(0) { $0 + $1.cached + $1.inUse } == all)
    for zone in zones { zone.checkInvariants() }
  }

  @Test func freedPlainlyTheCountsDriftApartAndTheSumHolds() throws {
    let pages = CountedPages()
    let (master, second) = siblings(pages)
    let items = try master.take(40)
    second.give(Array(items[..<25]))
    #expect(master.statistics().inUse == 40 && second.statistics().inUse == -25)
    checkSum([master, second])
    master.drain()
    second.drain()
    #expect(master.statistics().inUse == 40 && second.statistics().inUse == -25)
    checkSum([master, second])
    // Seen from the keg nothing but 15 items is out.
    #expect(second.destroy() == 0)
    #expect(master.destroy() == 15)
    master.give(Array(items[25...]))
    #expect(master.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test func aZoneWhoseItemsWentToItsSiblingCanEnd() throws {
    let pages = CountedPages()
    let (master, second) = siblings(pages)
    let items = try second.take(30)
    // Parked in the master's cache they are found, out they are not forgiven.
    master.give(Array(items[..<20]))
    #expect(master.statistics().inUse == -20 && second.statistics().inUse == 30)
    #expect(second.destroy() == 10)
    checkSum([master, second])
    master.give(Array(items[20...]))
    #expect(second.destroy() == 0)
    #expect(master.statistics().inUse == -30)
    #expect(master.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test func freedByNameBothLimitsStayExact() throws {
    let pages = CountedPages()
    let (master, second) = siblings(pages)
    master.limitInItems = 20
    second.limitInItems = 30
    for _ in 0..<50 {
      let (items, denial) = master.takeAll()
      #expect(items.count == 20 && denial.reason == .limitReached)
      for item in items { unsafe second.free(item.address, allocatedFrom: master) }
      #expect(master.statistics().inUse == 0 && second.statistics().inUse == 0)
      checkSum([master, second])
      let (others, _) = second.takeAll()
      #expect(others.count == 30)
      for item in others { unsafe master.free(item.address, allocatedFrom: second) }
      checkSum([master, second])
    }
    #expect(second.destroy() == 0)
    #expect(master.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test func freedByNameToAFullZoneItGoesToItsSlab() throws {
    let pages = CountedPages()
    let (master, second) = siblings(pages)
    second.limitInItems = 3
    let out = second.takeAll().items
    let item = try master.take()
    let before = master.keg.slabs.withLock { $0.freeItemCount }
    unsafe second.free(item.address, allocatedFrom: master)
    #expect(master.keg.slabs.withLock { $0.freeItemCount } == before + 1)
    #expect(second.statistics().inUse == 3 && second.statistics().cached == 0)
    second.give(out)
    #expect(second.destroy() == 0)
    #expect(master.destroy() == 0)
  }

  @Test func freedByNameItRunsTheHooksOfTheZoneThatTakesIt() throws {
    let (ofMaster, ofSecond) = (Journal(), Journal())
    let master = Zone(name: "master", itemByteCount: 256, hooks: ofMaster.hooks())
    let second = Zone(name: "second", sharing: master, hooks: ofSecond.hooks(forKeg: false))
    let item = try master.take()
    ofMaster.clear()
    unsafe second.free(item.address, allocatedFrom: master)
    second.drain()
    #expect(ofMaster.entries.filter { $0.hook != .finalize }.isEmpty)
    #expect(ofSecond.entries.map(\.hook) == [.destruct, .put])
    #expect(second.destroy() == 0)
    #expect(master.destroy() == 0)
  }

  /// A caller that waits for its zone's limit has room when its item goes to the sibling.
  @Test func freedByNameItMakesRoomForWhoWaits() throws {
    let (master, second) = siblings(CountedPages())
    master.limitInItems = 1
    let item = try master.take()
    let granted = Box<HeldItem>()
    let sleeper = startThreads(1) { _ in
      granted.value = unsafe (try? master.allocate(.wait())).map { unsafe HeldItem($0) }
    }
    master.awaitWaiter()
    unsafe second.free(item.address, allocatedFrom: master)
    join(sleeper)
    master.give(try #require(granted.value))
    #expect(second.destroy() == 0)
    #expect(master.destroy() == 0)
  }

  @Test func toAZoneOfAnotherKegTraps() async {
    await #expect(processExitsWith: .failure) {
      let one = Zone(name: "one", itemByteCount: 64)
      let other = Zone(name: "other", itemByteCount: 64)
      let item = try one.take()
      unsafe other.free(item.address, allocatedFrom: one)
    }
  }

  /// Any mix of plain and named frees between three zones keeps the keg's sum, and all can end.
  @Test func randomFreesBetweenSiblingsKeepTheSum() throws {
    var random = SeededRandom()
    for _ in 0..<30 {
      let pages = CountedPages()
      let (master, second) = siblings(pages)
      let third = Zone(name: "third", sharing: master, hooks: ItemHooks())
      let zones = [master, second, third]
      var held: [(item: HeldItem, zone: Zone)] = []
      for step in 0..<500 {
        let zone = zones[Int.random(in: 0..<3, using: &random)]
        if held.isEmpty || random.chance(step < 250 ? 60 : 40) {
          held.append((try zone.take(), zone))
        } else {
          let (item, from) = held.remove(at: Int.random(in: 0..<held.count, using: &random))
          if random.chance(50) {
            zone.give(item)
          } else {
            unsafe zone.free(item.address, allocatedFrom: from)
          }
        }
        if random.chance(3) { zone.drain() }
        if random.chance(10) { checkSum(zones) }
      }
      let inUse = zones.reduce(0) { $0 + $1.statistics().inUse }
      #expect(inUse == held.count)
      for (item, from) in held { from.give(item) }
      for zone in [third, second, master] { #expect(zone.destroy() == 0) }
      #expect(pages.pagesOut == 0)
    }
  }
}
