// SPDX-License-Identifier: BSD-2-Clause
import CUMA
import TestSupport
import Testing

@testable import UMA

@Suite struct ZoneStatisticsTests {
  @Test func everyFigureOfAKnownZone() throws {
    // 31 mbufs in two pages.
    let table = try #require(CacheTable())
    let zone = Zone(name: "mbuf", itemByteCount: 256, alignment: 256)
    zone.limitInItems = 40
    let (items, _) = zone.takeAll(in: table)
    for item in items[..<10] { zone.give(item, in: table) }
    var expected = ZoneStatistics(
      name: "mbuf", itemByteCount: 256, limitInItems: 40, inUse: 30, cached: 10, free: 22,
      total: 62, allocations: 40, frees: 10, denials: 1, sleeps: 0, slabCount: 2,
      slabByteCount: 16_384)
    expected.strideByteCount = 256
    expected.pageCount = 4
    expected.flags = .full
    expected.limitInForce = 40
    expected.bucketCapacity = 5
    var s = zone.statistics()
    expected.denialsByReason = [
      .limitReached: 1, .outOfMemory: 0, .budgetReached: 0, .injected: 0, .deadlinePassed: 0,
      .cancelled: 0,
    ]
    // The ten lie in the cache and, two buckets being full, in the depot.
    let cache = try #require(s.threadCaches.first)
    #expect(s.threadCaches.count == 1 && cache.thread == table.number)
    #expect(cache.cached + s.inDepot == 10 && cache.cached <= 10)
    #expect(cache.allocations + s.sharedAllocations == 40 && cache.frees + s.sharedFrees == 10)
    #expect(s.lockAcquisitions > 0)
    expected.threadCaches = s.threadCaches
    (expected.inDepot, expected.lockAcquisitions) = (s.inDepot, s.lockAcquisitions)
    (expected.sharedAllocations, expected.sharedFrees) = (s.sharedAllocations, s.sharedFrees)
    #expect(s == expected)

    zone.drain()
    s = zone.statistics()
    #expect(s.inUse == 30 && s.cached == 0 && s.flags == [])
    #expect(s.free == s.slabCount * 31 - 30)
    zone.reserveInItems = 4
    zone.limitInItems = 25
    s = zone.statistics()
    #expect(s.limitInItems == 25 && s.reserveInItems == 4 && s.limitInForce == 21)
    #expect(s.itemsAboveLimit == 5 && s.flags == .full && s.bucketCapacity == 3)
    for item in items[10...] { zone.give(item, in: table) }
    zone.inject(FailurePlan(failing: 1))
    #expect(throws: ZoneError.self) { _ = try zone.take(in: table) }
    #expect(zone.statistics().denialsByReason[.injected] == 1 && zone.statistics().denials == 2)
    zone.inject(nil)
    #expect(zone.destroy() == 0)
    table.retire()
  }

  @Test func aSleeperIsCountedWhileItSleepsAndAfter() throws {
    let zone = Zone(name: "bed", itemByteCount: 64)
    zone.limitInItems = 1
    let item = try zone.take()
    let threads = startThreads(1) { _ in
      if let item = try? unsafe HeldItem(zone.allocate(.wait(until: nil))) { zone.give(item) }
    }
    while zone.statistics().sleepers == 0 { mbuma_yield() }
    #expect(zone.statistics().sleeps == 1)
    zone.give(item)
    join(threads)
    let s = zone.statistics()
    #expect(s.sleepers == 0 && s.sleeps == 1 && s.allocations == 2 && s.denials == 0)
    #expect(throws: ZoneError.self) {
      let item = try zone.take()
      defer { zone.give(item) }
      _ = unsafe try zone.allocate(.wait(until: .now))
    }
    #expect(zone.statistics().denialsByReason[.deadlinePassed] == 1)
    #expect(zone.destroy() == 0)
  }

  /// What runs on no lock is not counted as one: 1,000 pairs out of a cache take none.
  @Test func lockAcquisitionsAreThoseOfTheSlowPath() throws {
    let table = try #require(CacheTable())
    let zone = Zone(name: "locks", itemByteCount: 64)
    zone.give(try zone.take(in: table), in: table)
    var before: UInt64 = 0
    var taken = UInt64.max
    // Another test that walks all zones may come by and take the lock now and then. A pair that took one
    // would do so every time.
    for _ in 0..<100 where taken > 0 {
      before = zone.statistics().lockAcquisitions
      for _ in 0..<1_000 { zone.give(try zone.take(in: table), in: table) }
      taken = zone.statistics().lockAcquisitions - before
    }
    #expect(taken == 0)
    zone.drain()
    #expect(zone.statistics().lockAcquisitions > before)
    #expect(zone.destroy() == 0)
    table.retire()
  }

  @Test func allZonesAreThereInTheirOrder() throws {
    let zones = (0..<3).map { Zone(name: "listed \($0)", itemByteCount: 64 << $0) }
    let items = try zones[1].take(5)
    let all = ZoneStatistics.all().filter { $0.name.hasPrefix("listed ") }
    #expect(all.map(\.name) == ["listed 0", "listed 1", "listed 2"])
    #expect(all.map(\.inUse) == [0, 5, 0])
    zones[1].give(items)
    for zone in zones { #expect(zone.destroy() == 0) }
    #expect(!ZoneStatistics.all().contains { $0.name.hasPrefix("listed ") })
  }

  /// `total == inUse + cached + free == slabs * itemsPerSlab` after every step of a random run.
  @Test(arguments: [24, 256, 2_048, 16_384])
  func theIdentityHoldsAtEveryQuietPoint(_ byteCount: Int) throws {
    var random = SeededRandom()
    let tables = try (0..<3).map { _ in try #require(CacheTable()) }
    let zone = Zone(name: "identity", itemByteCount: byteCount)
    var held: [HeldItem] = []
    var allocations: UInt64 = 0
    for step in 0..<800 {
      let table = tables[Int.random(in: 0..<3, using: &random)]
      if random.chance(step < 400 ? 70 : 30) {
        held.append(try zone.take(in: table))
        allocations += 1
      } else if !held.isEmpty {
        zone.give(held.remove(at: Int.random(in: 0..<held.count, using: &random)), in: table)
      }
      if random.chance(1) { zone.drain() }
      let s = zone.statistics()
      let isRight =
        s.inUse == held.count && s.total == s.inUse + s.cached + s.free
        && s.total == s.slabCount * zone.layout.itemCount
        && s.allocations == allocations && s.frees == allocations - UInt64(held.count)
        && s.slabByteCount == s.slabCount * zone.layout.byteCount
      #expect(isRight, "step \(step): \(s)")
      if !isRight { break }
    }
    for item in held { zone.give(item, in: tables[0]) }
    #expect(zone.destroy() == 0)
    for table in tables { table.retire() }
  }

  /// The caches are held still together, so that no item is counted at two places or at none.
  @Test func figuresTakenMeanwhileStayWithinTheirBounds() {
    let zone = Zone(name: "meanwhile", itemByteCount: 64)
    zone.limitInItems = 200
    let left = Stage()
    let threads = startThreads(3) { _ in
      for round in 0..<3_000 {
        var items: [HeldItem] = []
        while items.count < 1 + round % 50, let item = try? zone.take() { items.append(item) }
        zone.give(items)
      }
      left.advance()
    }
    while left.value < 3 {
      let s = zone.statistics()
      #expect(s.inUse >= 0 && s.inUse <= 150, "\(s)")
      #expect(s.inUse + s.cached <= 200, "\(s)")
    }
    join(threads)
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
  }

  @Test func countsOfEndedThreadsAreKept() {
    let zone = Zone(name: "ended", itemByteCount: 64)
    onThreads(4) { _ in
      for _ in 0..<1_000 { if let item = try? zone.take() { zone.give(item) } }
    }
    let s = zone.statistics()
    #expect(s.allocations == 4_000 && s.frees == 4_000 && s.inUse == 0)
    #expect(zone.destroy() == 0)
  }
}
