// SPDX-License-Identifier: BSD-2-Clause
//
// From the keg to a caller, and to the caller's cache:
//
//     bring   one item for the caller: from a slab, or from a new one; `importItem` may wait
//     stock   more for the cache: only what is on slabs, and `importItem` should not wait
//
// They are two, so that a fill that waits in a hook has nothing in hand that another caller could
// use. Items are counted against the limit before they are drawn, so it holds at every moment.

extension Zone {
  /// What came of bringing one item.
  enum Filling {
    case item(Item)
    case short(Shortage)

    var item: Item? {
      if case .item(let item) = self { item } else { nil }
    }
  }

  /// Brings the item that `reach` counted, and stocks the cache if it came.
  func fill(_ cache: Cache?, _ request: Request) -> Filling {
    let filling = fillOne(request)
    let item = filling.item
    var (bucket, count, mustServe) = withDepot { depot -> (Bucket?, Int, Bool) in
      depot.fillsInFlight -= 1
      guard item != nil else {
        depot.itemCount -= 1
        return (nil, 0, request.waiter == nil && !depot.waiters.isEmpty)
      }
      depot.allocations += 1
      guard cache != nil, depot.mayCache else { return (nil, 0, false) }
      let count = Swift.min(depot.bucketCapacity - 1, depot.room(usesReserve: false))
      guard count > 0, let bucket = depot.takeEmptyBucket() else {
        return (nil, 0, false)
      }
      depot.itemCount += count
      depot.transfersInFlight += 1
      return (bucket, count, false)
    }
    if let bucket = bucket, let cache = cache {
      mustServe = stock(cache, bucket, count, request)
    }
    if mustServe { serveWaiters() }
    return filling
  }

  /// Brings one item that is counted already, and as a fill.
  func fillOne(_ request: Request) -> Filling {
    Passage.inside(.fill, of: self) { bring(request) }
  }

  /// Brings up to `count` items, which are counted already, to the cache.
  ///
  /// - Returns: whether those who wait are to be served.
  private func stock(_ cache: Cache, _ bucket: Bucket, _ count: Int, _ request: Request) -> Bool {
    Passage.inside(.transfer, of: self) {
      let kept = drawAtHand(bucket.places.part(0, count), request)
      bucket.count = kept
      // A limit lowered or a plan set since: what was brought has no place in a cache.
      var surplus = BucketList()
      withDepot { depot in
        depot.itemCount -= count - kept
        if kept > 0, !depot.mayCache {
          surplus.push(bucket)
        } else if cache.isEmpty, kept > 0 {
          if let old = cache.unload() { depot.keep(old) }
          cache.load(bucket)
        } else {
          depot.keep(bucket)
        }
      }
      if surplus.count > 0 { giveBack(surplus) }
    }
    return withDepot { depot in
      depot.transfersInFlight -= 1
      return !depot.waiters.isEmpty
    }
  }

  /// One item from below, made one of the zone's.
  private func bring(_ request: Request) -> Filling {
    ItemPlaces.withOne { place in
      if let shortage = drawOne(into: place, request) { return .short(shortage) }
      guard let item = bring(place[0], isAwaited: true, request.site) else {
        store.putItem(place[0])
        return .short(.refused)
      }
      return .item(item)
    }
  }

  /// Draws one item from below, of a new slab if need be.
  ///
  /// - Returns: why there is none.
  private func drawOne(into place: ItemPlaces, _ request: Request) -> Shortage? {
    guard case .keg(let keg) = store else {
      let taken = store.takeItems(
        into: place, mayGrow: request.mayGrow, usesReserve: request.usesReserve)
      return taken == 1 ? nil : .pages
    }
    while keg.takeItems(into: place, mayGrow: false, usesReserve: request.usesReserve) == 0 {
      guard request.mayGrow else { return .slabs }
      switch keg.grow() {
      case .made: continue
      case .noBytes: return .bytes
      case .noPages, .refused: return .pages
      }
    }
    return nil
  }

  /// Draws items that are free on slabs and imports them, stopping at the first that is refused.
  private func drawAtHand(_ places: ItemPlaces, _ request: Request) -> Int {
    let store = store
    // A keg's pages are for items that a caller waits for; a source is asked for many at a time.
    let drawn = store.takeItems(
      into: places, mayGrow: request.mayGrow && store.keg == nil, usesReserve: false)
    if isPlain { return drawn }
    var kept = 0
    while kept < drawn, let item = bring(places[kept], isAwaited: false, request.site) {
      places[kept] = item
      kept += 1
    }
    for index in kept..<drawn { store.putItem(places[index]) }
    return kept
  }
}
