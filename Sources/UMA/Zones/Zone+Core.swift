// SPDX-License-Identifier: BSD-2-Clause
//
// Where a zone's handle follows its pointer; the hot path does so in Zone.swift as well. A core stays
// where it is for good, and its body until the zone ends, so what these return is good while the
// zone lives, and a handle of one that has ended traps.

import CUMA
import Synchronization

extension Zone {
  /// What there is of the zone.
  var body: ZoneBody { unsafeAddress { unsafe core.pointee.address } }

  var store: ItemStore { body.store }

  var shadow: Shadow? { body.shadow }

  /// A number that no other zone has, of all there ever were.
  var number: UInt { unsafe UInt(bitPattern: core) }

  var keg: Keg {
    guard let keg = store.keg else { preconditionFailure("zone \(name) is cache-only: no keg") }
    return keg
  }

  /// Where the zone's cache is in every table; 0 for none.
  var cacheOffset: Int {
    get { unsafe core.pointee.cacheOffset.load(ordering: .relaxed) }
    nonmutating set { unsafe core.pointee.cacheOffset.store(newValue, ordering: .relaxed) }
  }

  /// This zone's cache in the table of the caller, who is in none of its caches now.
  func cache(in table: CacheTable?) -> Cache? {
    let offset = cacheOffset
    guard let table, offset != 0 else { return nil }
    if mbuma_caches_are_locked() { table.settle() }
    return table.cache(at: offset)
  }

  /// Changes the hooks that the zone runs itself.
  ///
  /// - Precondition: no item was drawn yet, and nobody else is in the zone.
  func changeHooks(_ change: (inout ItemHooks) -> Void) { unsafe core.pointee.changeHooks(change) }

  // MARK: The depot

  /// Runs `body` with the depot while holding the zone lock.
  ///
  /// - Parameters:
  ///   - isCounted: false for callers that only inspect, so that inspecting leaves no trace.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Precondition: the zone is not destroyed.
  func withDepot<Result: ~Copyable>(
    isCounted: Bool = true, file: StaticString = #fileID, line: UInt = #line,
    _ body: (inout Depot) -> Result
  ) -> Result {
    self.body.depot.withLock(file: file, line: line) { depot in
      if isCounted { depot.lockAcquisitions &+= 1 }
      precondition(!depot.isDestroyed, "zone \(name) was destroyed")
      return body(&depot)
    }
  }

  /// Runs `body` as `withDepot` does, and wakes whom it noted once the zone lock is released.
  func withDepotThenWake<Result>(
    file: StaticString = #fileID, line: UInt = #line,
    _ body: (inout Depot, inout WakeList) -> Result
  ) -> Result {
    var wakes = WakeList()
    defer { wakes.wake() }
    return withDepot(file: file, line: line) { body(&$0, &wakes) }
  }

  /// Each zone once, in the order in which their locks are taken: by class, then by address, so that
  /// two callers never wait for one another, and the lock checker learns one order.
  static func inLockOrder(_ zones: [Zone]) -> [Zone] {
    let keyed = zones.map { ($0, lockClass: $0.body.depot.lockClass?.number ?? 0) }
    let sorted = keyed.sorted { ($0.lockClass, $0.0.number) < ($1.lockClass, $1.0.number) }.map(\.0)
    return sorted.indices.filter { $0 == 0 || sorted[$0] != sorted[$0 - 1] }.map { sorted[$0] }
  }

  /// Runs `body` with the locks of several zones held, which then may use their `lockedDepot`.
  ///
  /// - Precondition: the zones are in lock order, and none is destroyed.
  static func withLocks<Result>(of zones: [Zone], _ body: () -> Result) -> Result {
    let site = CallSite(#fileID, #line)
    let watched = zones.map { zone in
      let watched = zone.body.depot.lock(site)
      precondition(!zone.lockedDepot.isDestroyed, "zone \(zone.name) was destroyed")
      return watched
    }
    defer {
      for (zone, watched) in zip(zones, watched).reversed() { zone.body.depot.unlock(watched) }
    }
    return body()
  }

  /// The depot, for who holds the zone's lock by `withLocks`.
  var lockedDepot: Depot {
    _read { yield unsafe body.depot.value.pointee }
    nonmutating _modify {
      // The pointer first, so that nothing but the depot is opened for writing.
      let depot = unsafe body.depot.value
      yield unsafe &depot.pointee
    }
  }

  // MARK: Visitors from a list of zones

  /// Keeps the zone from ending; under the registry's lock, while it is listed or has a slot.
  func stay() { body.visits.add(1, ordering: .relaxed) }

  func leave() { body.visits.subtract(1, ordering: .releasing) }

  /// Waits until all that came from a list have left.
  func waitForVisitors() {
    while body.visits.load(ordering: .acquiring) != 0 { mbuma_yield() }
  }
}
