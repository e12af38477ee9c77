// SPDX-License-Identifier: BSD-2-Clause
//
// Visits to other threads' caches (ZoneCache.swift and CacheTables.swift tell why they are safe).
// All of them hold the zone lock, then that of the tables, so a table stays mapped and no second
// visitor comes.

extension Zone {
  /// Moves the buckets of every thread's cache to the depot.
  func gather(_ depot: inout Depot) {
    visitCaches(.taking) { _, cache in depot.takeBuckets(of: cache) }
  }

  /// Moves the buckets of every thread's caches of some zones to their depots.
  ///
  /// - Precondition: the locks of the zones are held by `withLocks`.
  static func gatherAll(_ zones: [Zone]) {
    visitCaches(of: zones, .taking) { zone, _, cache in zone.lockedDepot.takeBuckets(of: cache) }
  }

  /// Runs `body` on every thread's cache of this zone, with the table it is in, while its owner is
  /// kept out.
  ///
  /// - Precondition: the zone lock is held.
  func visitCaches(_ kind: CacheTables.Visit, _ body: (CacheTable, Cache) -> Void) {
    Self.visitCaches(of: [self], kind) { _, table, cache in body(table, cache) }
  }

  /// Runs `body` on every thread's caches of some zones while all their owners are kept out.
  ///
  /// - Precondition: the locks of the zones are held.
  private static func visitCaches(
    of zones: [Zone], _ kind: CacheTables.Visit, _ body: (Zone, CacheTable, Cache) -> Void
  ) {
    let cached = zones.compactMap { zone -> (zone: Zone, offset: Int)? in
      let offset = zone.cacheOffset
      return offset == 0 ? nil : (zone, offset)
    }
    if cached.isEmpty { return }
    CacheTables.shared.withLock { tables in
      tables.visit(cached.map(\.offset), kind) { table, cache, index in
        body(cached[index].zone, table, cache)
      }
    }
  }

  /// Items in use of some zones at one moment: all locks held, all caches still.
  ///
  /// Counted one zone after the other, an item that its owner exchanges meanwhile for one of
  /// another zone could be missed in both.
  public static func itemsInUse(of zones: [Zone]) -> Int {
    let zones = inLockOrder(zones)
    var sum: UInt64 = 0
    withLocks(of: zones) {
      for zone in zones {
        sum &+= zone.lockedDepot.allocations &- zone.lockedDepot.frees
      }
      visitCaches(of: zones, .reading) { _, _, cache in
        let (allocations, frees) = cache.counts
        sum &+= allocations &- frees
      }
    }
    return Int(truncatingIfNeeded: sum)
  }

  /// Empties the cache of a table that is going away.
  func retireCache(in table: CacheTable) {
    let mustServe = body.depot.withLock { depot -> Bool in
      depot.lockAcquisitions &+= 1
      guard !depot.isDestroyed, let cache = cache(in: table) else { return false }
      depot.takeBuckets(of: cache)
      let (allocations, frees) = cache.counts
      depot.allocations += allocations
      depot.frees += frees
      cache.clearCounts()
      return !depot.waiters.isEmpty
    }
    if mustServe { serveWaiters() }
  }
}
