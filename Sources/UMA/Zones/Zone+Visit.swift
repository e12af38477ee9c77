// SPDX-License-Identifier: BSD-2-Clause
//
// Visits to other threads' caches (ZoneCache.swift and CacheVisit.swift tell why they are safe).
// All of them hold the zone lock, then the registry's, so a table stays mapped and no second visitor
// comes.

import CUMA
import Synchronization

extension Zone {
  /// Moves the buckets of every thread's cache to the depot.
  func gather(_ depot: inout Depot) {
    visitCaches(.taking) { _, cache in cache.takeBuckets { depot.keep($0) } }
  }

  /// Runs `body` on every thread's cache of this zone, with the table it is in, while its owner is
  /// kept out.
  ///
  /// - Precondition: the zone lock is held.
  func visitCaches(_ kind: Registry.Visit, _ body: (CacheTable, Cache) -> Void) {
    Self.visitCaches(of: [self], kind, body)
  }

  /// Runs `body` on every thread's caches of some zones while all their owners are kept out.
  ///
  /// - Precondition: the locks of the zones are held.
  private static func visitCaches(
    of zones: [Zone], _ kind: Registry.Visit, _ body: (CacheTable, Cache) -> Void
  ) {
    let offsets = zones.compactMap { zone -> Int? in
      let offset = unsafe zone.core.pointee.cacheOffset.load(ordering: .relaxed)
      return offset == 0 ? nil : offset
    }
    if offsets.isEmpty { return }
    Registry.shared.withLock { $0.visit(offsets, kind, body) }
  }

  /// Items in use of some zones at one moment: all locks held, all caches still.
  ///
  /// Counted one zone after the other, an item that its owner exchanges meanwhile for one of
  /// another zone could be missed in both.
  public static func itemsInUse(of zones: [Zone]) -> Int {
    // Each once, in the order of their addresses, so that two callers never wait for one another.
    let byAddress = Dictionary(grouping: zones) { unsafe UInt(bitPattern: $0.core) }
    let ordered = byAddress.sorted { $0.key < $1.key }.map { $0.value[0] }
    return Int(truncatingIfNeeded: itemsInUse(of: ordered, locked: 0, sum: 0))
  }

  // Lock order: the zones as listed, then the registry. Nothing else holds two zones' locks.
  private static func itemsInUse(of zones: [Zone], locked: Int, sum: UInt64) -> UInt64 {
    guard locked < zones.count else {
      var sum = sum
      visitCaches(of: zones, .reading) { _, cache in
        let (allocations, frees) = cache.counts
        sum &+= allocations &- frees
      }
      return sum
    }
    return zones[locked].withDepot { depot in
      itemsInUse(of: zones, locked: locked + 1, sum: sum &+ depot.allocations &- depot.frees)
    }
  }

  /// Empties the cache of a table that is going away.
  func retireCache(in table: CacheTable) {
    let mustServe = unsafe core.pointee.depot.withLock { depot -> Bool in
      depot.lockAcquisitions &+= 1
      guard !depot.isDestroyed, let cache = cache(in: table) else { return false }
      cache.takeBuckets { depot.keep($0) }
      let (allocations, frees) = cache.counts
      depot.allocations += allocations
      depot.frees += frees
      cache.clearCounts()
      return !depot.waiters.isEmpty
    }
    if mustServe { serveWaiters() }
  }

  /// Runs `body` with the depot while holding the zone lock.
  ///
  /// - Parameters:
  ///   - isCounted: false for who only looks, so that looking leaves no trace.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Precondition: the zone is not destroyed.
  func withDepot<Result: ~Copyable>(
    isCounted: Bool = true, file: StaticString = #fileID, line: UInt = #line,
    _ body: (inout Depot) -> Result
  ) -> Result {
    unsafe core.pointee.depot.withLock(file: file, line: line) { depot in
      if isCounted { depot.lockAcquisitions &+= 1 }
      precondition(!depot.isDestroyed, "zone \(name) was destroyed")
      return body(&depot)
    }
  }
}
