// SPDX-License-Identifier: BSD-2-Clause
import CThreadCache
import Synchronization

extension Zone {
  /// The most items the zone may draw from its keg, in use and cached; 0 is no limit.
  ///
  /// Exact in items, and may be changed at any time. Lowered below what is in use, the zone stops
  /// growing, gives back what is cached, and takes every freed item to its slab until it is under.
  ///
  /// BSD: `uma_zone_set_max`.
  public var limitInItems: Int {
    get { withShelf { $0.limit } }
    nonmutating set {
      precondition(newValue >= 0, "a limit of \(newValue) items")
      let isOver = withShelf { shelf in
        shelf.limit = newValue
        return newValue > 0 && shelf.itemCount > newValue
      }
      if isOver { drain() }
    }
  }

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
        while let bucket = unsafe shelf.empty.pop() { unsafe bucket.discard() }
        var taken = BucketList()
        swap(&taken, &shelf.full)
        shelf.transfersInFlight += 1
        return taken
      })
    let pageCount = keg.releaseEmptySlabs()
    withShelf { $0.transfersInFlight -= 1 }
    return pageCount
  }

  /// Takes the items of buckets that no one else can reach to their slabs.
  func giveBack(_ taken: consuming BucketList) {
    var buckets = taken
    let exportItem = unsafe core.pointee.hooks.exportItem
    var itemCount = 0
    while let bucket = unsafe buckets.pop() {
      for index in 0..<(unsafe Int(bucket.pointee.count)) {
        let item = unsafe bucket.items[index]
        if let exportItem = unsafe exportItem { unsafe exportItem(item) }
        unsafe keg.putItem(item)
        itemCount += 1
      }
      unsafe bucket.discard()
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
    let zonesOnKeg = keg.slabs.withLock { $0.zoneCount }
    unsafe precondition(
      core.pointee.isSecondary || zonesOnKeg == 1,
      "zone \(name): destroyed before \(zonesOnKeg - 1) secondary zones on its keg")
    drain()
    let left = withShelf { shelf in
      if shelf.itemCount == 0 { shelf.isDestroyed = true }
      return shelf.itemCount
    }
    guard left == 0 else { return left }
    let offset = unsafe core.pointee.cacheOffset.exchange(0, ordering: .relaxed)
    Registry.shared.withLock { registry in
      registry.ended.append(self)
      guard offset != 0 else { return }
      for table in registry.tables {
        // Drained above, so only the counters are left to clear for the slot's next zone.
        unsafe CachePointer(table.base, offset).clearCounts()
      }
      unsafe registry.giveSlot(offset / ZoneCache.strideByteCount)
    }
    keg.slabs.withLock { $0.zoneCount -= 1 }
    unsafe core.pointee.keg = nil
    return 0
  }

  // MARK: Visiting caches

  /// Moves the buckets of every thread's cache to the shelf.
  func gather(_ shelf: inout Shelf) {
    unsafe visitCaches { cache in
      if let loaded = unsafe cache.unload() { unsafe shelf.keep(loaded) }
      if let spare = unsafe cache.at.pointee.spare { unsafe shelf.keep(spare) }
      unsafe cache.at.pointee.spare = nil
    }
  }

  /// Runs `body` on every thread's cache of this zone while its owner is kept out.
  ///
  /// - Precondition: the zone lock is held.
  func visitCaches(_ body: (CachePointer) -> Void) {
    unsafe Self.visitCaches(of: [self], body)
  }

  /// Runs `body` on every thread's caches of some zones while all their owners are kept out.
  ///
  /// - Precondition: the locks of the zones are held.
  private static func visitCaches(of zones: [Zone], _ body: (CachePointer) -> Void) {
    let offsets = zones.compactMap { zone -> Int? in
      let offset = unsafe zone.core.pointee.cacheOffset.load(ordering: .relaxed)
      return offset == 0 ? nil : offset
    }
    if offsets.isEmpty { return }
    Registry.shared.withLock { registry in
      let caches = unsafe registry.tables.flatMap { table in
        unsafe offsets.map { unsafe CachePointer(table.base, $0) }
      }
      unsafe caches.forEach { unsafe $0.at.pointee.asked.store(1, ordering: .relaxed) }
      mbuma_barrier()
      unsafe caches.forEach { cache in
        while unsafe cache.isBusy { mbuma_yield() }
      }
      unsafe caches.forEach { cache in unsafe body(cache) }
      unsafe caches.forEach { unsafe $0.at.pointee.asked.store(0, ordering: .releasing) }
    }
  }

  /// Items in use of some zones at one moment: all locks held, all caches still.
  ///
  /// Counted one zone after the other, an item that its owner exchanges meanwhile for one of
  /// another zone could be missed in both.
  public static func itemsInUse(of zones: [Zone]) -> Int {
    Int(truncatingIfNeeded: itemsInUse(of: zones, locked: 0, sum: 0))
  }

  // Lock order: the zones as listed, then the registry. Nothing else holds two zones' locks.
  private static func itemsInUse(of zones: [Zone], locked: Int, sum: UInt64) -> UInt64 {
    guard locked < zones.count else {
      var sum = sum
      unsafe visitCaches(of: zones) { cache in
        let (allocations, frees) = unsafe cache.counts
        sum &+= allocations &- frees
      }
      return sum
    }
    return zones[locked].withShelf { shelf in
      itemsInUse(of: zones, locked: locked + 1, sum: sum &+ shelf.allocations &- shelf.frees)
    }
  }

  /// Empties the cache of a table that is going away.
  func retireCache(in table: CacheTable) {
    unsafe core.pointee.shelf.withLock { shelf in
      guard !shelf.isDestroyed, let cache = unsafe cache(in: table) else { return }
      if let loaded = unsafe cache.unload() { unsafe shelf.keep(loaded) }
      if let spare = unsafe cache.at.pointee.spare { unsafe shelf.keep(spare) }
      unsafe cache.at.pointee.spare = nil
      let (allocations, frees) = unsafe cache.counts
      shelf.allocations += allocations
      shelf.frees += frees
      unsafe cache.clearCounts()
    }
  }
}
