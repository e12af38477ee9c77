// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

/// What an allocation may ask for, beyond an item: zeroes, no new pages, no new buckets.
@Suite(.timeLimit(.minutes(5))) struct ZoneRequestTests {
  private func isZero(_ item: HeldItem, _ byteCount: Int) -> Bool {
    unsafe UnsafeRawBufferPointer(start: item.address, count: byteCount).allSatisfy { $0 == 0 }
  }

  @Test(arguments: [ZoneFlags(), .zeroInitialize, .noBucket, .offPage, .referenceCounted])
  func zeroesWherever(_ flags: ZoneFlags) throws {
    let zone = Zone(name: "zero", itemByteCount: 100, flags: flags)
    // Fresh from a slab, from a cache, from the depot, from a slab again: dirty each time.
    for round in 0..<4 {
      let items = try (0..<300).map { _ in try zone.take(zeroed: true) }
      #expect(items.allSatisfy { isZero($0, 100) })
      for item in items { item.fill(1, byteCount: 100) }
      zone.give(items)
      if round == 2 { zone.drain() }
    }
    #expect(zone.destroy() == 0)
  }

  @Test func zeroesAreThereBeforeTheConstructor() throws {
    let hooks = unsafe ItemHooks(construct: { item in
      let wasZero = unsafe item.load(as: UInt64.self) == 0
      unsafe item.storeBytes(of: wasZero ? 7 : 9, as: UInt64.self)
      return true
    })
    let zone = Zone(name: "order", itemByteCount: 64, hooks: hooks)
    let item = try zone.take(zeroed: true)
    #expect(item.firstWord == 7)
    zone.give(item)
    let again = try zone.take()
    #expect(again.firstWord == 9)
    zone.give(again)
    #expect(zone.destroy() == 0)
  }

  @Test func zeroesThatWouldWipeWhatHooksPreparedTrap() async {
    await #expect(processExitsWith: .failure) {
      let hooks = unsafe ItemHooks(importItem: { _, _ in true })
      _ = try Zone(name: "prepared", itemByteCount: 64, hooks: hooks).take(zeroed: true)
    }
    await #expect(processExitsWith: .failure) {
      let hooks = unsafe ItemHooks(initialize: { _ in true })
      _ = try Zone(name: "prepared", itemByteCount: 64, hooks: hooks).take(zeroed: true)
    }
  }

  /// A bucket that a zeroed allocation brought must not be wiped with the item.
  @Test func zeroesDoNotReachBuckets() throws {
    let zone = Zone(name: "buckets", itemByteCount: 64)
    let first = try zone.take(zeroed: true)
    let cached = zone.statistics().cached
    let rest = try zone.take(cached)
    #expect(Set(rest + [first]).count == cached + 1)
    zone.give(rest + [first])
    #expect(zone.destroy() == 0)
  }

  @Test func noPagesNeverAsksForPages() throws {
    let pages = CountedPages()
    let zone = Zone(name: "novm", itemByteCount: 256, pages: pages)
    let other = try #require(CacheTable())
    let denied = ZoneError(zone: zone, reason: .outOfMemory, count: 256)
    #expect(throws: denied) { try zone.take(.noPages) }
    #expect(pages.runsMade == 0 && pages.refusals == 0)
    // What is in another thread's cache, and what is on slabs, it does find.
    zone.give(try zone.take(in: other), in: other)
    let made = pages.runsMade
    let items = try (0..<zone.layout.itemCount).map { _ in try zone.take(.noPages) }
    #expect(throws: denied) { try zone.take(.noPages) }
    #expect(pages.runsMade == made)
    zone.give(items)
    #expect(zone.destroy() == 0)
    other.retire()
  }

  @Test func withoutBucketsItGoesItemByItem() throws {
    let zone = Zone(name: "vm", itemByteCount: 64, flags: .bucketCacheOnly)
    #expect(zone.withDepot { !$0.bucketsMayGrow })
    let items = try zone.take(500)
    zone.give(items)
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
  }

  // MARK: Cache-only zones

  /// Hands out addresses of one block and takes them back.
  private final class Tokens: ItemSource {
    private let block = UInt(
      bitPattern: UnsafeMutableRawPointer.allocate(byteCount: 4_096, alignment: 64))
    private let free = Guarded(Array(0..<64))

    var freeCount: Int { free.withLock { $0.count } }

    func importItems(
      into items: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>, mayGrow: Bool
    ) -> Int {
      free.withLock { free in
        let count = Swift.min(items.count, free.count)
        for index in 0..<count {
          guard let token = free.popLast(),
            let address = unsafe UnsafeMutableRawPointer(bitPattern: block + UInt(token * 64))
          else { return index }
          unsafe items[index] = address
        }
        return count
      }
    }

    func releaseItem(_ item: UnsafeMutableRawPointer) {
      let token = Int(UInt(bitPattern: item) - block) / 64
      free.withLock { $0.append(token) }
    }
  }

  @Test func aCacheOnlyZoneCachesWhatASourceHas() throws {
    let tokens = Tokens()
    let zone = Zone(name: "tokens", itemByteCount: 64, source: tokens)
    let (items, denial) = zone.takeAll()
    #expect(Set(items).count == 64 && denial.reason == .outOfMemory)
    zone.give(items)
    #expect(zone.statistics().cached == 64 && tokens.freeCount == 0)
    #expect(zone.statistics().slabCount == 0 && zone.flags == [])
    zone.limitInItems = 5
    #expect(tokens.freeCount == 64)
    #expect(zone.takeAll().items.count == 5)
    zone.checkInvariants()
    #expect(zone.destroy() == 5)
  }

  @Test func aLimitThatIsMetIsToldOf() throws {
    let zone = Zone(name: "told", itemByteCount: 64)
    let told = Box<[ZoneError]>()
    told.value = []
    zone.limitInItems = 2
    zone.setLimitNotice(nil) { told.append($0) }
    let (items, denial) = zone.takeAll()
    #expect(told.value == [denial])
    // With a deadline it might be too late to sleep, and then it is told of nothing.
    let waiting = startThreads(1) { _ in
      if let item = try? zone.take(.wait()) { zone.give(item) }
    }
    while told.value?.count != 2 { letOthersRun() }
    #expect(told.value?.last?.reason == .limitReached)
    zone.setLimitNotice(nil)
    #expect((try? zone.take()) == nil && told.value?.count == 2)
    zone.give(items)
    join(waiting)
    #expect(zone.destroy() == 0)
  }

  @Test func theWarningIsPrintedOnce() async {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      let zone = Zone(name: "clusters", itemByteCount: 64)
      zone.limitInItems = 1
      zone.setLimitNotice("please raise the limit")
      let item = try zone.take()
      for _ in 0..<5 { _ = try? zone.take() }
      zone.give(item)
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(
      text.split(separator: "\n").filter { $0.contains("please raise") }
        == ["[zone: clusters] please raise the limit (limit 1)"])
  }

  @Test func preallocationStopsAtTheLimitAndAtThePages() throws {
    let pages = CountedPages()
    let zone = Zone(name: "ahead", itemByteCount: 2_048, pages: pages)
    let perSlab = zone.layout.itemCount
    #expect(zone.preallocate(perSlab + 1) == 2 * perSlab)
    #expect(zone.preallocate(perSlab) == 0)
    pages.setLimit(pages.pagesOut)
    #expect(zone.preallocate(5 * perSlab) == 0)
    #expect(try zone.take(.noPages).number != 0)
    #expect(zone.statistics().inUse == 1)
    zone.limitInItems = 1
    pages.setLimit(.max)
    zone.drain()
    #expect(zone.preallocate(5 * perSlab) == 0)
    #expect(zone.destroy() == 1)
  }
}
