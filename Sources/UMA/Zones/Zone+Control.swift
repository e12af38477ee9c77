// SPDX-License-Identifier: BSD-2-Clause

extension Zone {
  /// Makes allocations fail by plan, or as they come if `plan` is nil.
  ///
  /// The zone gives up its cached items first and caches none while it has a plan.
  public func inject(_ plan: FailurePlan?) {
    var plan = plan
    withDepot { swap(&$0.plan, &plan) }
    _ = consume plan
    drain()
  }

  /// Sets what runs before a denial, with no lock held, so that items that no zone knows of can come
  /// back first: fragments of packets that may never be complete.
  ///
  /// Items that other zones have cached come back by `setHolders(_:)`.
  public func setRelief(_ relief: (@Sendable () -> Void)?) {
    // What the one before holds ends with it, and not under the lock.
    var relief = relief
    withDepot { swap(&$0.relief, &relief) }
    _ = consume relief
    serveWaiters()
  }

  /// Names the zones whose items hold items of this one, as packets hold clusters.
  ///
  /// What they have cached comes back before this zone denies anything, and nothing is denied while
  /// one of them has an item cached or in hand. Their `exportItem` or `finalize` frees what they
  /// hold. A holder that is destroyed is no holder any more.
  public func setHolders(_ holders: [Zone]) {
    Registry.shared.withLock { $0.setHolders(holders, of: self) }
    serveWaiters()
  }

  /// Ends the zone, which should be empty: drains it and frees its slot.
  ///
  /// With items still out nothing is ended: the zone stays, drained, so that they can be freed.
  /// - Returns: how many items are still out; 0 means that the zone is gone and its handles trap.
  /// - Precondition: no other thread is inside the zone, and no secondary zone shares its keg.
  ///
  /// BSD: `uma_zdestroy`, which leaks what is left.
  @discardableResult
  public func destroy() -> Int {
    let keg = store.keg
    let zonesOnKeg = keg?.slabs.withLock { $0.zoneCount } ?? 1
    precondition(
      body.isSecondary || zonesOnKeg == 1,
      "zone \(name): destroyed before \(zonesOnKeg - 1) secondary zones on its keg")
    // While it is listed, so that a sibling that is out of items sees what is on its way.
    drain()
    Registry.shared.withLock { $0.unlist(self) }
    waitForVisitors()
    drain()
    // What was freed to a sibling zone may be cached there.
    if withDepot({ $0.itemCount }) > 0 { drainSiblings() }
    endWhatUsersGave()
    let (left, reserve) = withDepot { depot in
      precondition(depot.waiters.isEmpty, "zone \(name): destroyed while callers wait for items")
      let left = itemsOut(depot)
      depot.isDestroyed = left == 0
      return (left, depot.reserve)
    }
    guard left == 0 else {
      if debugging.contains(.leaks) { StandardError.write(leakReport().description) }
      Registry.shared.withLock { $0.list(self) }
      return left
    }
    let offset = cacheOffset
    cacheOffset = 0
    // Drained above, so only the counters are left to clear for the slot's next zone.
    if offset != 0 { CacheTables.shared.withLock { $0.clear(at: offset) } }
    Registry.shared.withLock { registry in
      registry.setHolders([], of: self)
      if offset != 0 { registry.giveSlot(offset / ZoneCache.strideByteCount) }
    }
    keg?.slabs.withLock { slabs in
      slabs.zoneCount -= 1
      slabs.reserve -= reserve
    }
    // A thread that ends may have met the zone by its slot before that was given away.
    waitForVisitors()
    unsafe ZoneCores.end(core)
    return 0
  }

  /// Lets go of the closures that users gave, if nothing is out, while the zone can still be asked.
  ///
  /// The core stays for stale handles; what users gave it need not.
  private func endWhatUsersGave() {
    let given = withDepot { itemsOut($0) == 0 ? $0.takeWhatUsersGave() : nil }
    _ = consume given
  }

  /// Items that callers have, of a drained zone.
  ///
  /// An item freed to a sibling zone counts here forever and not at all there, so the count can be
  /// off either way; the keg knows how many of its items are with zones at all, and the last zone
  /// is answerable for every one of them.
  private func itemsOut(_ depot: borrowing Depot) -> Int {
    guard case .keg(let keg) = store else { return depot.itemCount }
    let (withZones, zoneCount) = keg.slabs.withLock { slabs in
      (slabs.slabCount * keg.layout.itemCount - slabs.freeItemCount, slabs.zoneCount)
    }
    return zoneCount == 1 ? withZones : Swift.max(0, Swift.min(depot.itemCount, withZones))
  }

  /// Runs `body` on every zone of the process, those made first before the others.
  ///
  /// A zone stays while `body` is with it; others may end meanwhile, on this thread as well, and are
  /// passed over. One that is made meanwhile may be missed.
  /// - Parameter newestFirst: turns the order around.
  package static func forEach(newestFirst: Bool = false, _ body: (Zone) -> Void) {
    let zones = Registry.shared.withLock { $0.all }
    for zone in newestFirst ? zones.reversed() : zones { zone.whileListed(body) }
  }

  /// Runs `body` with the zone, which stays meanwhile, unless it has ended.
  func whileListed(_ body: (Zone) -> Void) {
    let stays = Registry.shared.withLock { registry in
      guard registry.lists(self) else { return false }
      stay()
      return true
    }
    guard stays else { return }
    body(self)
    leave()
  }
}
