// SPDX-License-Identifier: BSD-2-Clause
import CUMA
import TestSupport
import Testing

@testable import UMA

/// In processes of their own, since a refused budget empties the caches of other tests' zones.
@Suite struct MemoryBudgetTests {
  @Test func severalZonesShareIt() async {
    await #expect(processExitsWith: .success) {
      let budget = MemoryBudget()
      let small = Zone(name: "small", itemByteCount: 256, budget: budget)
      let large = Zone(name: "large", itemByteCount: 2_048, budget: budget)
      budget.limitInBytes = small.layout.costInBytes + 2 * large.layout.costInBytes
      let item = try small.take()
      #expect(budget.usedByteCount == small.layout.costInBytes)
      let (items, denial) = large.takeAll()
      #expect(items.count == 2 * large.layout.itemCount)
      #expect(budget.usedByteCount == budget.limitInBytes)
      #expect(denial == ZoneError(zone: large, reason: .budgetReached, count: budget.limitInBytes))
      #expect(denial.description.contains("raise limitInBytes of the memory budget"))
      // The other zone's memory is free: it comes back before the next denial.
      small.give(item)
      large.give(items)
      large.drain()
      let (again, _) = large.takeAll()
      #expect(
        again.count == 2 * large.layout.itemCount && budget.usedByteCount <= budget.limitInBytes)
      large.give(again)
      #expect(small.destroy() == 0 && large.destroy() == 0)
      #expect(budget.usedByteCount == 0)
    }
  }

  @Test func whatOtherZonesHaveCachedComesBackFirst() async {
    await #expect(processExitsWith: .success) {
      let budget = MemoryBudget()
      let idle = Zone(name: "idle", itemByteCount: 2_048, budget: budget)
      let busy = Zone(name: "busy", itemByteCount: 2_048, budget: budget)
      budget.limitInBytes = 4 * idle.layout.costInBytes
      let other = try #require(CacheTable())
      let parked = try (0..<4 * idle.layout.itemCount).map { _ in try idle.take(in: other) }
      for item in parked { idle.give(item, in: other) }
      #expect(budget.usedByteCount == budget.limitInBytes)
      let (items, denial) = busy.takeAll()
      #expect(items.count == 4 * busy.layout.itemCount && denial.reason == .budgetReached)
      busy.give(items)
      #expect(idle.destroy() == 0 && busy.destroy() == 0)
      other.retire()
    }
  }

  @Test func whatZonesOnOtherBudgetsHaveCachedStaysThere() async {
    await #expect(processExitsWith: .success) {
      let (budget, otherBudget) = (MemoryBudget(), MemoryBudget())
      let aside = Zone(name: "aside", itemByteCount: 2_048, budget: otherBudget)
      let busy = Zone(name: "busy", itemByteCount: 2_048, budget: budget)
      budget.limitInBytes = busy.layout.costInBytes
      let table = try #require(CacheTable())
      aside.give(try aside.take(in: table), in: table)
      let cached = aside.statistics().cached
      #expect(cached > 0)
      let (items, denial) = busy.takeAll()
      #expect(denial.reason == .budgetReached && items.count == busy.layout.itemCount)
      #expect(aside.statistics().cached == cached)
      busy.give(items)
      #expect(aside.destroy() == 0 && busy.destroy() == 0)
      table.retire()
    }
  }

  /// Its items hold items of a zone on the budget, so what it has cached counts.
  @Test func whatIsHeldFromAnotherBudgetComesBackToo() async {
    await #expect(processExitsWith: .success) {
      let budget = MemoryBudget()
      let clusters = Zone(name: "held", itemByteCount: 2_048, budget: budget)
      let busy = Zone(name: "busy", itemByteCount: 2_048, budget: budget)
      let holder = unsafe Zone(
        name: "holder", itemByteCount: 256,
        hooks: ItemHooks(
          importItem: { item, isAwaited in
            let cluster =
              isAwaited ? unsafe try? clusters.allocateItem() : unsafe clusters.allocateItemAtHand()
            guard let cluster = unsafe cluster else { return false }
            unsafe item.storeBytes(of: UInt(bitPattern: cluster), as: UInt.self)
            return true
          },
          exportItem: { item in
            let held = unsafe item.load(as: UInt.self)
            guard let cluster = unsafe UnsafeMutableRawPointer(bitPattern: held) else { return }
            unsafe clusters.freeItem(cluster)
          }), budget: MemoryBudget())
      let table = try #require(CacheTable())
      let parked = try (0..<64).map { _ in try holder.take(in: table) }
      for item in parked { holder.give(item, in: table) }
      budget.limitInBytes = budget.usedByteCount
      #expect(clusters.statistics().inUse >= 64)
      busy.give(try busy.take())
      #expect(clusters.statistics().inUse == 0)
      #expect(holder.destroy() + clusters.destroy() + busy.destroy() == 0)
      table.retire()
    }
  }

  @Test func aSiblingOnAKegThatKeepsItsSlabsGivesBack() async {
    await #expect(processExitsWith: .success) {
      let budget = MemoryBudget()
      let zone = Zone(name: "kept", itemByteCount: 2_048, flags: .noFree, budget: budget)
      let sibling = Zone(name: "sibling", sharing: zone, hooks: ItemHooks())
      budget.limitInBytes = 2 * zone.layout.costInBytes
      let table = try #require(CacheTable())
      let parked = try (0..<2 * zone.layout.itemCount).map { _ in try sibling.take(in: table) }
      for item in parked { sibling.give(item, in: table) }
      zone.give(try zone.take())
      table.retire()
      #expect(sibling.destroy() == 0)
    }
  }

  @Test func bucketsOfZonesOnOtherBudgetsAreTheProcesss() async {
    await #expect(processExitsWith: .success) {
      let aside = Zone(name: "aside", itemByteCount: 64, budget: MemoryBudget())
      let table = try #require(CacheTable())
      let parked = try (0..<60_000).map { _ in try aside.take(in: table) }
      for item in parked { aside.give(item, in: table) }
      let zone = Zone(name: "busy", itemByteCount: 2_048)
      let first = try zone.take()
      MemoryBudget.process.limitInBytes = MemoryBudget.process.usedByteCount
      let (items, denial) = zone.takeAll()
      #expect(denial.reason == .budgetReached)
      aside.drain()
      BucketPool.shared.releasePages()
      #expect(zone.takeAll().items.isEmpty)
      zone.give([first] + items)
    }
  }

  @Test func memoryOfAnySizeComesBackBeforeALargeDenial() async {
    await #expect(processExitsWith: .success) {
      let budget = MemoryBudget()
      let allocator = SizeClassAllocator(name: "counted", budget: budget)
      let type = MallocType("budget test")
      let small = unsafe try (0..<2_000).map { _ in
        unsafe try allocator.allocate(byteCount: 2_048, type: type)
      }
      unsafe small.forEach { unsafe allocator.free($0, type: type) }
      budget.limitInBytes = budget.usedByteCount
      let large = unsafe try allocator.allocate(byteCount: 1_000_000, type: type)
      unsafe allocator.free(large, type: type)
    }
  }

  @Test func loweredItStopsGrowthAndRaisedItServesWaiters() async {
    await #expect(processExitsWith: .success) {
      let budget = MemoryBudget()
      let zone = Zone(name: "lowered", itemByteCount: 2_048, budget: budget)
      let items = try zone.take(zone.layout.itemCount)
      budget.limitInBytes = 1
      #expect(throws: ZoneError(zone: zone, reason: .budgetReached, count: 1)) { try zone.take() }
      let thread = startThreads(1) { _ in
        if let item = try? zone.take(.wait()) { zone.give(item) }
      }
      while zone.withDepot({ $0.waiters.isEmpty }) { mbuma_yield() }
      budget.limitInBytes = 0
      join(thread)
      zone.give(items)
      #expect(zone.destroy() == 0)
    }
  }

  @Test func headersOffTheirSlabsCount() throws {
    let budget = MemoryBudget()
    let zone = Zone(name: "off", itemByteCount: 4_096, flags: .offPage, budget: budget)
    let item = try zone.take()
    #expect(budget.usedByteCount == zone.layout.byteCount + zone.layout.headerByteCount)
    zone.give(item)
    #expect(zone.destroy() == 0 && budget.usedByteCount == 0)
  }

  @Test func memoryOfAnySizeCounts() async {
    await #expect(processExitsWith: .success) {
      let budget = MemoryBudget()
      let allocator = SizeClassAllocator(name: "counted", budget: budget)
      let type = MallocType("budget test")
      let large = unsafe try allocator.allocate(byteCount: 1_000_000, type: type)
      let used = budget.usedByteCount
      #expect(used >= 1_000_000)
      budget.limitInBytes = used
      unsafe #expect(throws: MallocError.budgetReached(limitInBytes: used)) {
        unsafe try allocator.allocate(byteCount: 1_000_000, type: type)
      }
      unsafe allocator.free(large, type: type)
      #expect(budget.usedByteCount == 0)
    }
  }

  /// Alone in a process, because the budget is everybody's.
  @Test func theProcessCountsBucketsAndTables() async {
    await #expect(processExitsWith: .success) {
      let budget = MemoryBudget.process
      #expect(budget.usedByteCount == 0)
      let zone = Zone(name: "counted", itemByteCount: 64)
      zone.give(try zone.take(200))
      let slabs = zone.statistics().slabByteCount
      #expect(
        budget.usedByteCount == slabs + BucketPool.shared.byteCount + CacheTable.byteCount)
      // With nothing left for buckets it still allocates, item by item.
      zone.drain()
      BucketPool.shared.releasePages()
      budget.limitInBytes = CacheTable.byteCount + zone.layout.byteCount
      let (items, denial) = zone.takeAll()
      #expect(items.count == zone.layout.itemCount && denial.reason == .budgetReached)
      zone.give(items)
      zone.checkInvariants()
    }
  }
}
