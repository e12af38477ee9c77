// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import Testing

@testable import UMA

/// Two simulated CPUs on one thread, step by step.
@Suite struct ZoneCacheTests {
  let cpu0: CacheTable
  let cpu1: CacheTable

  init() throws {
    cpu0 = try #require(CacheTable())
    cpu1 = try #require(CacheTable())
  }

  /// Loaded count and capacity, spare count and capacity; -1 where there is no bucket.
  private func shape(_ zone: Zone, _ table: CacheTable) -> [Int] {
    guard let cache = zone.cache(in: table) else { return [] }
    return [
      cache.loaded == nil ? -1 : cache.loadedCount, cache.loaded?.capacity ?? -1,
      cache.spare?.count ?? -1, cache.spare?.capacity ?? -1,
    ]
  }

  /// A zone under a limit that makes its buckets hold 128 items.
  private func zoneOfSmallBuckets(_ name: String) -> Zone {
    let zone = Zone(name: name, itemByteCount: 8)
    zone.limitInItems = 1_024
    return zone
  }

  private func bucketsInDepot(_ zone: Zone) -> [Int] {
    zone.withDepot { [$0.full.count, $0.empty.count] }
  }

  private func end(_ zone: Zone) {
    #expect(zone.destroy() == 0)
    cpu0.retire()
    cpu1.retire()
  }

  @Test func anItemGoesRoundInOneCache() throws {
    // 510 items of 8 bytes fill a page, so a fill of 128 comes from one slab.
    let zone = zoneOfSmallBuckets("step")
    #expect(shape(zone, cpu0) == [-1, -1, -1, -1])
    let item = try zone.take(in: cpu0)
    // One for the caller, 127 for the cache.
    #expect(shape(zone, cpu0) == [127, 128, -1, -1])
    #expect(shape(zone, cpu1) == [-1, -1, -1, -1])
    zone.give(item, in: cpu0)
    #expect(shape(zone, cpu0) == [128, 128, -1, -1])
    #expect(try zone.take(in: cpu0) == item)
    zone.give(item, in: cpu0)
    end(zone)
  }

  @Test func theSpareKeepsAThreadAtABucketsEdgeFromTheZone() throws {
    let zone = zoneOfSmallBuckets("edge")
    var items: [HeldItem] = []
    for _ in 0..<129 { items.append(try zone.take(in: cpu0)) }
    // The second fill: one out, 127 loaded, the first bucket went to the depot, empty.
    #expect(shape(zone, cpu0) == [127, 128, -1, -1])
    #expect(bucketsInDepot(zone) == [0, 1])
    zone.give(items.removeLast(), in: cpu0)
    #expect(shape(zone, cpu0) == [128, 128, -1, -1])
    // Full: the loaded bucket becomes the spare, an empty one is loaded.
    zone.give(items.removeLast(), in: cpu0)
    #expect(shape(zone, cpu0) == [1, 128, 128, 128])
    let before = zone.withDepot { $0.transfersInFlight + $0.full.count }
    for _ in 0..<20 {
      // Two down and two up across the edge: only the two buckets change places.
      let a = try zone.take(in: cpu0)
      let b = try zone.take(in: cpu0)
      #expect(shape(zone, cpu0) == [127, 128, 0, 128])
      zone.give(b, in: cpu0)
      zone.give(a, in: cpu0)
      #expect(shape(zone, cpu0) == [1, 128, 128, 128])
    }
    #expect(zone.withDepot { $0.transfersInFlight + $0.full.count } == before)
    #expect(bucketsInDepot(zone) == [0, 0])
    // 127 more fill the second bucket, the next sends the spare to the depot.
    for _ in 0..<127 { zone.give(items.removeLast(), in: cpu0) }
    #expect(shape(zone, cpu0) == [128, 128, 128, 128])
    #expect(items.isEmpty)
    end(zone)
  }

  @Test func aFullBucketTravelsFromOneCPUToTheOther() throws {
    let zone = zoneOfSmallBuckets("travel")
    var items: [HeldItem] = []
    for _ in 0..<300 { items.append(try zone.take(in: cpu0)) }
    for item in items { zone.give(item, in: cpu1) }
    // 300 freed: 128 in the depot, 128 spare, 44 loaded.
    #expect(shape(zone, cpu1) == [44, 128, 128, 128])
    #expect(bucketsInDepot(zone)[0] == 1)
    // CPU 0 uses up what it has, then finds the bucket of CPU 1.
    let left = shape(zone, cpu0)[0]
    for _ in 0..<left { items.append(try zone.take(in: cpu0)) }
    let next = try zone.take(in: cpu0)
    #expect(next == items[127])
    #expect(shape(zone, cpu0)[0] == 127 && bucketsInDepot(zone)[0] == 0)
    zone.checkInvariants()
    zone.give(next, in: cpu0)
    for item in items[300...] { zone.give(item, in: cpu1) }
    #expect(zone.statistics().inUse == 0)
    end(zone)
  }

  @Test func aCPUTakesItsOwnNewestBucketAndTheOldestOfAnother() throws {
    let zone = zoneOfSmallBuckets("order")
    var items: [HeldItem] = []
    for _ in 0..<640 { items.append(try zone.take(in: cpu0)) }
    for item in items { zone.give(item, in: cpu1) }
    // Three buckets of 128 in the depot, filled in this order by CPU 1.
    #expect(bucketsInDepot(zone)[0] == 3)
    while shape(zone, cpu0)[0] > 0 { items.append(try zone.take(in: cpu0)) }
    let other = try zone.take(in: cpu0)
    #expect(other == items[127])
    // CPU 1 uses up its two and takes the newest of its own.
    for _ in 0..<256 { items.append(try zone.take(in: cpu1)) }
    let own = try zone.take(in: cpu1)
    #expect(own == items[383])
    for item in items[640...] + [other, own] { zone.give(item, in: cpu0) }
    zone.checkInvariants()
    #expect(zone.statistics().inUse == 0)
    end(zone)
  }

  @Test func anItemMayBeFreedByAnotherCPU() throws {
    let zone = Zone(name: "cross", itemByteCount: 2_048)
    let item = try zone.take(in: cpu0)
    zone.give(item, in: cpu1)
    #expect(try zone.take(in: cpu1) == item)
    zone.give(item, in: cpu1)
    let statistics = zone.statistics()
    #expect(statistics.allocations == 2 && statistics.frees == 2 && statistics.inUse == 0)
    end(zone)
  }

  @Test func aVisitorKeepsTheOwnerOffTheFastPath() throws {
    let zone = zoneOfSmallBuckets("asked")
    let item = try zone.take(in: cpu0)
    let isOff = asked(true, zone.cache(in: cpu0)) { cache in
      cache.take() == nil && !cache.give(item.item) && !cache.isBusy
    }
    #expect(isOff)
    #expect(shape(zone, cpu0) == [127, 128, -1, -1])
    // The slow path serves the owner all the same.
    zone.give(item, in: cpu0)
    #expect(shape(zone, cpu0) == [128, 128, -1, -1])
    #expect(try zone.take(in: cpu0) == item)
    let isOn = asked(false, zone.cache(in: cpu0)) { $0.give(item.item) }
    #expect(isOn)
    #expect(zone.statistics().inUse == 0)
    end(zone)
  }

  /// Sets `asked` as a visitor would and leaves it so.
  private func asked(_ isAsked: Bool, _ cache: Cache?, _ body: (Cache) -> Bool) -> Bool {
    guard let cache else { return false }
    cache.ask(isAsked)
    return body(cache)
  }

  @Test func gatherEmptiesBothCaches() throws {
    let zone = Zone(name: "gather", itemByteCount: 8)
    var items: [HeldItem] = []
    for _ in 0..<200 { items.append(try zone.take(in: cpu0)) }
    for item in items { zone.give(item, in: cpu1) }
    let cached = zone.statistics().cached
    zone.withDepot { zone.gather(&$0) }
    #expect(shape(zone, cpu0) == [-1, -1, -1, -1] && shape(zone, cpu1) == [-1, -1, -1, -1])
    #expect(zone.withDepot { $0.full.itemCount } == cached)
    zone.checkInvariants()
    // What was gathered goes out again before the keg is asked.
    let drawn = zone.withDepot { $0.itemCount }
    let again = try (0..<cached).map { _ in try zone.take(in: cpu1) }
    #expect(zone.withDepot { $0.itemCount } == drawn && Set(again).count == cached)
    for item in again { zone.give(item, in: cpu0) }
    end(zone)
  }

  @Test func aRetiredTableLeavesItsItemsAndCounts() throws {
    let zone = Zone(name: "retire", itemByteCount: 8)
    let table = try #require(CacheTable())
    let items = try (0..<150).map { _ in try zone.take(in: table) }
    for item in items[..<140] { zone.give(item, in: table) }
    let before = zone.statistics()
    #expect(before.threadCaches.map(\.thread) == [table.number])
    table.retire()
    let after = zone.statistics()
    #expect(after.allocations == 150 && after.frees == 140 && after.threadCaches.isEmpty)
    #expect(after.cached == before.cached && after.free == before.free && after.inUse == 10)
    zone.checkInvariants()
    // The items are found again by whoever comes next.
    let drawn = zone.withDepot { $0.itemCount }
    let again = try (0..<before.cached).map { _ in try zone.take(in: cpu0) }
    #expect(zone.withDepot { $0.itemCount } == drawn)
    for item in again + items[140...] { zone.give(item, in: cpu0) }
    end(zone)
  }
}
