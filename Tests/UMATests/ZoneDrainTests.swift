// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import UMA

@Suite struct ZoneDrainTests {
  @Test func allCachesComeBackAndEmptySlabsGo() throws {
    let cpu0 = try #require(CacheTable())
    let cpu1 = try #require(CacheTable())
    let pages = CountedPages()
    let zone = Zone(name: "drain", itemByteCount: 256, pages: pages)
    let a = try (0..<500).map { _ in try zone.take(in: cpu0) }
    let b = try (0..<500).map { _ in try zone.take(in: cpu1) }
    for item in a { zone.give(item, in: cpu1) }
    for item in b { zone.give(item, in: cpu0) }
    let out = pages.pagesOut
    #expect(out >= 1_000 / 31 * 2)
    #expect(zone.drain() == out)
    #expect(pages.pagesOut == 0)
    let statistics = zone.statistics()
    #expect(statistics.total == 0 && statistics.allocations == 1_000 && statistics.frees == 1_000)
    #expect(zone.drain() == 0)
    #expect(zone.destroy() == 0)
    cpu0.retire()
    cpu1.retire()
  }

  @Test func slabsWithAnItemOutStay() throws {
    let pages = CountedPages()
    let zone = Zone(name: "held", itemByteCount: 256, pages: pages)
    let perSlab = zone.layout.itemCount
    let items = try zone.take(perSlab * 10)
    items[perSlab * 5].fill(42, byteCount: 256)
    zone.give(items.enumerated().filter { $0.offset != perSlab * 5 }.map(\.element))
    zone.drain()
    #expect(pages.pagesOut == zone.layout.pageCount)
    #expect(items[perSlab * 5].isFilled(42, byteCount: 256))
    let statistics = zone.statistics()
    #expect(statistics.inUse == 1 && statistics.free == perSlab - 1 && statistics.cached == 0)
    zone.checkInvariants()
    zone.give(items[perSlab * 5])
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test func aDrainedZoneWorksOn() throws {
    let zone = Zone(name: "again", itemByteCount: 2_048)
    for _ in 0..<20 {
      let items = try zone.take(100)
      for (index, item) in items.enumerated() { item.fill(UInt64(index), byteCount: 2_048) }
      zone.give(Array(items[..<50]))
      zone.drain()
      for index in 50..<100 { #expect(items[index].isFilled(UInt64(index), byteCount: 2_048)) }
      zone.give(Array(items[50...]))
      zone.checkInvariants()
    }
    #expect(zone.destroy() == 0)
  }
}
