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
    visitCaches(.taking) { _, cache in depot.takeBuckets(of: cache) }
  }

  /// Moves the buckets of every thread's caches of some zones to their depots.
  ///
  /// - Precondition: the locks of the zones are held by `withLocks`.
  static func gatherAll(_ zones: [Zone]) {
    visitCaches(of: zones, .taking) { zone, _, cache in
      let depot = unsafe zone.core.pointee.depot.value
      unsafe depot.pointee.takeBuckets(of: cache)
    }
  }

  /// Runs `body` on every thread's cache of this zone, with the table it is in, while its owner is
  /// kept out.
  ///
  /// - Precondition: the zone lock is held.
  func visitCaches(_ kind: Registry.Visit, _ body: (CacheTable, Cache) -> Void) {
    Self.visitCaches(of: [self], kind) { _, table, cache in body(table, cache) }
  }

  /// Runs `body` on every thread's caches of some zones while all their owners are kept out.
  ///
  /// - Precondition: the locks of the zones are held.
  private static func visitCaches(
    of zones: [Zone], _ kind: Registry.Visit, _ body: (Zone, CacheTable, Cache) -> Void
  ) {
    let cached = zones.compactMap { zone -> (zone: Zone, offset: Int)? in
      let offset = unsafe zone.core.pointee.cacheOffset.load(ordering: .relaxed)
      return offset == 0 ? nil : (zone, offset)
    }
    if cached.isEmpty { return }
    Registry.shared.withLock { registry in
      registry.visit(cached.map(\.offset), kind) { table, cache, index in
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
        let depot = unsafe zone.core.pointee.depot.value
        unsafe sum &+= depot.pointee.allocations &- depot.pointee.frees
      }
      visitCaches(of: zones, .reading) { _, _, cache in
        let (allocations, frees) = cache.counts
        sum &+= allocations &- frees
      }
    }
    return Int(truncatingIfNeeded: sum)
  }

  /// Each zone once, in the order in which their locks are taken: by class, then by address, so that
  /// two callers never wait for one another, and the lock checker learns one order.
  static func inLockOrder(_ zones: [Zone]) -> [Zone] {
    let keyed = zones.map { zone in
      unsafe (
        zone: zone, number: zone.core.pointee.depot.lockClass?.number ?? 0,
        address: UInt(bitPattern: zone.core)
      )
    }
    let sorted = keyed.sorted { ($0.number, $0.address) < ($1.number, $1.address) }.map(\.zone)
    return sorted.indices.filter { $0 == 0 || sorted[$0] != sorted[$0 - 1] }.map { sorted[$0] }
  }

  /// Runs `body` with the locks of several zones held.
  ///
  /// - Precondition: the zones are in lock order, and none is destroyed.
  static func withLocks<Result>(of zones: [Zone], _ body: () -> Result) -> Result {
    let site = CallSite(#fileID, #line)
    let watched = zones.map { zone in
      let watched = unsafe zone.core.pointee.depot.lock(site)
      unsafe precondition(
        !zone.core.pointee.depot.value.pointee.isDestroyed, "zone \(zone.name) was destroyed")
      return watched
    }
    defer {
      for (zone, watched) in zip(zones, watched).reversed() {
        unsafe zone.core.pointee.depot.unlock(watched)
      }
    }
    return body()
  }

  /// Empties the cache of a table that is going away.
  func retireCache(in table: CacheTable) {
    let mustServe = unsafe core.pointee.depot.withLock { depot -> Bool in
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
