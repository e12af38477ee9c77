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

/// Items kept back for callers with a claim on them.
@Suite struct ZoneReserveTests {
  @Test func theReserveIsForThoseWithAClaim() throws {
    let zone = Zone(name: "reserve", itemByteCount: 256)
    zone.limitInItems = 10
    zone.reserveInItems = 3
    let (ordinary, denial) = zone.takeAll()
    #expect(ordinary.count == 7 && denial.reason == .limitReached)
    let reserved = try (0..<3).map { _ in try zone.take(usesReserve: true) }
    #expect((try? zone.take(usesReserve: true)) == nil)
    // What comes back above the ordinary part is not there for ordinary callers.
    zone.give(reserved[0])
    #expect((try? zone.take()) == nil)
    zone.give(try zone.take(usesReserve: true))
    zone.give(Array(reserved[1...]))
    #expect(zone.takeAll().items.isEmpty)
    zone.give(ordinary)
    #expect(zone.takeAll().items.count == 7)
    #expect(zone.destroy() == 7)
  }

  @Test func theReserveIsMemoryAtTheReady() throws {
    let pages = CountedPages()
    let zone = Zone(name: "ready", itemByteCount: 2_048, pages: pages)
    zone.reserveInItems = zone.layout.itemCount
    pages.setLimit(pages.pagesOut)
    #expect(pages.pagesOut == zone.layout.pageCount)
    #expect((try? zone.take()) == nil)
    let items = try (0..<zone.layout.itemCount).map { _ in try zone.take(usesReserve: true) }
    zone.give(items)
    zone.drain()
    #expect(pages.pagesOut == zone.layout.pageCount)
    zone.reserveInItems = 0
    #expect(zone.destroy() == 0)
  }

  @Test func theReserveIsMadeUnderALimitAndGoesWithItsZone() throws {
    let pages = CountedPages()
    let master = Zone(name: "master", itemByteCount: 4_000, pages: pages)
    let second = Zone(name: "second", sharing: master, hooks: ItemHooks())
    second.limitInItems = 40
    second.reserveInItems = 35
    #expect(master.keg.slabs.withLock { $0.freeItemCount } >= 35)
    #expect(second.destroy() == 0)
    pages.setLimit(pages.pagesOut)
    let (items, _) = master.takeAll()
    #expect(items.count >= 35)
    master.give(items)
    #expect(master.destroy() == 0 && pages.pagesOut == 0)
  }

  @Test func aClaimGoesBeforePatience() throws {
    let zone = Zone(name: "claim", itemByteCount: 256)
    zone.limitInItems = 2
    zone.reserveInItems = 1
    let items = [try zone.take(), try zone.take(usesReserve: true)]
    let served = Box<[Int]>()
    served.value = []
    let ordinary = startThreads(1) { _ in
      guard let item = try? zone.take(.wait()) else { return }
      served.append(0)
      zone.give(item)
    }
    while zone.withDepot({ $0.sleeps }) < 1 { sched_yield() }
    let claimant = startThreads(1) { _ in
      guard let item = try? zone.take(.wait(), usesReserve: true) else { return }
      served.append(7)
      zone.give(item)
    }
    while zone.withDepot({ $0.sleeps }) < 2 { sched_yield() }
    zone.give(items[0])
    join(claimant)
    zone.give(items[1])
    join(ordinary)
    #expect(served.value == [7, 0])
    #expect(zone.destroy() == 0)
  }

  @Test func anItemDrawnForAClaimIsNotForOthers() throws {
    let zone = Box<Zone>()
    let claim = Stage()
    let mayEnd = Stage()
    let made = unsafe Zone(
      name: "claim", itemByteCount: 256,
      hooks: ItemHooks(importItem: { _, _ in
        // The item for the claimant is on its way until the claimant has left.
        guard claim.value > 0 else { return true }
        claim.wait(for: 2)
        return true
      }))
    zone.value = made
    made.limitInItems = 3
    made.reserveInItems = 2
    let items = [try made.take()] + (try (0..<2).map { _ in try made.take(usesReserve: true) })
    let claimant = startThreads(1) { _ in
      #expect(throws: ZoneError.self) {
        try made.take(.wait(for: .milliseconds(50)), usesReserve: true)
      }
      claim.advance()
    }
    while made.withDepot({ $0.sleeps }) == 0, claim.value == 0 { sched_yield() }
    let ordinary = startThreads(1) { _ in
      #expect(throws: ZoneError.self) { try made.take(.wait(for: .milliseconds(300))) }
      mayEnd.advance()
    }
    claim.advance()
    made.limitInItems = 4
    join(claimant + ordinary)
    #expect(made.statistics().inUse == 3)
    made.give(items)
    #expect(made.destroy() == 0)
  }
}
