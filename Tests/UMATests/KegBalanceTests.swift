// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing

@testable import UMA

/// Zones in use by threads that stop now and then; whenever they do, the figures of each keg's
/// zones add up to its slabs, and no counter has gone back.
@Suite struct KegBalanceTests {
  /// A keg with its zones, master first.
  private struct Family: Sendable {
    let zones: [Zone]

    init(_ number: Int, _ random: inout SeededRandom) {
      let byteCount = [16, 100, 256, 2_048, 5_000].randomElement(using: &random) ?? 64
      let flags = [ZoneFlags(), .offPage, .noBucket, .largestBuckets].randomElement(using: &random)
      let master = Zone(name: "master \(number)", itemByteCount: byteCount, flags: flags ?? [])
      let seconds = (0..<Int.random(in: 0...3, using: &random)).map { index in
        Zone(name: "second \(number).\(index)", sharing: master, hooks: ItemHooks())
      }
      zones = [master] + seconds
      for zone in zones where random.chance(40) {
        zone.limitInItems = Int.random(in: 1...500, using: &random)
      }
    }
  }

  private struct Holding: Sendable {
    let family: Int
    let zone: Int
    let item: HeldItem
  }

  @Test(arguments: 0..<4)
  func whatIsInUseCachedAndFreeIsWhatTheSlabsHold(_ run: Int) throws {
    var random = SeededRandom()
    let families = (0..<Int.random(in: 1...3, using: &random)).map { Family($0, &random) }
    let threadCount = 3
    let rounds = 12
    let held = Guarded<[[Holding]]>(Array(repeating: [], count: threadCount))
    let (stopped, going) = (Stage(), Stage())
    let seeds = (0..<threadCount).map { _ in random.split() }
    let threads = startThreads(threadCount) { index in
      var random = seeds[index]
      for round in 1...rounds {
        var holdings = held.withLock { $0[index] }
        for _ in 0..<1_500 { Self.step(families, &holdings, &random) }
        held.withLock { $0[index] = holdings }
        stopped.advance()
        going.wait(for: round)
      }
    }
    var earlier: [String: ZoneStatistics] = [:]
    for round in 1...rounds {
      stopped.wait(for: round * threadCount)
      let holdings = held.withLock { $0.flatMap { $0 } }
      for (number, family) in families.enumerated() {
        let figures = family.zones.map { $0.statistics() }
        expectBalance(figures, family, holdings.count { $0.family == number })
        for s in figures { expectRisen(s, since: earlier.updateValue(s, forKey: s.name)) }
      }
      // Caches left by one round are gathered, trimmed or left for the next.
      for zone in families.flatMap(\.zones) where random.chance(30) {
        zone.tick()
        if let level = ReclaimLevel.allCases.randomElement(using: &random) { zone.reclaim(level) }
        expectRisen(zone.statistics(), since: earlier[zone.name])
      }
      going.advance()
    }
    join(threads)
    for holding in held.withLock({ $0.flatMap { $0 } }) {
      families[holding.family].zones[holding.zone].give(holding.item)
    }
    for zone in families.flatMap({ $0.zones.reversed() }) { #expect(zone.destroy() == 0) }
  }

  private static func step(
    _ families: [Family], _ holdings: inout [Holding], _ random: inout SeededRandom
  ) {
    let family = Int.random(in: 0..<families.count, using: &random)
    let zones = families[family].zones
    let zone = Int.random(in: 0..<zones.count, using: &random)
    if random.chance(52) {
      guard let item = try? zones[zone].take() else { return }
      holdings.append(Holding(family: family, zone: zone, item: item))
    } else if !holdings.isEmpty {
      let place = Int.random(in: 0..<holdings.count, using: &random)
      holdings.swapAt(place, holdings.count - 1)
      let holding = holdings.removeLast()
      families[holding.family].zones[holding.zone].give(holding.item)
    } else if random.chance(1) {
      zones[zone].reclaim(.drain)
    }
  }

  private func expectBalance(_ figures: [ZoneStatistics], _ family: Family, _ heldCount: Int) {
    let master = figures[0]
    let perSlab = family.zones[0].layout.itemCount
    #expect(figures.reduce(0) { $0 + $1.inUse } == heldCount)
    #expect(
      figures.reduce(0) { $0 + $1.inUse + $1.cached + $1.free } == master.slabCount * perSlab,
      "\(figures)")
    for s in figures {
      #expect(s.total == s.inUse + s.cached + s.free && s.inUse >= 0)
      #expect(s.limitInItems == 0 || s.inUse + s.cached <= s.limitInItems)
      #expect(s.cached == s.inDepot + s.threadCaches.reduce(0) { $0 + $1.cached })
      #expect(
        s.allocations == s.threadCaches.reduce(s.sharedAllocations) { $0 + $1.allocations })
      #expect(s.frees == s.threadCaches.reduce(s.sharedFrees) { $0 + $1.frees })
      #expect(s.inUse == Int(s.allocations) - Int(s.frees))
      #expect(s.denials == s.denialsByReason.values.reduce(0, +))
    }
    for s in figures.dropFirst() {
      #expect(s.free == 0 && s.slabCount == 0 && s.pageCount == 0 && s.flags.contains(.secondary))
    }
    for zone in family.zones { zone.checkInvariants() }
  }

  private func expectRisen(_ now: ZoneStatistics, since before: ZoneStatistics?) {
    guard let before else { return }
    #expect(now.allocations >= before.allocations && now.frees >= before.frees)
    #expect(now.denials >= before.denials && now.sleeps >= before.sleeps)
    #expect(now.lockAcquisitions >= before.lockAcquisitions)
    for (thread, earlier) in before.threadCaches.map({ ($0.thread, $0) }) {
      guard let later = now.threadCaches.first(where: { $0.thread == thread }) else {
        Issue.record("thread \(thread) is gone")
        continue
      }
      #expect(later.allocations >= earlier.allocations && later.frees >= earlier.frees)
    }
  }
}
