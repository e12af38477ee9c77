// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

/// Writes down which hook ran on which item, and refuses where it is told to.
final class Journal: Sendable {
  enum Hook: String, Sendable { case construct, destruct, initialize, finalize, take, put }

  struct Entry: Equatable, Sendable {
    var hook: Hook
    var item: UInt
  }

  private struct State: ~Copyable {
    var entries: [Entry] = []
    var refusals: [Hook: Set<Int>] = [:]
    var counts: [Hook: Int] = [:]
  }

  private let state = Guarded(State())

  /// Makes the hook refuse at its `number`th call, 1 for the first; refused calls are not counted.
  func refuse(_ hook: Hook, at number: Int) {
    state.withLock { _ = $0.refusals[hook, default: []].insert(number) }
  }

  var entries: [Entry] { state.withLock { $0.entries } }

  func clear() { state.withLock { $0.entries = [] } }

  func count(_ hook: Hook) -> Int { state.withLock { $0.counts[hook] ?? 0 } }

  private func note(_ hook: Hook, _ item: UnsafeMutableRawPointer) -> Bool {
    let item = UInt(bitPattern: item)
    return state.withLock { state in
      let number = (state.counts[hook] ?? 0) + 1
      if state.refusals[hook]?.remove(number) != nil { return false }
      state.counts[hook] = number
      state.entries.append(Entry(hook: hook, item: item))
      return true
    }
  }

  /// Hooks that write here; a secondary zone's have no `initialize` and `finalize`.
  func hooks(forKeg: Bool = true) -> ItemHooks {
    var hooks = ItemHooks()
    unsafe hooks.construct = { unsafe self.note(.construct, $0) }
    unsafe hooks.destruct = { _ = unsafe self.note(.destruct, $0) }
    if forKeg {
      unsafe hooks.initialize = { unsafe self.note(.initialize, $0) }
      unsafe hooks.finalize = { _ = unsafe self.note(.finalize, $0) }
    }
    unsafe hooks.importItem = { item, _ in unsafe self.note(.take, item) }
    unsafe hooks.exportItem = { _ = unsafe self.note(.put, $0) }
    return hooks
  }

  /// The balance equations of one zone alone on its keg.
  func checkBalance(_ zone: Zone) {
    let s = zone.statistics()
    #expect(count(.initialize) - count(.finalize) == s.slabCount * zone.layout.itemCount)
    #expect(count(.take) - count(.put) == s.inUse + s.cached)
    #expect(count(.construct) - count(.destruct) == s.inUse)
    #expect(s.total == s.slabCount * zone.layout.itemCount)
    zone.checkInvariants()
  }
}

@Suite struct ZoneHooksTests {
  @Test func hooksMayBeSetBeforeTheFirstSlab() throws {
    let master = Zone(name: "late", itemByteCount: 256)
    let second = Zone(name: "second", sharing: master, hooks: ItemHooks())
    let seen = Box<[String: Int]>()
    seen.value = [:]
    let note = { @Sendable (name: String) in seen.value?[name, default: 0] += 1 }
    unsafe master.setInitialize { _ in
      note("initialize")
      return true
    }
    unsafe master.setFinalize { _ in note("finalize") }
    unsafe second.setImport { _, _ in
      note("import")
      return true
    }
    unsafe second.setExport { _ in note("export") }
    let items = [try second.take(), try master.take()]
    let itemCount = master.layout.itemCount
    #expect(seen.value?["initialize"] == itemCount * master.statistics().slabCount)
    let imported = try #require(seen.value?["import"])
    #expect(imported == second.statistics().total)
    second.give(items[0])
    master.give(items[1])
    #expect(second.destroy() == 0)
    #expect(seen.value?["export"] == imported)
    #expect(master.destroy() == 0)
    #expect(seen.value?["finalize"] == seen.value?["initialize"])
  }

  @Test func settingAHookTooLateTraps() async {
    for result in [
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let zone = Zone(name: "late", itemByteCount: 256)
        zone.give(try zone.take())
        unsafe zone.setInitialize { _ in true }
      },
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let zone = Zone(name: "late", itemByteCount: 256)
        zone.give(try zone.take())
        unsafe zone.setExport { _ in }
      },
    ] {
      let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      #expect(trap(text, says: "zone late:") && trap(text, says: "is set after the keg has"))
    }
    await #expect(processExitsWith: .failure) {
      let master = Zone(name: "master", itemByteCount: 256)
      let second = Zone(name: "second", sharing: master, hooks: ItemHooks())
      unsafe second.setFinalize { _ in }
    }
  }

  @Test func inOrderFromPageToCallerAndBack() throws {
    let journal = Journal()
    let zone = Zone(name: "order", itemByteCount: 16_384, hooks: journal.hooks())
    #expect(zone.layout.itemCount == 1)
    let item = try zone.take()
    zone.give(item)
    #expect(journal.entries.map(\.hook) == [.initialize, .take, .construct, .destruct])
    _ = try zone.take()
    zone.give(item)
    zone.drain()
    #expect(
      journal.entries.map(\.hook) == [
        .initialize, .take, .construct, .destruct, .construct, .destruct, .put, .finalize,
      ])
    #expect(journal.entries.allSatisfy { $0.item == item.number })
    #expect(zone.destroy() == 0)
  }

  @Test func initializeRunsInOrderAndFinalizeBackwards() throws {
    let journal = Journal()
    let zone = Zone(name: "slab", itemByteCount: 1_000, hooks: journal.hooks())
    let count = zone.layout.itemCount
    zone.give(try zone.take())
    zone.drain()
    let made = journal.entries.filter { $0.hook == .initialize }.map(\.item)
    let unmade = journal.entries.filter { $0.hook == .finalize }.map(\.item)
    #expect(made.count == count && made == made.sorted() && unmade == made.reversed())
    #expect(zone.destroy() == 0)
  }

  @Test func constructFailsThenExportWithoutDestruct() throws {
    let journal = Journal()
    let zone = Zone(name: "construct", itemByteCount: 256, hooks: journal.hooks())
    let items = try zone.take(3)
    journal.refuse(.construct, at: 4)
    journal.clear()
    #expect(throws: ZoneError(zone: zone, reason: .outOfMemory, count: 256)) { try zone.take() }
    #expect(journal.entries.map(\.hook) == [.put])
    let statistics = zone.statistics()
    // The attempt counts as an allocation, a free and a denial.
    #expect(statistics.allocations == 4 && statistics.frees == 1 && statistics.denials == 1)
    journal.checkBalance(zone)
    zone.give(items)
    zone.give(try zone.take())
    journal.checkBalance(zone)
    #expect(zone.destroy() == 0)
    #expect(journal.count(.initialize) == journal.count(.finalize))
  }

  @Test func importFailsThenNeitherExportNorDestruct() throws {
    let journal = Journal()
    let zone = Zone(name: "import", itemByteCount: 256, hooks: journal.hooks())
    journal.refuse(.take, at: 6)
    let item = try zone.take()
    // Five were imported: one is out, four are cached, the sixth and all after it went back.
    #expect(journal.entries.filter { $0.hook == .take }.count == 5)
    #expect(zone.statistics().cached == 4)
    #expect(!journal.entries.contains { $0.hook == .put || $0.hook == .destruct })
    journal.checkBalance(zone)
    zone.give(item)
    #expect(zone.destroy() == 0)
  }

  @Test func importThatAlwaysFailsIsADenial() throws {
    let pages = CountedPages()
    let hooks = unsafe ItemHooks(
      importItem: { _, _ in false }, exportItem: { _ in Issue.record("exported") })
    let zone = Zone(name: "never", itemByteCount: 256, hooks: hooks, pages: pages)
    #expect(throws: ZoneError(zone: zone, reason: .outOfMemory, count: 256)) { try zone.take() }
    let s = zone.statistics()
    #expect(s.inUse == 0 && s.cached == 0 && s.allocations == 0 && s.denials == 1)
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test func initializeFailsThenTheSlabIsUndoneBackwards() throws {
    let journal = Journal()
    let pages = CountedPages()
    let zone = Zone(name: "init", itemByteCount: 1_000, hooks: journal.hooks(), pages: pages)
    // The fourth item of the first slab; the allocation tries a second slab, which works.
    journal.refuse(.initialize, at: 4)
    let item = try zone.take()
    let undone = journal.entries.prefix(6)
    #expect(
      undone.map(\.hook) == [
        .initialize, .initialize, .initialize, .finalize, .finalize, .finalize,
      ])
    #expect(undone.map(\.item).suffix(3) == undone.map(\.item).prefix(3).reversed())
    #expect(pages.pagesOut == zone.layout.pageCount && pages.runsMade == 2)
    journal.checkBalance(zone)
    zone.give(item)
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test func strippedItemsLeaveTheZoneWithoutExport() throws {
    let journal = Journal()
    let zone = Zone(name: "stripped", itemByteCount: 256, hooks: journal.hooks())
    let items = try zone.take(4)
    let exported = journal.count(.put)
    unsafe zone.freeStripped(items[0].address)
    #expect(journal.count(.put) == exported)
    #expect(zone.statistics().inUse == 3)
    zone.checkInvariants()
    zone.give(Array(items[1...]))
    #expect(zone.destroy() == 0)
  }

  /// The secondary zone's hooks run between the master's keg and the secondary's callers.
  @Test func aSecondaryZoneHasHooksOfItsOwn() throws {
    let ofMaster = Journal()
    let ofSecond = Journal()
    let master = Zone(name: "mbuf", itemByteCount: 256, hooks: ofMaster.hooks())
    let second = Zone(name: "packet", sharing: master, hooks: ofSecond.hooks(forKeg: false))
    let item = try second.take()
    #expect(ofMaster.count(.initialize) == master.layout.itemCount)
    #expect(ofMaster.count(.take) == 0 && ofMaster.count(.construct) == 0)
    #expect(ofSecond.count(.construct) == 1 && ofSecond.count(.initialize) == 0)
    second.give(item)
    second.drain()
    #expect(ofSecond.count(.take) == ofSecond.count(.put) && ofSecond.count(.destruct) == 1)
    #expect(ofMaster.count(.finalize) == master.layout.itemCount)
    #expect(second.destroy() == 0)
    #expect(master.destroy() == 0)
  }

  /// What fails in a secondary zone is undone by its own hooks and back on the slab.
  @Test func aSecondaryZoneUnwindsAlone() throws {
    let ofMaster = Journal()
    let ofSecond = Journal()
    let pages = CountedPages()
    let master = Zone(
      name: "mbuf", itemByteCount: 1_000, hooks: ofMaster.hooks(), pages: pages)
    let second = Zone(name: "packet", sharing: master, hooks: ofSecond.hooks(forKeg: false))
    let denial = ZoneError(zone: second, reason: .outOfMemory, count: 1_000)
    func check(_ hooks: [Journal.Hook]) {
      #expect(ofSecond.entries.map(\.hook) == hooks)
      let s = second.statistics()
      #expect(ofSecond.count(.take) - ofSecond.count(.put) == s.inUse + s.cached)
      #expect(ofSecond.count(.construct) - ofSecond.count(.destruct) == s.inUse)
      let made = ofMaster.count(.initialize) - ofMaster.count(.finalize)
      let all = master.statistics().slabCount * master.layout.itemCount
      #expect(made == all)
      #expect(master.statistics().free + s.inUse + s.cached == all)
      second.checkInvariants()
      ofSecond.clear()
    }
    // Each item alone: the hooks in order, without the rest of a bucket.
    second.inject(FailurePlan(failing: 0))
    ofSecond.refuse(.construct, at: 1)
    #expect(throws: denial) { try second.take() }
    check([.take, .put])
    // Refused once, the item is back on its slab as it was, and the caller has the next.
    ofSecond.refuse(.take, at: 2)
    let next = try second.take()
    check([.take, .construct])
    second.give(next)
    check([.destruct, .put])
    second.drain()
    // A slab that cannot be made is undone by the keg's hooks; the zone's never hear of it.
    ofMaster.clear()
    let count = ofMaster.count(.initialize)
    ofMaster.refuse(.initialize, at: count + 3)
    let item = try second.take()
    let undone = ofMaster.entries.prefix(4)
    #expect(undone.map(\.hook) == [.initialize, .initialize, .finalize, .finalize])
    #expect(undone.map(\.item).suffix(2) == undone.map(\.item).prefix(2).reversed())
    check([.take, .construct])
    second.give(item)
    check([.destruct, .put])
    #expect(ofMaster.count(.take) == 0 && ofMaster.count(.put) == 0)
    #expect(second.destroy() == 0)
    #expect(master.destroy() == 0)
    #expect(ofMaster.count(.initialize) == ofMaster.count(.finalize))
    #expect(pages.pagesOut == 0)
  }

  @Test func aSecondaryZoneMayNotBringKegHooks() async {
    await #expect(processExitsWith: .failure) {
      let master = Zone(name: "master", itemByteCount: 64)
      let hooks = unsafe ItemHooks(initialize: { _ in true })
      _ = Zone(name: "second", sharing: master, hooks: hooks)
    }
  }

  /// Any sequence, with refusals anywhere, keeps the balance.
  @Test func randomRefusalsKeepTheBalance() throws {
    var random = SeededRandom()
    for _ in 0..<20 {
      let journal = Journal()
      let pages = CountedPages(limit: Int.random(in: 4...40, using: &random))
      let zone = Zone(name: "random", itemByteCount: 700, hooks: journal.hooks(), pages: pages)
      for hook in [Journal.Hook.construct, .initialize, .take] {
        for _ in 0..<10 { journal.refuse(hook, at: Int.random(in: 1...200, using: &random)) }
      }
      zone.limitInItems = random.chance(50) ? 0 : Int.random(in: 1...60, using: &random)
      var held: [HeldItem] = []
      var denials = 0
      for step in 0..<400 {
        if random.chance(step < 200 ? 60 : 40) {
          do throws(ZoneError) { held.append(try zone.take()) } catch { denials += 1 }
        } else if !held.isEmpty {
          zone.give(held.remove(at: Int.random(in: 0..<held.count, using: &random)))
        }
        if random.chance(2) { zone.drain() }
        if random.chance(10) { journal.checkBalance(zone) }
      }
      #expect(zone.statistics().denials == UInt64(denials))
      zone.give(held)
      #expect(zone.destroy() == 0)
      #expect(pages.pagesOut == 0)
      #expect(journal.count(.initialize) == journal.count(.finalize))
      #expect(journal.count(.take) == journal.count(.put))
      #expect(journal.count(.construct) == journal.count(.destruct))
    }
  }
}
