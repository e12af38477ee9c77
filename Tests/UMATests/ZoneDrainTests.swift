// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import UMA

#if canImport(Glibc)
  import Glibc
#endif

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

  #if os(Linux)
    /// In a process of its own, so that no other test's memory is measured.
    @Test func theSystemGetsItsMemoryBack() async {
      await #expect(processExitsWith: .success) {
        let zone = Zone(name: "large", itemByteCount: 2_048)
        zone.give(try zone.take(1))
        zone.drain()
        let before = residentByteCount()
        let items = try zone.take(100 * 1_024)
        for item in items { item.fill(1, byteCount: 2_048) }
        let full = residentByteCount()
        #expect(full - before > 200 << 20)
        zone.give(items)
        zone.drain()
        let after = residentByteCount()
        // A sanitizer keeps its shadow of an eighth.
        #expect(after - before < 40 << 20, "\(after - before) bytes stayed")
        #expect(zone.destroy() == 0)
      }
    }
  #endif
}

#if os(Linux)
  /// Bytes of memory this process has in use, from /proc/self/statm.
  func residentByteCount() -> Int {
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var text = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&text, 255, file) != nil else { return 0 }
    let digits = text.prefix { $0 != 0 }.map { Character(UnicodeScalar(UInt8(bitPattern: $0))) }
    let pages = String(digits).split(separator: " ")[1]
    return (Int(pages) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
#endif
