// SPDX-License-Identifier: BSD-2-Clause
//
// The way back, behind the fast path. A freed item goes to the first of these that will have it:
//
//     who waits -> the thread's cache -> its slab
//
// It goes past the caches when the zone has more items than its limit, or may not cache. An item of
// a watched zone always goes to its slab, and from there to who waits.

extension Zone {
  @unsafe
  private enum Fate {
    case kept
    case granted(Waiter?)
    case homeless
  }

  @usableFromInline
  @inline(never)
  func freeSlow(_ item: UnsafeMutableRawPointer, _ file: StaticString, _ line: UInt) {
    unsafe freeSlow(item, in: CacheTable.current(), CallSite(file, line))
  }

  func freeSlow(_ item: UnsafeMutableRawPointer, in table: CacheTable?, _ site: CallSite) {
    let fate = unsafe withShelf { shelf -> Fate in
      if unsafe core.pointee.shadow == nil, let head = shelf.waiters.first,
        shelf.room(usesReserve: head.usesReserve) >= 0
      {
        shelf.frees += 1
        shelf.allocations += 1
        return unsafe .granted(shelf.waiters.grant(item))
      }
      guard let cache = unsafe cache(in: table), shelf.mayCache, unsafe makeRoom(cache, &shelf)
      else { return unsafe .homeless }
      unsafe cache.at.pointee.items[Int(cache.at.pointee.count)] = item
      unsafe cache.at.pointee.count += 1
      shelf.frees += 1
      return unsafe .kept
    }
    switch unsafe fate {
    case .kept: break
    case .granted(let waiter): waiter?.bell.ring()
    case .homeless: unsafe exportItem(item, site)
    }
  }

  /// Makes room for one item in a cache; false if there is no bucket for it.
  private func makeRoom(_ cache: CachePointer, _ shelf: inout Shelf) -> Bool {
    if unsafe cache.at.pointee.loaded == nil {
      guard let bucket = unsafe shelf.takeEmptyBucket() else { return false }
      unsafe cache.load(bucket)
    }
    if unsafe cache.at.pointee.count < cache.at.pointee.capacity { return true }
    if let spare = unsafe cache.at.pointee.spare, unsafe spare.pointee.count > 0 {
      unsafe shelf.full.push(spare)
      unsafe cache.at.pointee.spare = nil
    }
    if unsafe cache.at.pointee.spare == nil {
      guard let bucket = unsafe shelf.takeEmptyBucket() else { return false }
      unsafe cache.at.pointee.spare = bucket
    }
    unsafe cache.swap()
    return true
  }

  /// Frees an item past all caches, to its slab.
  func exportItem(_ item: UnsafeMutableRawPointer, _ site: CallSite) {
    if let shadow = unsafe core.pointee.shadow {
      return unsafe freeWatched(item, shadow, site, isStripped: false)
    }
    if let exportItem = unsafe core.pointee.hooks.exportItem { unsafe exportItem(item) }
    unsafe putItem(item)
  }

  /// Frees an item whose `importItem` the caller has undone already, to its slab.
  ///
  /// A packet whose cluster lives on elsewhere goes this way: its mbuf cannot wait in the packet
  /// zone without one. The item leaves the zone's count, so no zone's figures drift.
  /// - Precondition: `item` is allocated from this zone.
  public func freeStripped(
    _ item: UnsafeMutableRawPointer, file: StaticString = #fileID, line: UInt = #line
  ) {
    if let shadow = unsafe core.pointee.shadow {
      return unsafe freeWatched(item, shadow, CallSite(file, line), isStripped: true)
    }
    unsafe putItem(item)
  }

  /// Gives an item as the keg knows it back to its slab.
  func putItem(_ item: UnsafeMutableRawPointer) {
    unsafe store.putItem(item)
    let mustServe = withShelf { shelf in
      shelf.frees += 1
      shelf.itemCount -= 1
      return !shelf.waiters.isEmpty
    }
    if mustServe { serveWaiters() }
  }
}
