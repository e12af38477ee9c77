// SPDX-License-Identifier: BSD-2-Clause
import CConfine
import TestSupport
import Testing

@testable import UMA

#if os(Linux)
  import Glibc

  /// Processes that are refused the barrier after their start, each one of its own.
  @Suite struct CacheVisitTests {
    /// Allocates and frees on threads until all have had `rounds`, with a drainer beside them.
    ///
    /// Each marks what it has: an item that two threads have at once is found out.
    /// - Returns: how often one was.
    static func contend(_ zone: Zone, threads: Int, rounds: Int) -> Int {
      let (twice, done) = (Stage(), Stage())
      onThreads(threads + 1) { index in
        if index == threads {
          while done.value < threads {
            for _ in 0..<20 { zone.withDepot { zone.gather(&$0) } }
            zone.drain()
            let s = zone.statistics()
            precondition(s.inUse + s.cached <= 40 && s.inUse >= 0, "\(s)")
          }
          return
        }
        for _ in 0..<rounds {
          guard let a = try? zone.take(), let b = try? zone.take() else { continue }
          if a.firstWord != 0 || b.firstWord != 0 || a == b { twice.advance() }
          a.firstWord = UInt64(index + 1)
          b.firstWord = UInt64(index + 1)
          if a.firstWord != index + 1 || b.firstWord != index + 1 { twice.advance() }
          a.firstWord = 0
          b.firstWord = 0
          zone.give(a)
          zone.give(b)
        }
        done.advance()
      }
      return twice.value
    }

    static func confine(_ errorNumber: Int32, andAffinity: Bool = false) {
      precondition(mbuma_refuse_barrier(errorNumber, andAffinity), "no seccomp here")
    }

    /// 40 items, of which the zone's threads have 8 at once: none is ever denied for long.
    static func makeZone() -> Zone {
      let zone = Zone(name: "confined", itemByteCount: 64)
      zone.limitInItems = 40
      return zone
    }

    @Test func noItemGoesOutTwiceWhereMembarrierIsRefused() async {
      await #expect(processExitsWith: .success) {
        let zone = Self.makeZone()
        precondition(Self.contend(zone, threads: 3, rounds: 5_000) == 0)
        precondition(
          !CacheTables.shared.withLock { $0.isLocked }, "there is no membarrier here at all")
        Self.confine(EPERM)
        for _ in 0..<3 {
          precondition(
            Self.contend(zone, threads: 3, rounds: 60_000) == 0, "an item went out twice")
        }
        zone.checkInvariants()
        precondition(zone.statistics().inUse == 0 && zone.destroy() == 0)
      }
    }

    @Test func noItemGoesOutTwiceWhereAffinityIsRefusedToo() async {
      await #expect(processExitsWith: .success) {
        let zone = Self.makeZone()
        precondition(Self.contend(zone, threads: 3, rounds: 5_000) == 0)
        Self.confine(ENOMEM, andAffinity: true)
        for _ in 0..<3 {
          precondition(
            Self.contend(zone, threads: 3, rounds: 60_000) == 0, "an item went out twice")
        }
        zone.checkInvariants()
        precondition(zone.statistics().inUse == 0 && zone.destroy() == 0)
      }
    }

    /// What waits in the cache of a thread that sleeps is found, counted, and enough for all.
    @Test func aSleepersCacheIsEmptiedByTakingTurns() async {
      await #expect(processExitsWith: .success) {
        let zone = Self.makeZone()
        let stage = Stage()
        let sleepers = startThreads(2) { _ in
          if let items = try? zone.take(10) { zone.give(items) }
          stage.advance()
          stage.wait(for: 3)
          if let items = try? zone.take(10) { zone.give(items) }
        }
        stage.wait(for: 2)
        Self.confine(EPERM)
        precondition(zone.statistics().cached >= 10)
        precondition(CacheTables.shared.withLock { $0.isLocked }, "a visit without a barrier")
        let (items, _) = zone.takeAll()
        precondition(items.count == 40, "denied with \(zone.statistics().cached) items cached")
        precondition(zone.statistics().inUse == 40)
        zone.give(items)
        zone.drain()
        precondition(zone.statistics().cached == 0)
        stage.advance()
        join(sleepers)
        zone.checkInvariants()
        precondition(zone.destroy() == 0)
      }
    }

    /// Where nothing settles a sleeper's table its items stay, counted, until it comes or ends.
    @Test func aSleepersCacheIsLeftAloneWhereNothingSettlesIt() async {
      await #expect(processExitsWith: .success) {
        let zone = Self.makeZone()
        let stage = Stage()
        let sleepers = startThreads(2) { index in
          if let items = try? zone.take(4) { zone.give(items) }
          stage.advance()
          stage.wait(for: 3)
          guard index == 0 else { return }
          if let item = try? zone.take() { zone.give(item) }
          stage.advance()
          stage.wait(for: 5)
        }
        stage.wait(for: 2)
        Self.confine(EPERM, andAffinity: true)
        zone.drain()
        let s = zone.statistics()
        precondition(s.cached == 5 + 5 && s.inUse == 0 && s.threadCaches.count == 2, "\(s)")
        let (items, _) = zone.takeAll()
        precondition(items.count == 30)
        zone.give(items)
        precondition(zone.destroy() == 10, "the items of the sleepers are out")
        stage.advance()
        stage.wait(for: 4)
        // One has allocated: its cache can be emptied now. The other has ended, or will.
        zone.drain()
        stage.advance()
        join(sleepers)
        zone.drain()
        precondition(zone.statistics().cached == 0)
        zone.checkInvariants()
        precondition(zone.destroy() == 0)
      }
    }
  }
#endif
