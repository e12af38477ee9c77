// SPDX-License-Identifier: BSD-2-Clause
import CThreadCache
import Synchronization

extension Zone {
  /// Makes allocations fail by plan, or as they come if `plan` is nil.
  ///
  /// The zone gives up its cached items first and caches none while it has a plan.
  public func inject(_ plan: FailurePlan?) {
    withShelf { $0.plan = plan }
    drain()
  }

  /// Sets what runs before a denial, with no lock held, so that items parked in other zones can
  /// come back first: a packet zone drains so that the cluster zone finds its clusters.
  public func setRelief(_ relief: (@Sendable () -> Void)?) {
    withShelf { $0.relief = relief }
    serveWaiters()
  }

  /// Gives every cached item, of all threads, back to its slab and every empty slab back to the
  /// page source.
  ///
  /// - Returns: pages released.
  ///
  /// BSD: `uma_zone_reclaim(zone, UMA_RECLAIM_DRAIN_CPU)`.
  @discardableResult
  public func drain() -> Int {
    giveBack(
      withShelf { shelf in
        gather(&shelf)
        while let bucket = unsafe shelf.empty.pop() { unsafe BucketPool.shared.give(bucket) }
        var taken = BucketList()
        swap(&taken, &shelf.full)
        shelf.transfersInFlight += 1
        return taken
      })
    let pageCount = store.releaseEmptySlabs()
    let mustServe = withShelf { shelf in
      shelf.transfersInFlight -= 1
      return !shelf.waiters.isEmpty
    }
    if mustServe { serveWaiters() }
    return pageCount
  }

  /// Takes the items of buckets that no one else can reach to their slabs.
  func giveBack(_ taken: consuming BucketList) {
    var buckets = taken
    let store = store
    let exportItem = unsafe core.pointee.hooks.exportItem
    var itemCount = 0
    while let bucket = unsafe buckets.pop() {
      for index in 0..<(unsafe Int(bucket.pointee.count)) {
        let item = unsafe bucket.items[index]
        if let exportItem = unsafe exportItem { unsafe exportItem(item) }
        unsafe store.putItem(item)
        itemCount += 1
      }
      unsafe BucketPool.shared.give(bucket)
    }
    withShelf { $0.itemCount -= itemCount }
  }

  /// Ends the zone, which had better be empty: drains it and frees its slot.
  ///
  /// With items still out nothing is ended: the zone stays, drained, so that they can be freed.
  /// - Returns: how many items are still out; 0 means that the zone is gone and its handles trap.
  /// - Precondition: no other thread is inside the zone, and no secondary zone shares its keg.
  ///
  /// BSD: `uma_zdestroy`, which leaks what is left.
  @discardableResult
  public func destroy() -> Int {
    let keg = unsafe core.pointee.store?.keg
    let zonesOnKeg = keg?.slabs.withLock { $0.zoneCount } ?? 1
    unsafe precondition(
      core.pointee.isSecondary || zonesOnKeg == 1,
      "zone \(name): destroyed before \(zonesOnKeg - 1) secondary zones on its keg")
    Registry.shared.withLock { $0.unlist(self) }
    while unsafe core.pointee.visits.load(ordering: .acquiring) != 0 { mbuma_yield() }
    drain()
    let left = withShelf { shelf in
      precondition(shelf.waiters.isEmpty, "zone \(name): destroyed while callers wait for items")
      if shelf.itemCount == 0 { shelf.isDestroyed = true }
      return shelf.itemCount
    }
    guard left == 0 else {
      if debugging.contains(.leaks) { StandardError.write(leakReport().description) }
      Registry.shared.withLock { $0.all.append(self) }
      return left
    }
    let offset = unsafe core.pointee.cacheOffset.exchange(0, ordering: .relaxed)
    Registry.shared.withLock { registry in
      registry.ended.append(self)
      guard offset != 0 else { return }
      for table in registry.tables {
        // Drained above, so only the counters are left to clear for the slot's next zone.
        let cache = unsafe CachePointer(table.base, offset)
        unsafe cache.at.pointee.allocations.store(0, ordering: .relaxed)
        unsafe cache.at.pointee.frees.store(0, ordering: .relaxed)
      }
      unsafe registry.giveSlot(offset / ZoneCache.strideByteCount)
    }
    keg?.slabs.withLock { $0.zoneCount -= 1 }
    unsafe core.pointee.store = nil
    return 0
  }

  /// Runs `body` on every zone of the process, in the order they were made.
  ///
  /// A zone stays while it is visited; one that is made meanwhile may be missed.
  /// - Precondition: `body` destroys no zone.
  package static func forEach(_ body: (Zone) -> Void) {
    let zones = Registry.shared.withLock { registry in
      for zone in registry.all { unsafe zone.core.pointee.visits.add(1, ordering: .relaxed) }
      return registry.all
    }
    for zone in zones {
      body(zone)
      unsafe zone.core.pointee.visits.subtract(1, ordering: .releasing)
    }
  }
}
