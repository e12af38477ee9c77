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

/// Who is said to hold the items of a watched zone.
@Suite struct LiveItemTests {
  @Test func liveItemsAreGroupedBySite() throws {
    let zone = Zone(name: "report", itemByteCount: 48, debugging: .leaks)
    setThreadName("reporter")
    var items: [HeldItem] = []
    for line: UInt in [10, 10, 20, 10] {
      items.append(unsafe HeldItem(try zone.allocateItem(file: "Test/A.swift", line: line)))
    }
    zone.give(items.removeLast())
    let live = zone.liveItems()
    #expect(live.map(\.address).sorted() == items.map(\.number).sorted())
    #expect(live.allSatisfy { $0.thread.name == "reporter" && $0.byteCount == 48 })
    #expect(zip(live, live.dropFirst()).allSatisfy { $0.age >= $1.age })
    let report = zone.leakReport()
    #expect(report.itemCount == 3 && report.zoneName == "report")
    #expect(report.groups.map(\.site.line) == [10, 20])
    #expect(report.groups.map(\.byteCount) == [96, 48])
    #expect(report.groups[0].oldest >= report.groups[1].oldest)
    #expect(report.description.hasPrefix("zone report: 3 items in use\n  2 items, 96 bytes, "))
    #expect(report.description.contains("allocated at Test/A.swift:20, oldest "))
    #expect(zone.leakReport(olderThan: .seconds(3_600)).groups.isEmpty)
    zone.give(items)
    #expect(zone.leakReport().itemCount == 0)
    #expect(zone.destroy() == 0)
  }

  @Test func theSiteOfBulkAndHandIsTheCallers() throws {
    let zone = Zone(name: "hand", itemByteCount: 48, debugging: .all)
    let line: UInt = #line + 1
    let item = try #require(unsafe zone.allocateItemAtHand().map { unsafe HeldItem($0) })
    #expect(zone.liveItems().map(\.site) == [CallSite(#fileID, line)])
    zone.give(item)
    try unsafe withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: 20) {
      try unsafe zone.allocate(into: $0, file: "Test/Bulk.swift", line: 60)
      #expect(zone.leakReport().groups.map(\.site) == [CallSite("Test/Bulk.swift", 60)])
      #expect(zone.leakReport().itemCount == 20 && zone.statistics().cached == 0)
      unsafe zone.free(UnsafeBufferPointer($0))
    }
    #expect(zone.liveItems().isEmpty && zone.destroy() == 0)
  }

  @Test func anItemMayBeFreedToASiblingZoneThatIsTold() throws {
    let master = Zone(name: "master", itemByteCount: 64, debugging: [.all, .ownZone])
    let second = Zone(name: "second", sharing: master, hooks: ItemHooks())
    let item = try master.take()
    unsafe second.free(item.address, allocatedFrom: master)
    #expect(master.statistics().inUse == 0 && second.statistics().inUse == 0)
    #expect(master.liveItems().isEmpty)
    #expect(second.destroy() == 0 && master.destroy() == 0)
  }

  @Test func aZoneOverASourceKnowsItsItemsToo() async throws {
    let zone = Zone(
      name: "source", itemByteCount: 32, source: HeapItems(), debugging: .all)
    #expect(zone.debugging == .leaks, "nothing is written around items of others")
    let items = try zone.take(3)
    #expect(zone.liveItems().count == 3)
    zone.give(items)
    #expect(zone.liveItems().isEmpty && zone.destroy() == 0)
    await #expect(processExitsWith: .failure) {
      let zone = Zone(name: "source", itemByteCount: 32, source: HeapItems(), debugging: .leaks)
      let item = try zone.take()
      zone.give(item)
      zone.give(item)
    }
  }

  /// A sleeper is the one on whose account the item is, whoever brought it.
  @Test func anItemThatWasWaitedForIsOnTheSleepersAccount() throws {
    let zone = Zone(name: "granted", itemByteCount: 64, debugging: .leaks)
    zone.limitInItems = 1
    let first = try zone.take()
    let got = Box<HeldItem>()
    let threads = startThreads(1) { _ in
      setThreadName("sleeper")
      got.value = try? unsafe HeldItem(
        zone.allocateItem(.wait(), file: "Test/Sleeper.swift", line: 50))
    }
    while zone.statistics().sleeps == 0 { sched_yield() }
    zone.give(first)
    join(threads)
    let live = try #require(zone.liveItems().first)
    #expect(live.site == CallSite("Test/Sleeper.swift", 50) && live.thread.name == "sleeper")
    zone.give(try #require(got.value))
    #expect(zone.destroy() == 0)
  }
}

/// Items from the heap.
private final class HeapItems: ItemSource {
  func importItems(into items: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>, mayGrow: Bool)
    -> Int
  {
    for index in items.indices {
      unsafe items[index] = .allocate(byteCount: 32, alignment: 16)
    }
    return items.count
  }

  func releaseItem(_ item: UnsafeMutableRawPointer) { unsafe item.deallocate() }
}

private func setThreadName(_ name: String) {
  #if canImport(Darwin)
    pthread_setname_np(name)
  #else
    guard let file = unsafe fopen("/proc/thread-self/comm", "w") else { return }
    unsafe fputs(name, file)
    unsafe fclose(file)
  #endif
}
