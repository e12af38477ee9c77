// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

/// Nobody is denied beside free memory, wherever it is at that moment.
@Suite struct ZoneDenialTests {
  /// Whether an allocation is answered while somebody has in hand what it needs; and whether it is
  /// served once that is where it can be found.
  private static func ask(
    _ zone: Zone, while inHand: Stage, until goOn: Stage, _ drain: @escaping @Sendable () -> Void
  ) -> (early: Bool, served: Bool) {
    let answer = Stage()
    let item = Box<HeldItem>()
    let drainer = startThreads(1) { _ in drain() }
    inHand.wait(for: 1)
    let asker = startThreads(1) { _ in
      item.value = try? zone.take()
      answer.advance()
    }
    let patience = ContinuousClock.now + .milliseconds(60)
    while answer.value == 0, ContinuousClock.now < patience { letOthersRun() }
    let early = answer.value > 0
    goOn.advance()
    join(asker + drainer)
    if let item = item.value { zone.give(item) }
    return (early, item.value != nil)
  }

  /// A zone of packets that each hold a cluster; `inHand` steps on when a drain has one in hand, which
  /// it keeps until `goOn` does.
  private func packets(
    on clusters: Zone, _ master: Zone, inHand: Stage = Stage(), goOn: Stage? = nil
  ) -> Zone {
    let hooks = unsafe ItemHooks(
      importItem: { item, isAwaited in
        let cluster =
          isAwaited ? unsafe try? clusters.allocateItem() : unsafe clusters.allocateItemAtHand()
        guard let cluster = unsafe cluster else { return false }
        unsafe HeldItem(item).firstWord = UInt64(UInt(bitPattern: cluster))
        return true
      },
      exportItem: { item in
        inHand.advance()
        goOn?.wait(for: 1)
        let address = unsafe UInt(HeldItem(item).firstWord)
        if let cluster = unsafe UnsafeMutableRawPointer(bitPattern: address) {
          unsafe clusters.freeItem(cluster)
        }
      })
    let packets = Zone(name: "packet", sharing: master, hooks: hooks)
    clusters.setHolders([packets])
    return packets
  }

  @Test func whatADrainOfAHolderHasInHandIsWaitedFor() throws {
    let (clusters, mbufs) = (
      Zone(name: "cluster", itemByteCount: 2_048), Zone(name: "mbuf", itemByteCount: 256)
    )
    clusters.limitInItems = 1
    let (inHand, goOn) = (Stage(), Stage())
    let packets = packets(on: clusters, mbufs, inHand: inHand, goOn: goOn)
    packets.give(try packets.take())
    #expect(packets.statistics().cached == 1)
    let (early, served) = Self.ask(clusters, while: inHand, until: goOn) { packets.drain() }
    #expect(!early && served)
    #expect(clusters.statistics().denials == 0)
    #expect(packets.destroy() + mbufs.destroy() + clusters.destroy() == 0)
  }

  @Test func whatADrainOfASiblingHasInHandIsWaitedFor() throws {
    let pages = CountedPages()
    let master = Zone(name: "master", itemByteCount: 4_096, flags: .offPage, pages: pages)
    pages.setLimit(master.layout.pageCount)
    let (inHand, goOn) = (Stage(), Stage())
    let sibling = unsafe Zone(
      name: "sibling", sharing: master,
      hooks: ItemHooks(exportItem: { _ in
        inHand.advance()
        goOn.wait(for: 1)
      }))
    sibling.give(try sibling.take())
    #expect(sibling.statistics().cached == 1)
    let (early, served) = Self.ask(master, while: inHand, until: goOn) { sibling.drain() }
    #expect(!early && served)
    #expect(sibling.destroy() + master.destroy() == 0)
  }

  /// The bytes are in the hand of a drain of a zone with a keg of its own.
  ///
  /// In a process of its own, since a refused budget empties the caches of other tests' zones.
  @Test func bytesOnTheirWayBackToABudgetAreWaitedFor() async {
    await #expect(processExitsWith: .success) {
      let budget = MemoryBudget()
      let (inHand, goOn) = (Stage(), Stage())
      let idle = unsafe Zone(
        name: "idle", itemByteCount: 4_096, flags: .offPage,
        hooks: ItemHooks(finalize: { _ in
          inHand.advance()
          goOn.wait(for: 1)
        }), budget: budget)
      let busy = Zone(name: "busy", itemByteCount: 4_096, flags: .offPage, budget: budget)
      idle.give(try idle.take())
      budget.limitInBytes = budget.usedByteCount
      let (early, served) = Self.ask(busy, while: inHand, until: goOn) { idle.drain() }
      #expect(!early && served)
      #expect(idle.destroy() + busy.destroy() == 0)
    }
  }

  /// Each has a packet's mbuf in hand and is short of a cluster; neither is what the other waits for.
  @Test func twoThatAreShortInAHookDoNotWaitForOneAnother() throws {
    let (clusters, mbufs) = (
      Zone(name: "cluster", itemByteCount: 2_048), Zone(name: "mbuf", itemByteCount: 256)
    )
    clusters.limitInItems = 1
    let held = try clusters.take()
    let (entered, denied) = (Stage(), Stage())
    let packets = unsafe Zone(
      name: "packet", sharing: mbufs,
      hooks: ItemHooks(importItem: { _, _ in
        entered.advance()
        entered.wait(for: 2)
        return (try? clusters.take()) != nil
      }))
    clusters.setHolders([packets])
    onThreads(2) { _ in if (try? packets.take()) == nil { denied.advance() } }
    #expect(denied.value == 2)
    #expect(clusters.statistics().denials >= 2)
    clusters.give(held)
    #expect(packets.destroy() + mbufs.destroy() + clusters.destroy() == 0)
  }

  // MARK: Bounded stress

  /// Threads that together never hold more than there is, each taking and giving at random.
  ///
  /// - Returns: how often one was denied.
  private static func denials(
    threads: Int, itemsEach: Int, _ random: SeededRandom, beside drain: (@Sendable () -> Void)?,
    _ take: @escaping @Sendable (inout SeededRandom) -> (zone: Zone, item: HeldItem)?
  ) -> Int {
    var random = random
    let randoms = (0..<threads).map { _ in random.split() }
    let (denied, ended) = (Stage(), Stage())
    let deadline = ContinuousClock.now + .milliseconds(500)
    onThreads(threads + 1) { index in
      guard index < threads else {
        while let drain, ended.value < threads { drain() }
        return
      }
      var random = randoms[index]
      var held = [(zone: Zone, item: HeldItem)?](repeating: nil, count: itemsEach)
      while ContinuousClock.now < deadline {
        for _ in 0..<100 {
          let place = Int.random(in: 0..<itemsEach, using: &random)
          if let (zone, item) = held[place].take() {
            zone.give(item)
            if random.chance(50) { continue }
          }
          held[place] = take(&random)
          if held[place] == nil { denied.advance() }
        }
      }
      for case let (zone, item)? in held { zone.give(item) }
      ended.advance()
    }
    return denied.value
  }

  @Test(arguments: [(2, 8), (4, 8), (8, 32)])
  func theLimitOfAHeldZoneDeniesNobody(_ threads: Int, _ limit: Int) {
    let (clusters, mbufs) = (
      Zone(name: "cluster", itemByteCount: 2_048), Zone(name: "mbuf", itemByteCount: 256)
    )
    let packets = packets(on: clusters, mbufs)
    clusters.limitInItems = limit
    packets.limitInItems = limit
    let denied = Self.denials(
      threads: threads, itemsEach: limit / threads, SeededRandom(), beside: nil
    ) { random in
      if random.chance(50), let item = try? packets.take() { return (packets, item) }
      return (try? clusters.take()).map { (clusters, $0) }
    }
    #expect(denied == 0)
    #expect(packets.destroy() + mbufs.destroy() + clusters.destroy() == 0)
  }

  @Test func twoZonesOnOneKegDenyNobodyForPages() {
    let pages = CountedPages()
    let master = Zone(name: "master", itemByteCount: 4_096, flags: .offPage, pages: pages)
    let second = Zone(name: "second", sharing: master, hooks: ItemHooks())
    pages.setLimit(8 * master.layout.pageCount)
    let zones = [master, second]
    let denied = Self.denials(
      threads: 4, itemsEach: 2 * master.layout.itemCount, SeededRandom(),
      beside: { for zone in zones { zone.drain() } }
    ) { random in
      let zone = zones[random.chance(50) ? 0 : 1]
      return (try? zone.take()).map { (zone, $0) }
    }
    #expect(denied == 0)
    #expect(second.destroy() + master.destroy() == 0)
  }

  @Test func zonesOfOneKegOnABudgetDenyNobody() async {
    await #expect(processExitsWith: .success) { Self.shareABudget(sharesKeg: true) }
  }

  /// Each with a keg of its own, where a slab is one item.
  @Test func zonesOfSeveralKegsOnABudgetDenyNobody() async {
    await #expect(processExitsWith: .success) { Self.shareABudget(sharesKeg: false) }
  }

  private static func shareABudget(sharesKeg: Bool) {
    let budget = MemoryBudget()
    func zone(_ name: String) -> Zone {
      Zone(name: name, itemByteCount: 4_096, flags: .offPage, budget: budget)
    }
    let master = zone("master")
    let second =
      sharesKeg ? Zone(name: "second", sharing: master, hooks: ItemHooks()) : zone("second")
    budget.limitInBytes = 8 * master.layout.costInBytes
    let zones = [master, second]
    let denied = denials(
      threads: 4, itemsEach: 2 * master.layout.itemCount, SeededRandom(),
      beside: { for zone in zones { zone.drain() } }
    ) { random in
      let zone = zones[random.chance(50) ? 0 : 1]
      return (try? zone.take()).map { (zone, $0) }
    }
    precondition(denied == 0, "\(denied) denied")
    precondition(second.destroy() + master.destroy() == 0)
  }
}
