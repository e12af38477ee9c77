// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

@Suite struct ZoneReclaimTests {
  /// A zone with 300 items of 8 KiB, 32 to a bucket: some in two threads' caches, the rest in the depot.
  private func stockedZone(_ pages: CountedPages, in tables: [CacheTable]) throws -> Zone {
    let zone = Zone(name: "stock", itemByteCount: 8_192, pages: pages)
    let items = try (0..<300).map { try zone.take(in: tables[$0 % tables.count]) }
    for (index, item) in items.enumerated() { zone.give(item, in: tables[index % tables.count]) }
    return zone
  }

  private func twoTables() throws -> [CacheTable] {
    try (0..<2).map { _ in try #require(CacheTable()) }
  }

  @Test func eachLevelTakesWhatItSays() throws {
    let tables = try twoTables()
    let pages = CountedPages()
    let zone = try stockedZone(pages, in: tables)
    let before = zone.statistics()
    let inCaches = before.cached - before.inDepot
    #expect(before.bucketCapacity == 64)
    #expect(inCaches > 0 && before.inDepot > 100 && before.cached >= 300)

    // No interval has ended: all of the stock may be wanted.
    let unwanted = pages.pagesOut - before.cached * zone.layout.pageCount
    #expect(zone.reclaim(.trim) == unwanted)
    #expect(zone.statistics().inDepot == before.inDepot)

    #expect(zone.reclaim(.drain) == before.inDepot * zone.layout.pageCount)
    let drained = zone.statistics()
    #expect(drained.inDepot == 0 && drained.cached == inCaches && drained.free == 0)

    #expect(zone.reclaim(.drainWithCaches) == inCaches * zone.layout.pageCount)
    #expect(zone.statistics().total == 0 && pages.pagesOut == 0)
    #expect(zone.destroy() == 0)
    for table in tables { table.retire() }
  }

  /// With one item to a slab, what goes can be counted in pages.
  @Test func aTrimKeepsTheWorkingSet() throws {
    let tables = try twoTables()
    let pages = CountedPages()
    let zone = try stockedZone(pages, in: tables)
    zone.reclaim(.trim)
    let stock = zone.statistics().inDepot
    zone.tick()
    zone.tick()
    // From 0 to `stock` in the first interval, still in the second.
    let first = 4 * stock / 5
    #expect(zone.statistics().workingSet == first / 5)

    // Up and down by 64 in the third.
    let items = try (0..<64 + 32).map { _ in try zone.take(in: tables[0]) }
    let least = zone.statistics().inDepot
    for item in items { zone.give(item, in: tables[0]) }
    zone.tick()
    let now = zone.statistics()
    let estimate = (4 * (stock - least) + first / 5) / 5
    #expect(least < stock && now.workingSet == estimate && now.inDepot == stock)

    let released = zone.reclaim(.trim) / zone.layout.pageCount
    let kept = zone.statistics().inDepot
    #expect(released == stock - kept)
    #expect(kept >= estimate && kept < estimate + now.bucketCapacity)
    // Again, it finds nothing to take, and its own taking is no use.
    #expect(zone.reclaim(.trim) == 0)
    zone.tick()
    #expect(zone.statistics().workingSet == estimate / 5)
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
    for table in tables { table.retire() }
  }

  @Test func aTrimKeepsTheBucketsUsedLast() throws {
    let table = try #require(CacheTable())
    let zone = Zone(name: "warm", itemByteCount: 8_192)
    let items = try (0..<320).map { _ in try zone.take(in: table) }
    for item in items { zone.give(item, in: table) }
    zone.tick()
    for _ in 0..<4 { zone.tick() }
    let stock = zone.statistics().inDepot
    // Makes the estimate a few buckets' worth: these are taken and come back, the others lie still.
    let warm = try (0..<160).map { _ in try zone.take(in: table) }
    for item in warm { zone.give(item, in: table) }
    zone.tick()
    zone.reclaim(.trim)
    let kept = zone.statistics().inDepot
    #expect(kept > 0 && kept < stock)
    let again = try (0..<kept).map { _ in try zone.take(in: table) }
    #expect(Set(again).isSubset(of: Set(warm)))
    for item in again { zone.give(item, in: table) }
    #expect(zone.destroy() == 0)
    table.retire()
  }

  /// A trim, a drain and a drain of caches beside threads that use the zone.
  @Test func reclaimingFromAZoneInUseLosesNothing() {
    let zone = Zone(name: "busy", itemByteCount: 1_024)
    let left = Stage()
    let threads = startThreads(2) { index in
      for round in 0..<2_000 {
        var items: [HeldItem] = []
        while items.count < 1 + round % 300, let item = try? zone.take() {
          item.fill(UInt64(index), byteCount: 16)
          items.append(item)
        }
        for item in items { #expect(item.isFilled(UInt64(index), byteCount: 16)) }
        zone.give(items)
      }
      left.advance()
    }
    var random = SeededRandom()
    while left.value < 2 {
      if let level = ReclaimLevel.allCases.randomElement(using: &random) { zone.reclaim(level) }
      if random.chance(10) { zone.tick() }
    }
    join(threads)
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
  }

  @Test func aZoneThatNeverFreesKeepsItsSlabs() throws {
    let pages = CountedPages()
    let zone = Zone(name: "nofree", itemByteCount: 8_192, flags: .noFree, pages: pages)
    zone.give(try zone.take(100))
    let out = pages.pagesOut
    for level in ReclaimLevel.allCases { #expect(zone.reclaim(level) == 0) }
    #expect(pages.pagesOut == out && zone.statistics().cached == 0)
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }
}

/// All zones of a process: each test has one of its own, so that no other test's zones are drained.
@Suite struct ZoneReclaimAllTests {
  @Test func itemsThatHoldItemsOfAnotherZoneComeFirst() async {
    await #expect(processExitsWith: .success) {
      let pages = CountedPages()
      let clusters = Zone(name: "cluster", itemByteCount: 2_048, pages: pages)
      let mbufs = Zone(name: "mbuf", itemByteCount: 256, pages: pages)
      let packets = packetZone(mbufs, clusters)
      let kept = Zone(name: "kept", itemByteCount: 512, flags: .noFree)
      for zone in [packets, mbufs, clusters, kept] { zone.give(try zone.take(1_000)) }
      let keptBefore = kept.statistics()
      #expect(keptBefore.cached >= 1_000)
      #expect(pages.pagesOut > 500)

      let out = pages.pagesOut
      #expect(Zone.reclaimAll(.drainWithCaches) >= out)
      #expect(pages.pagesOut == 0)
      for zone in [packets, mbufs, clusters] { #expect(zone.statistics().total == 0) }
      #expect(kept.statistics().cached == keptBefore.cached, "left alone")
      #expect(packets.destroy() + mbufs.destroy() + clusters.destroy() + kept.destroy() == 0)
      // Nobody has a bucket any more.
      Zone.reclaimAll(.trim)
      #expect(BucketPool.shared.byteCount == 0)
    }
  }

  @Test func aTickEndsTheIntervalOfEveryZone() async {
    await #expect(processExitsWith: .success) {
      let table = try #require(CacheTable())
      let zones = (0..<3).map { Zone(name: "zone \($0)", itemByteCount: 8_192) }
      for zone in zones {
        let items = try (0..<200).map { _ in try zone.take(in: table) }
        for item in items { zone.give(item, in: table) }
        #expect(zone.statistics().workingSet == 0)
      }
      Zone.tick()
      for zone in zones {
        let s = zone.statistics()
        #expect(s.workingSet == 4 * s.inDepot / 5)
      }
      for _ in 0..<10 { Zone.tick() }
      Zone.reclaimAll(.trim)
      for zone in zones { #expect(zone.statistics().inDepot == 0) }
      #expect(Zone.tickInterval == .seconds(20))
    }
  }

  @Test func zonesMayEndMeanwhile() async {
    await #expect(processExitsWith: .success) {
      let left = Stage()
      let threads = startThreads(2) { _ in
        for _ in 0..<200 {
          let zone = Zone(
            name: "short", itemByteCount: 512, pages: PageArena(reservingByteCount: 2 << 20))
          if let items = try? zone.take(50) { zone.give(items) }
          precondition(zone.destroy() == 0)
        }
        left.advance()
      }
      while left.value < 2 { Zone.reclaimAll(.drainWithCaches) }
      join(threads)
      #expect(ZoneStatistics.all().isEmpty)
    }
  }
}

/// A zone whose items hold a cluster each while they are with it.
private func packetZone(_ mbufs: Zone, _ clusters: Zone) -> Zone {
  unsafe Zone(
    name: "packet", sharing: mbufs,
    hooks: ItemHooks(
      importItem: { item, _ in
        guard let cluster = unsafe try? clusters.allocateItem() else { return false }
        unsafe item.storeBytes(of: UInt(bitPattern: cluster), as: UInt.self)
        return true
      },
      exportItem: { item in
        let cluster = unsafe UnsafeMutableRawPointer(bitPattern: item.load(as: UInt.self))
        if let cluster = unsafe cluster { unsafe clusters.freeItem(cluster) }
      }))
}
