// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ZoneLimitTests {
  @Test(arguments: [1, 2, 7, 8, 31, 32, 100, 1_000, 5_000])
  func exactlyTheLimitCanBeTaken(_ limit: Int) throws {
    let zone = Zone(name: "limit", itemByteCount: 256)
    zone.limitInItems = limit
    #expect(zone.limitInItems == limit)
    let (items, denial) = zone.takeAll()
    #expect(items.count == limit && Set(items).count == limit)
    #expect(denial == ZoneError(zone: zone, reason: .limitReached, count: limit))
    #expect(zone.statistics().denials == 1)
    zone.give(items)
    #expect(zone.takeAll().items.count == limit)
    zone.give(items)
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
  }

  @Test(arguments: [1, 5, 16, 100, 300])
  func itemsParkedInOtherCachesAreFound(_ limit: Int) throws {
    var random = SeededRandom()
    let tables = try (0..<4).map { _ in try #require(CacheTable()) }
    let zone = Zone(name: "parked", itemByteCount: 64)
    zone.limitInItems = limit
    for _ in 0..<100 {
      // Whatever these do, whoever comes next gets all of the limit.
      var held: [HeldItem] = []
      for _ in 0..<limit * 3 {
        let table = tables[Int.random(in: 0..<4, using: &random)]
        if held.count < limit, random.chance(60) {
          held.append(try zone.take(in: table))
        } else if let item = held.popLast() {
          zone.give(item, in: table)
        }
      }
      for item in held { zone.give(item, in: tables[Int.random(in: 0..<4, using: &random)]) }
      let taker = tables[Int.random(in: 0..<4, using: &random)]
      let (items, denial) = zone.takeAll(in: taker)
      #expect(items.count == limit && denial.reason == .limitReached)
      for item in items { zone.give(item, in: tables[Int.random(in: 0..<4, using: &random)]) }
      zone.checkInvariants()
    }
    #expect(zone.destroy() == 0)
    for table in tables { table.retire() }
  }

  /// Threads park what they can and stay alive; then one of them, each in turn, takes the whole
  /// limit, be it smaller than the threads are many or larger than their caches.
  @Test func itemsParkedInRealThreadsAreFound() {
    var random = SeededRandom()
    let rounds = 1_000
    let threadCount = 4
    let limits = (0..<rounds).map { round in
      Int.random(in: round.isMultiple(of: 2) ? 1...8 : 1...600, using: &random)
    }
    let zone = Zone(name: "threads", itemByteCount: 256)
    zone.limitInItems = limits[0]
    let parked = Stage()
    let taken = Stage()
    let wrong = Guarded<[String]>([])
    onThreads(threadCount) { index in
      for round in 0..<rounds {
        let limit = limits[round]
        for _ in 0..<4 {
          var items: [HeldItem] = []
          while items.count <= limit / 3, let item = try? zone.take() { items.append(item) }
          zone.give(items)
        }
        parked.advance()
        if round % threadCount == index {
          parked.wait(for: threadCount * (round + 1))
          let (items, denial) = zone.takeAll()
          if Set(items).count != limit || denial.reason != .limitReached {
            wrong.withLock { $0.append("round \(round): \(items.count) of \(limit), \(denial)") }
          }
          zone.give(items)
          if round + 1 < rounds { zone.limitInItems = limits[round + 1] }
          taken.advance()
        }
        taken.wait(for: round + 1)
      }
    }
    #expect(wrong.withLock { $0 } == [])
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
  }

  /// Two threads allocate and two free, at most four items out at a time, while one more drains.
  ///
  /// What is free is always in the caches of the wrong threads, or on its way somewhere.
  private func passFourItems(_ zone: Zone) {
    let mailbox = ZoneThreadsTests.Mailbox()
    let mayTake = Guarded(4)
    let freed = Stage()
    let itemCount = 2_000
    onThreads(5) { index in
      switch index {
      case 0, 1:
        for _ in 0..<itemCount {
          while !takeToken(mayTake) { sched_yield() }
          if let item = try? zone.take() {
            mailbox.post(item, 0)
          } else {
            freed.advance()
          }
        }
      case 2, 3:
        while freed.value < 2 * itemCount {
          guard let item = mailbox.fetch()?.item else {
            sched_yield()
            continue
          }
          zone.give(item)
          freed.advance()
          mayTake.withLock { $0 += 1 }
        }
      default:
        while freed.value < 2 * itemCount {
          zone.drain()
          for _ in 0..<20 { sched_yield() }
        }
      }
    }
  }

  private func takeToken(_ tokens: borrowing Guarded<Int>) -> Bool {
    tokens.withLock { left in
      guard left > 0 else { return false }
      left -= 1
      return true
    }
  }

  @Test func nobodyIsDeniedWhileAnItemIsFree() {
    let zone = Zone(name: "enough", itemByteCount: 64)
    zone.limitInItems = 4
    passFourItems(zone)
    #expect(zone.statistics().denials == 0)
    #expect(zone.statistics().inUse == 0)
    #expect(zone.destroy() == 0)
  }

  /// The same where pages are the limit: four items of four pages each, and slabs that go back to
  /// the page source while others want them.
  @Test func nobodyIsDeniedWhileAPageIsFree() {
    let pages = CountedPages(limit: 16)
    let zone = Zone(name: "pages", itemByteCount: 16_384, pages: pages)
    passFourItems(zone)
    #expect(pages.refusals > 0)
    #expect(zone.statistics().denials == 0)
    #expect(zone.statistics().inUse == 0)
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  /// Between the last refusal and the denial an item comes free, on its slab or with its pages.
  @Test(arguments: [false, true])
  func whatComesFreeAfterTheLastRefusalIsFound(_ drains: Bool) throws {
    let pages = CountedPages(limit: 4)
    let zone = Zone(name: "late", itemByteCount: 16_384, pages: pages)
    let other = try #require(CacheTable())
    let item = try zone.take(in: other)
    pages.onRefusal.value = { number in
      guard number == 2 else { return }
      zone.give(item, in: other)
      if drains { zone.drain() }
    }
    let late = try zone.take()
    #expect(pages.refusals == 2 && pages.pagesOut == 4)
    // With nothing more to come the next is denied.
    #expect(throws: ZoneError(zone: zone, reason: .outOfMemory, count: 16_384)) { try zone.take() }
    zone.give(late)
    #expect(zone.destroy() == 0)
    other.retire()
  }

  @Test func loweredBelowWhatIsOutItConverges() throws {
    let pages = CountedPages()
    let zone = Zone(name: "lowered", itemByteCount: 256, pages: pages)
    var items = try zone.take(200)
    zone.limitInItems = 50
    #expect(zone.statistics().cached == 0)
    #expect((try? zone.take()) == nil)
    while items.count > 50 {
      zone.give(items.removeLast())
      #expect(zone.statistics().cached == 0)
      #expect(zone.withDepot { $0.itemCount } == items.count)
      if items.count >= 50 { #expect((try? zone.take()) == nil) }
    }
    // Under the limit again: the freed item stays at hand.
    zone.give(items.removeLast())
    #expect(zone.statistics().cached == 1)
    items.append(try zone.take())
    #expect((try? zone.take()) == nil)
    zone.give(items)
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test func loweredWithEverythingCachedItGivesBackAtOnce() throws {
    let zone = Zone(name: "cached", itemByteCount: 256)
    zone.give(try zone.take(1_000))
    let before = zone.statistics()
    zone.limitInItems = 10
    let after = zone.statistics()
    #expect(before.cached >= 1_000 && after.cached == 0 && after.slabCount == 0)
    #expect(zone.takeAll().items.count == 10)
    #expect(zone.destroy() == 10)
  }

  @Test func raisedAndRemovedWhileItemsAreOut() throws {
    let zone = Zone(name: "raised", itemByteCount: 256)
    zone.limitInItems = 10
    var items = zone.takeAll().items
    zone.limitInItems = 25
    items += zone.takeAll().items
    #expect(items.count == 25)
    zone.limitInItems = 0
    items += try zone.take(500)
    #expect(Set(items).count == 525)
    zone.limitInItems = 525
    #expect((try? zone.take()) == nil)
    zone.give(items)
    #expect(zone.takeAll().items.count == 525)
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  /// A fill that began under the old limit must not leave its surplus in a cache.
  @Test func loweredDuringAFillTheSurplusGoesBack() throws {
    let zone = Box<Zone>()
    let hooks = unsafe ItemHooks(importItem: { _, _ in
      zone.value?.limitInItems = 3
      return true
    })
    let made = Zone(name: "meanwhile", itemByteCount: 64, hooks: hooks)
    zone.value = made
    let item = try made.take()
    #expect(made.statistics().cached == 0 && made.statistics().inUse == 1)
    #expect(made.takeAll().items.count == 2)
    made.give(item)
    #expect(made.destroy() == 2)
  }

  @Test func reliefRunsBeforeADenialAndOnce() throws {
    let zone = Zone(name: "cluster", itemByteCount: 64)
    let calls = Stage()
    let parked = Box<[HeldItem]>()
    zone.limitInItems = 4
    parked.value = try zone.take(2)
    zone.setRelief {
      calls.advance()
      zone.give(parked.value ?? [])
      parked.value = []
    }
    let (items, denial) = zone.takeAll()
    // The first call brought two items, the second nothing.
    #expect(items.count == 4 && calls.value == 2 && denial.reason == .limitReached)
    zone.setRelief(nil)
    #expect((try? zone.take()) == nil && calls.value == 2)
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  @Test func reliefAndCachesHelpWhenPagesRunOut() throws {
    let other = try #require(CacheTable())
    let pages = CountedPages()
    let zone = Zone(name: "pages", itemByteCount: 2_048, pages: pages)
    pages.setLimit(zone.layout.pageCount)
    let count = zone.layout.itemCount
    var items = try (0..<count).map { _ in try zone.take(in: other) }
    #expect((try? zone.take()) == nil)
    for item in items { zone.give(item, in: other) }
    let (again, denial) = zone.takeAll()
    #expect(again.count == count)
    #expect(denial == ZoneError(zone: zone, reason: .outOfMemory, count: 2_048))
    let parked = Box<[HeldItem]>()
    parked.value = again
    zone.setRelief {
      zone.give(parked.value ?? [])
      parked.value = []
    }
    items = zone.takeAll().items
    #expect(items.count == count)
    zone.give(items)
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
    other.retire()
  }

  @Test func whatASiblingZoneHasCachedIsFound() throws {
    let pages = CountedPages()
    let master = Zone(name: "master", itemByteCount: 256, pages: pages)
    let second = Zone(name: "second", sharing: master, hooks: ItemHooks())
    master.give(try master.take(1))
    pages.setLimit(pages.pagesOut)
    let (items, denial) = second.takeAll()
    #expect(items.count == pages.pagesOut / master.layout.pageCount * master.layout.itemCount)
    #expect(denial.reason == .outOfMemory)
    second.give(items)
    #expect(second.destroy() == 0 && master.destroy() == 0)
  }

  @Test func anItemCachedWhileAnotherIsRefusedIsFound() throws {
    let other = try #require(CacheTable())
    let held = Box<HeldItem>()
    let zone = Box<Zone>()
    let made = unsafe Zone(
      name: "refused", itemByteCount: 256,
      hooks: ItemHooks(importItem: { _, _ in
        guard let item = held.take() else { return true }
        zone.value?.give(item, in: other)
        held.value = nil
        return false
      }))
    zone.value = made
    var random: [HeldItem] = []
    for _ in 0..<made.layout.itemCount { random.append(try made.take(in: other)) }
    held.value = random.popLast()
    #expect((try? made.take()) != nil)
    made.give(random)
    #expect(made.destroy() == 1)
    other.retire()
  }

  @Test func countingSeveralZonesInAnyOrderNeverStops() {
    let zones = (0..<3).map { Zone(name: "count \($0)", itemByteCount: 64) }
    onThreads(3) { index in
      for round in 0..<500 {
        let order = (0..<3).map { zones[($0 * (index + 1) + round) % 3] } + [zones[index]]
        #expect(Zone.itemsInUse(of: order) == 0)
      }
    }
    for zone in zones { zone.destroy() }
  }

  @Test func aNegativeLimitTraps() async {
    await #expect(processExitsWith: .failure) {
      Zone(name: "negative", itemByteCount: 64).limitInItems = -1
    }
  }
}
