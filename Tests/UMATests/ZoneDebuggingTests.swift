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

extension ZoneDebugging: CustomTestStringConvertible {
  /// Each option alone, and all together.
  static let kinds: [ZoneDebugging] = [
    .junk, .redzones, .guardPages, .leaks, [.junk, .redzones], .all,
  ]

  /// The bits.
  public var testDescription: String { "options \(rawValue)" }
}

/// A zone that is watched does all that another does, and says more.
@Suite struct ZoneDebuggingTests {
  // MARK: Items

  @Test(arguments: ZoneDebugging.kinds, [8, 60, 256, 2_048, 9_216])
  func randomWithAPatternInEachItem(_ debugging: ZoneDebugging, _ byteCount: Int) throws {
    var random = SeededRandom()
    let pages = CountedPages()
    let zone = Zone(name: "random", itemByteCount: byteCount, pages: pages, debugging: debugging)
    let filled = byteCount & ~7
    var held: [(item: HeldItem, tag: UInt64)] = []
    for (percent, steps) in [(60, 300), (40, 300)] {
      for _ in 0..<steps {
        if random.chance(percent) {
          let item = try zone.take()
          #expect(!held.contains { $0.item == item }, "given out twice")
          held.append((item, random.next()))
          item.fill(held[held.count - 1].tag, byteCount: filled)
        } else if !held.isEmpty {
          let (item, tag) = held.remove(at: Int.random(in: 0..<held.count, using: &random))
          #expect(item.isFilled(tag, byteCount: filled), "another item wrote here")
          zone.give(item)
        }
      }
      zone.checkInvariants()
      let statistics = zone.statistics()
      #expect(statistics.inUse == held.count && statistics.cached == 0)
      #expect(statistics.itemByteCount == byteCount)
      #expect(statistics.total == statistics.slabCount * zone.layout.itemCount)
      #expect(Set(zone.liveItems().map(\.address)) == Set(held.map(\.item.number)))
    }
    for (item, _) in held { zone.give(item) }
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  @Test(arguments: ZoneDebugging.kinds, [1, 8, 64, 256, 4_096])
  func itemsAreAligned(_ debugging: ZoneDebugging, _ alignment: Int) throws {
    let zone = Zone(
      name: "aligned", itemByteCount: 40, alignment: alignment, debugging: debugging)
    let items = try zone.take(100)
    #expect(items.allSatisfy { $0.number % UInt(alignment) == 0 })
    #expect(Set(items).count == 100)
    #expect(zone.layout.itemByteCount == 40)
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  /// A guarded item ends at its guard page, or as near to it as its alignment lets it.
  @Test(arguments: [1, 40, 63, 64, 4_096, 5_000], [1, 8, 64])
  func guardedItemsEndAtTheirGuardPage(_ byteCount: Int, _ alignment: Int) throws {
    let zone = Zone(
      name: "edge", itemByteCount: byteCount, alignment: alignment, debugging: .guardPages)
    let items = try zone.take(10)
    for item in items {
      let gap = (4_096 - (Int(item.number) + byteCount) % 4_096) % 4_096
      #expect(gap < alignment)
    }
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  @Test(arguments: ZoneDebugging.kinds)
  func countersFollowTheirItems(_ debugging: ZoneDebugging) throws {
    let zone = Zone(
      name: "counted", itemByteCount: 2_048, flags: .referenceCounted, debugging: debugging)
    let items = try zone.take(20)
    let counters = items.map { unsafe HeldItem(zone.referenceCounter(of: $0.address)) }
    #expect(Set(counters).count == 20)
    for item in items { item.fill(7, byteCount: 2_048) }
    for counter in counters {
      #expect(unsafe counter.address.load(as: UInt32.self) == 0)
    }
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  // MARK: Hooks

  /// Every allocation goes all the way through the hooks, and so does every free.
  @Test(arguments: ZoneDebugging.kinds)
  func allHooksRunEveryTime(_ debugging: ZoneDebugging) throws {
    let log = Box<[String]>()
    log.value = []
    let note = { @Sendable (text: String) in log.value = (log.value ?? []) + [text] }
    let hooks = unsafe ItemHooks(
      construct: { _ in
        note("construct")
        return true
      }, destruct: { _ in note("destruct") },
      initialize: {
        unsafe $0.storeBytes(of: 42, as: UInt64.self)
        note("initialize")
        return true
      },
      finalize: {
        note(unsafe $0.load(as: UInt64.self) == 42 ? "finalize" : "finalize what is lost")
      },
      importItem: { _, isAwaited in
        note(isAwaited ? "import" : "import for a cache")
        return true
      }, exportItem: { _ in note("export") })
    let zone = Zone(name: "hooked", itemByteCount: 64, hooks: hooks, debugging: debugging)
    for _ in 0..<2 {
      let item = try zone.take()
      #expect(item.firstWord == 42)
      zone.give(item)
      #expect(
        log.value == ["initialize", "import", "construct", "destruct", "export", "finalize"])
      log.value = []
    }
    #expect(zone.destroy() == 0)
    #expect(log.value == [])
  }

  @Test(arguments: ZoneDebugging.kinds)
  func hooksThatFailLeaveNothing(_ debugging: ZoneDebugging) throws {
    let failing = Box<Int>()
    let steps = Box<[Int]>()
    let hooks = unsafe ItemHooks(
      construct: { _ in failing.value != 3 },
      initialize: { _ in failing.value != 1 },
      finalize: { _ in steps.value = (steps.value ?? []) + [1] },
      importItem: { _, _ in failing.value != 2 },
      exportItem: { _ in steps.value = (steps.value ?? []) + [2] })
    let zone = Zone(name: "failing", itemByteCount: 64, hooks: hooks, debugging: debugging)
    // Where an item is refused there is a second try.
    for (step, undone) in [(1, []), (2, [1, 1]), (3, [2, 1])] {
      failing.value = step
      steps.value = []
      #expect(throws: ZoneError(zone: zone, reason: .outOfMemory, count: 64)) { try zone.take() }
      #expect(steps.value == undone, "step \(step)")
      #expect(zone.liveItems().isEmpty && zone.statistics().inUse == 0)
      zone.checkInvariants()
    }
    failing.value = nil
    zone.give(try zone.take())
    #expect(zone.destroy() == 0)
  }

  @Test func hooksMayBeSetLater() throws {
    let zone = Zone(name: "late", itemByteCount: 64, debugging: .all)
    let count = Box<Int>()
    unsafe zone.setInitialize { item in
      unsafe item.storeBytes(of: 42, as: UInt64.self)
      return true
    }
    unsafe zone.setFinalize { _ in count.value = (count.value ?? 0) + 1 }
    for round in 1...2 {
      let item = try zone.take()
      #expect(item.firstWord == 42)
      zone.give(item)
      #expect(count.value == round)
    }
    #expect(zone.destroy() == 0)
  }

  @Test func zeroedItemsAreZero() throws {
    for flags: ZoneFlags in [[], .zeroInitialize] {
      let zone = Zone(name: "zero", itemByteCount: 64, flags: flags, debugging: .all)
      for _ in 0..<2 {
        let item = unsafe HeldItem(try zone.allocate(zeroed: flags.isEmpty))
        #expect(
          (0..<8).allSatisfy {
            unsafe item.address.load(fromByteOffset: $0 * 8, as: UInt64.self) == 0
          })
        item.fill(7, byteCount: 64)
        zone.give(item)
      }
      #expect(zone.destroy() == 0)
    }
  }

  // MARK: Limits and waiting

  @Test(arguments: ZoneDebugging.kinds)
  func theLimitIsExact(_ debugging: ZoneDebugging) throws {
    let zone = Zone(name: "limited", itemByteCount: 64, debugging: debugging)
    zone.limitInItems = 10
    let (items, denial) = zone.takeAll()
    #expect(items.count == 10 && denial.reason == .limitReached)
    zone.limitInItems = 4
    #expect(zone.itemsAboveLimit == 6)
    zone.give(items)
    #expect(zone.takeAllAndGive() == 4)
    zone.reserveInItems = 2
    #expect(zone.takeAllAndGive() == 2)
    #expect(zone.destroy() == 0)
  }

  @Test(arguments: ZoneDebugging.kinds)
  func sleepersGetWhatIsFreed(_ debugging: ZoneDebugging) throws {
    let zone = Zone(name: "sleepers", itemByteCount: 64, debugging: debugging)
    zone.limitInItems = 2
    let held = try zone.take(2)
    let done = Stage()
    let threads = startThreads(4) { _ in
      for _ in 0..<20 {
        guard let item = try? unsafe HeldItem(zone.allocateItem(.wait())) else { return }
        item.fill(5, byteCount: 64)
        #expect(zone.liveItems().contains { $0.address == item.number })
        zone.give(item)
      }
      done.advance()
    }
    while zone.statistics().sleeps < 4 { sched_yield() }
    zone.give(held)
    join(threads)
    #expect(done.value == 4)
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
  }

  @Test func tasksWaitForItemsToo() async throws {
    let zone = Zone(name: "task", itemByteCount: 64, debugging: .all)
    zone.limitInItems = 1
    let first = try zone.take()
    let task = Task {
      zone.give(unsafe HeldItem(try await zone.allocateWhenAvailable()))
    }
    while zone.statistics().sleeps == 0 { await Task.yield() }
    zone.give(first)
    try await task.value
    #expect(zone.destroy() == 0)
  }

  @Test func eightThreadsWithEverythingOn() {
    var random = SeededRandom()
    let master = Zone(name: "master", itemByteCount: 200, debugging: .all)
    let second = Zone(name: "second", sharing: master, hooks: ItemHooks())
    let large = Zone(name: "large", itemByteCount: 3_000, debugging: [.junk, .redzones])
    let zones = [master, second, large]
    large.limitInItems = 24
    let counter = Zone(name: "depot", itemByteCount: 64, debugging: .junk)
    let passed = Guarded<[(zone: Int, item: HeldItem, tag: UInt64)]>([])
    let generators = Guarded((0..<8).map { _ in random.split() })
    onThreads(8) { index in
      var random = generators.withLock { $0[index] }
      for step in 0..<400 {
        if random.chance(55) {
          let which = Int.random(in: 0..<3, using: &random)
          guard let item = try? zones[which].take() else { continue }
          let tag = random.next()
          item.fill(tag, byteCount: zones[which].layout.itemByteCount)
          passed.withLock { $0.append((which, item, tag)) }
        } else if let (which, item, tag) = passed.withLock({ $0.isEmpty ? nil : $0.removeFirst() })
        {
          #expect(item.isFilled(tag, byteCount: zones[which].layout.itemByteCount))
          zones[which].give(item)
        }
        if step % 100 == index { zones[step % 3].checkItems() }
        if step % 150 == index { zones[step % 3].drain() }
        if let item = try? counter.take() { counter.give(item) }
      }
    }
    for (which, item, tag) in passed.withLock({ $0 }) {
      #expect(item.isFilled(tag, byteCount: zones[which].layout.itemByteCount))
      zones[which].give(item)
    }
    for zone in [counter, second, master, large] {
      zone.checkInvariants()
      #expect(zone.liveItems().isEmpty)
      #expect(zone.destroy() == 0)
    }
  }

  // MARK: By environment

  @Test func settingsAreRead() {
    #expect(ZoneDebugging.parse("junk,leaks") == ([.junk, .leaks], []))
    #expect(
      ZoneDebugging.parse("redzone,guard:mbuf,mbuf_cluster").options == [.redzones, .guardPages])
    #expect(ZoneDebugging.parse("redzone:mbuf,x y").zones == ["mbuf", "x y"])
    #expect(ZoneDebugging.parse("all").options == .all)
    #expect(ZoneDebugging.parse("") == ([], []))
    #expect(ZoneDebugging.parse(":mbuf") == ([], ["mbuf"]))
  }

  @Test func theEnvironmentChoosesForZonesThatWereNotTold() async throws {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      unsafe setenv("MBUMA_DEBUG", "junk,redzone,bogus:a,b", 1)
      let a = Zone(name: "a", itemByteCount: 64)
      let c = Zone(name: "c", itemByteCount: 64)
      let told = Zone(name: "b", itemByteCount: 64, debugging: [])
      #expect(a.debugging == [.junk, .redzones] && c.debugging == [] && told.debugging == [])
      let item = try a.take()
      a.give(item)
      #expect(item.firstWord == 0xdead_c0de_dead_c0de && a.statistics().cached == 0)
      c.give(try c.take())
      #expect(c.statistics().cached > 0)
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text == "MBUMA_DEBUG: bogus is none of junk, redzone, guard, leaks, ownzone, all\n")
  }

  @Test func theEnvironmentChoosesForAllZones() async {
    await #expect(processExitsWith: .success) {
      unsafe setenv("MBUMA_DEBUG", "all", 1)
      let zone = Zone(name: "any", itemByteCount: 64)
      #expect(zone.debugging == .all)
      zone.give(try zone.take())
      #expect(zone.destroy() == 0)
    }
  }
}

extension Zone {
  /// How many items the zone gives before it denies.
  fileprivate func takeAllAndGive() -> Int {
    let items = takeAll().items
    give(items)
    return items.count
  }
}
