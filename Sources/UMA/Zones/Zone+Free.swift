// SPDX-License-Identifier: BSD-2-Clause
//
// The way back, behind the fast path. A freed item goes to the first of these that will have it:
//
//     a waiter -> the thread's cache -> its slab
//
// It goes past the caches when the zone has more items than its limit, or may not cache. An item of
// a watched zone always goes to its slab, and from there to a waiter.

extension Zone {
  @usableFromInline
  @inline(never)
  func freeSlow(_ item: Item, _ file: StaticString, _ line: UInt) {
    freeSlow(item, in: CacheTable.current(), CallSite(file, line))
  }

  func freeSlow(_ item: Item, in table: CacheTable?, _ site: CallSite) {
    let isTaken = withDepotThenWake { depot, wakes in
      if shadow == nil, let room = depot.roomForFirst, room >= 0 {
        depot.frees += 1
        depot.grant(item, &wakes)
        return true
      }
      guard let cache = cache(in: table), depot.mayCache, makeRoom(cache, &depot) else {
        return false
      }
      cache.giveLocked(item)
      return true
    }
    if !isTaken { exportItem(item, site) }
  }

  /// Makes room for one item in a cache; false if there is no bucket for it.
  private func makeRoom(_ cache: Cache, _ depot: inout Depot) -> Bool {
    if cache.loaded == nil {
      guard let bucket = depot.takeEmptyBucket() else { return false }
      cache.load(bucket)
    }
    if cache.hasRoom { return true }
    if let spare = cache.spare, spare.count > 0 {
      spare.note(giver: cache)
      depot.full.push(spare)
      cache.spare = nil
    }
    if cache.spare == nil {
      guard let bucket = depot.takeEmptyBucket() else { return false }
      cache.spare = bucket
    }
    cache.swap()
    return true
  }

  /// Frees an item of another zone on the same keg to this one.
  ///
  /// What one zone gave out another may take back, if this zone's `destruct` and `exportItem` can
  /// make of it what their own callers' items become. The item moves from that zone's figures to
  /// this one's, or to its slab where this zone has no room for it, so both limits stay exact.
  /// - Precondition: `item` is allocated from `other`, and both zones share a keg.
  ///
  /// BSD: `uma_zfree` with a zone that the item is not from; the counts of the two then drift apart
  /// and only their sum has a meaning. Here `free(_:)` does the same.
  public func free(
    _ item: UnsafeMutableRawPointer, allocatedFrom other: Zone, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    if other == self { return unsafe free(item, file: file, line: line) }
    precondition(
      keg === other.keg, "an item of zone \(other.name) freed to zone \(name) of another keg")
    let item = unsafe Item(item)
    unmake(item)
    let isAdopted = withDepot { depot in
      guard shadow == nil, depot.mayCache, depot.room(usesReserve: false) > 0
      else { return false }
      depot.allocations += 1
      depot.itemCount += 1
      return true
    }
    if isAdopted {
      unsafe freeItem(item.address, file: file, line: line)
    } else {
      store.putItem(strip(item, of: other, CallSite(file, line)))
      serveWaiters()
    }
    other.withDepot { depot in
      depot.frees += 1
      depot.itemCount -= 1
    }
    other.serveWaiters()
  }

  /// Frees an item past all caches, to its slab.
  func exportItem(_ item: Item, _ site: CallSite) {
    putItem(strip(item, of: self, site))
  }

  /// Frees an item whose `importItem` the caller has undone already, to its slab.
  ///
  /// A packet whose cluster lives on elsewhere goes this way: its mbuf cannot wait in the packet
  /// zone without one. The item leaves the zone's count, so no zone's figures drift.
  /// - Precondition: `item` is allocated from this zone.
  public func freeStripped(
    _ item: UnsafeMutableRawPointer, file: StaticString = #fileID, line: UInt = #line
  ) {
    unsafe putItem(strip(Item(item), of: self, CallSite(file, line), exports: false))
  }

  /// Gives an item as the keg knows it back to its slab.
  func putItem(_ item: Item) {
    store.putItem(item)
    let mustServe = withDepot { depot in
      depot.frees += 1
      depot.noteReturned(1)
      return !depot.waiters.isEmpty
    }
    if mustServe { serveWaiters() }
  }
}
