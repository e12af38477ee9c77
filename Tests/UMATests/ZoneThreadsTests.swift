// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

/// Real threads, each test for a second at most.
@Suite struct ZoneThreadsTests {
  static let span = Duration.milliseconds(700)

  /// Items on their way from one thread to another.
  final class Mailbox: Sendable {
    private let items = Guarded<[(item: HeldItem, tag: UInt64)]>([])

    func post(_ item: HeldItem, _ tag: UInt64) { items.withLock { $0.append((item, tag)) } }

    func fetch() -> (item: HeldItem, tag: UInt64)? {
      items.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
  }

  static func until(_ deadline: ContinuousClock.Instant, _ body: () -> Void) {
    while ContinuousClock.now < deadline { for _ in 0..<50 { body() } }
  }

  @Test(arguments: [64, 2_048, 16_384])
  func everythingAtOnce(_ byteCount: Int) {
    var random = SeededRandom()
    let randoms = (0..<6).map { _ in random.split() }
    let pages = CountedPages()
    let zone = Zone(name: "stress", itemByteCount: byteCount, pages: pages)
    let mailbox = Mailbox()
    let deadline = ContinuousClock.now + Self.span
    onThreads(6) { index in
      var random = randoms[index]
      var held: [(item: HeldItem, tag: UInt64)] = []
      let filled = min(byteCount, 128)
      func end(_ item: HeldItem, _ tag: UInt64) {
        precondition(item.isFilled(tag, byteCount: filled), "another item wrote here")
        zone.give(item)
      }
      Self.until(deadline) {
        switch Int.random(in: 0..<1_000, using: &random) {
        case 0..<480:
          guard held.count < 300, let item = try? zone.take() else { return }
          let tag = random.next()
          item.fill(tag, byteCount: filled)
          held.append((item, tag))
        case 480..<950:
          guard !held.isEmpty else { return }
          let (item, tag) = held.remove(at: Int.random(in: 0..<held.count, using: &random))
          end(item, tag)
        case 950..<970:
          if let (item, tag) = held.popLast() { mailbox.post(item, tag) }
        case 970..<990:
          if let (item, tag) = mailbox.fetch() { end(item, tag) }
        case 990..<993:
          zone.drain()
        case 993..<996:
          zone.limitInItems = [0, 1, 50, 400, 1_000].randomElement(using: &random) ?? 0
        default:
          let s = zone.statistics()
          precondition(s.inUse >= 0 && s.cached >= 0, "\(s)")
        }
      }
      for (item, tag) in held { end(item, tag) }
    }
    while let (item, tag) = mailbox.fetch() {
      #expect(item.isFilled(tag, byteCount: min(byteCount, 128)))
      zone.give(item)
    }
    zone.checkInvariants()
    #expect(zone.statistics().inUse == 0)
    #expect(zone.destroy() == 0)
    #expect(pages.pagesOut == 0)
  }

  /// Owners on the fast path against visitors that come all the time: no item goes out twice.
  @Test func visitorsAndOwnersAreNeverBothInside() {
    let zone = Zone(name: "visited", itemByteCount: 64)
    let twice = Stage()
    let deadline = ContinuousClock.now + Self.span
    onThreads(4) { index in
      if index == 0 {
        Self.until(deadline) { zone.withDepot { zone.gather(&$0) } }
        return
      }
      Self.until(deadline) {
        guard let a = try? zone.take(), let b = try? zone.take() else { return }
        // A free item has a zero first word.
        if a.firstWord != 0 || b.firstWord != 0 || a == b { twice.advance() }
        a.firstWord = UInt64(index)
        b.firstWord = UInt64(index)
        if a.firstWord != index || b.firstWord != index { twice.advance() }
        a.firstWord = 0
        b.firstWord = 0
        zone.give(a)
        zone.give(b)
      }
    }
    #expect(twice.value == 0)
    zone.checkInvariants()
    #expect(zone.statistics().inUse == 0)
    #expect(zone.destroy() == 0)
  }

  @Test func oneThreadAllocatesAndAnotherFrees() {
    let zone = Zone(name: "handed", itemByteCount: 256)
    zone.limitInItems = 500
    let mailbox = Mailbox()
    let count = 20_000
    onThreads(2) { index in
      for number in 0..<count {
        if index == 0 {
          var item: HeldItem?
          while item == nil { item = try? zone.take() }
          item?.fill(UInt64(number), byteCount: 256)
          if let item { mailbox.post(item, UInt64(number)) }
        } else {
          var mail: (item: HeldItem, tag: UInt64)?
          while mail == nil { mail = mailbox.fetch() }
          guard let (item, tag) = mail else { return }
          precondition(item.isFilled(tag, byteCount: 256), "another item wrote here")
          zone.give(item)
        }
      }
    }
    let s = zone.statistics()
    #expect(s.allocations == UInt64(count) && s.frees == UInt64(count))
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
  }

  @Test func itemsOfAnEndedThreadAreFoundAgain() {
    let zone = Zone(name: "ended", itemByteCount: 64)
    zone.limitInItems = 90
    // Whoever frees last while others look into its cache may free to the slabs.
    var roundsWithItemsLeft = 0
    for _ in 0..<30 {
      onThreads(3) { _ in
        var items: [HeldItem] = []
        while items.count < 30, let item = try? zone.take() { items.append(item) }
        zone.give(items)
      }
      let drawn = zone.withDepot { $0.itemCount }
      #expect(zone.statistics().cached == drawn)
      if drawn > 0 { roundsWithItemsLeft += 1 }
      let (items, _) = zone.takeAll()
      #expect(items.count == 90)
      zone.give(items)
    }
    #expect(roundsWithItemsLeft > 0)
    #expect(zone.destroy() == 0)
  }

  /// Threads end while other threads visit their caches and zones come and go.
  @Test func threadsEndWhileZonesComeAndGo() {
    let zone = Zone(name: "lasting", itemByteCount: 64)
    let deadline = ContinuousClock.now + Self.span
    onThreads(4) { index in
      switch index {
      case 0:
        Self.until(deadline) {
          zone.drain()
          precondition(zone.statistics().inUse >= 0, "more freed than allocated")
        }
      case 1:
        while ContinuousClock.now < deadline {
          let brief = Zone(name: "brief", itemByteCount: 128)
          onThreads(2) { _ in
            for _ in 0..<3 { if let item = try? brief.take() { brief.give(item) } }
          }
          brief.checkInvariants()
          precondition(brief.destroy() == 0, "brief is not empty")
        }
      default:
        while ContinuousClock.now < deadline {
          onThreads(2) { _ in
            let items = try? zone.take(150)
            zone.give(items ?? [])
          }
        }
      }
    }
    zone.checkInvariants()
    #expect(zone.statistics().inUse == 0)
    #expect(zone.destroy() == 0)
  }

  /// A packet zone whose items own a cluster each; its drain is the cluster zone's relief.
  @Test func stackedZonesRelieveEachOther() {
    let clusters = Zone(name: "cluster", itemByteCount: 2_048)
    let mbufs = Zone(name: "mbuf", itemByteCount: 256)
    let hooks = unsafe ItemHooks(
      importItem: { mbuf, _ in
        guard let cluster = try? clusters.take() else { return false }
        unsafe HeldItem(mbuf).firstWord = UInt64(cluster.number)
        return true
      },
      exportItem: { mbuf in
        guard
          let cluster = unsafe UnsafeMutableRawPointer(
            bitPattern: UInt(HeldItem(mbuf).firstWord))
        else { return }
        unsafe clusters.give(HeldItem(cluster))
      })
    let packets = Zone(name: "packet", sharing: mbufs, hooks: hooks)
    clusters.limitInItems = 100
    clusters.setRelief { packets.drain() }
    let deadline = ContinuousClock.now + Self.span
    let served = Stage()
    onThreads(4) { index in
      Self.until(deadline) {
        let zone = index % 2 == 0 ? packets : clusters
        var items: [HeldItem] = []
        while items.count < 24, let item = try? zone.take() { items.append(item) }
        if !items.isEmpty { served.advance() }
        zone.give(items)
      }
    }
    #expect(served.value > 0)
    #expect(packets.statistics().inUse == 0)
    // Every cluster in use sits in a cached packet, and all of them can be had.
    #expect(clusters.statistics().inUse == packets.statistics().cached)
    let (all, _) = clusters.takeAll()
    #expect(all.count == 100)
    clusters.give(all)
    for zone in [packets, mbufs, clusters] {
      zone.checkInvariants()
      #expect(zone.destroy() == 0)
    }
  }

  /// Between the zone's leaving the list of zones and its drain, the thread's cache went with its
  /// table, in some of a thousand rounds.
  @Test func aZoneMayEndWhileAThreadThatUsedItDoes() {
    let lost = (0..<2_000).count { _ in
      let zone = Zone(name: "short", itemByteCount: 64)
      let done = Stage()
      let thread = startThreads(1) { _ in
        if let item = try? zone.take() { zone.give(item) }
        done.advance()
      }
      done.wait(for: 1)
      let left = zone.destroy()
      join(thread)
      return left != 0
    }
    #expect(lost == 0)
  }
}
