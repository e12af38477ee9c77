// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

@Suite struct ZoneStatisticsTests {
  @Test func everyFigureOfAKnownZone() throws {
    // 31 mbufs in two pages.
    let zone = Zone(name: "mbuf", itemByteCount: 256, alignment: 256)
    zone.limitInItems = 40
    let (items, _) = zone.takeAll()
    zone.give(Array(items[..<10]))
    #expect(
      zone.statistics()
        == ZoneStatistics(
          name: "mbuf", itemByteCount: 256, limitInItems: 40, inUse: 30, cached: 10, free: 22,
          total: 62, allocations: 40, frees: 10, denials: 1, sleeps: 0, slabCount: 2,
          slabByteCount: 16_384))
    zone.drain()
    let drained = zone.statistics()
    #expect(drained.inUse == 30 && drained.cached == 0)
    #expect(drained.free == drained.slabCount * 31 - 30)
    zone.give(Array(items[10...]))
    #expect(zone.destroy() == 0)
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
