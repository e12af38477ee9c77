// SPDX-License-Identifier: BSD-2-Clause
//
// How a zone gives memory back:
//
//     threads' caches --drainWithCaches--> depot --trim, drain--> slabs --all levels--> page source
//
// A slab can go only when all its items are on it, so what is counted is pages, not items.

/// How much a zone gives back.
///
/// Every level gives the slabs back to the page source that have all their items after it.
///
/// BSD: `UMA_RECLAIM_TRIM`, `UMA_RECLAIM_DRAIN`, `UMA_RECLAIM_DRAIN_CPU` (sys/vm/uma.h).
public enum ReclaimLevel: CaseIterable, Sendable {
  /// The zone's own buckets beyond what its users needed recently, by `Zone.tick()`.
  ///
  /// BSD: `UMA_RECLAIM_TRIM`.
  case trim
  /// All of the zone's own buckets; the threads keep their caches.
  ///
  /// BSD: `UMA_RECLAIM_DRAIN`.
  case drain
  /// These, and the caches of all threads.
  ///
  /// BSD: `UMA_RECLAIM_DRAIN_CPU`.
  case drainWithCaches
}

extension Zone {
  /// Gives cached items back to their slabs and every empty slab back to the page source.
  ///
  /// A zone made with `noFree` takes its items back to their slabs, which stay.
  /// - Parameter level: which items.
  /// - Returns: pages released.
  ///
  /// BSD: `uma_zone_reclaim`.
  @discardableResult
  public func reclaim(_ level: ReclaimLevel) -> Int {
    let taken = withDepot { depot in
      if level == .drainWithCaches { gather(&depot) }
      while let bucket = depot.empty.pop() { BucketPool.shared.give(bucket) }
      depot.transfersInFlight += 1
      return depot.full.takeReclaimable(keepsWorkingSet: level == .trim)
    }
    let pageCount = giveBackInHand(taken)
    let mustServe = withDepot { depot in
      depot.transfersInFlight -= 1
      return !depot.waiters.isEmpty
    }
    if mustServe { serveWaiters() }
    return pageCount
  }

  private func giveBackInHand(_ buckets: consuming BucketList) -> Int {
    var buckets: BucketList? = consume buckets
    return Passage.inside(.transfer, of: self) {
      if let taken = buckets.take() { giveBack(taken) }
      return store.releaseEmptySlabs()
    }
  }

  /// Gives every cached item, of all threads, back to its slab and every empty slab back to the
  /// page source: `reclaim(.drainWithCaches)`.
  ///
  /// - Returns: pages released.
  ///
  /// BSD: `uma_zone_reclaim(zone, UMA_RECLAIM_DRAIN_CPU)`.
  @discardableResult
  public func drain() -> Int { reclaim(.drainWithCaches) }

  /// Takes the items of buckets that no one else can reach to their slabs.
  func giveBack(_ taken: consuming BucketList) {
    var buckets = taken
    let store = store
    let hooks = body.hooks
    var itemCount = 0
    while let bucket = buckets.pop() {
      let places = bucket.places
      for index in 0..<bucket.count {
        let item = places[index]
        hooks.runExport(item)
        store.putItem(item)
        itemCount += 1
      }
      BucketPool.shared.give(bucket)
    }
    withDepot { $0.noteReturned(itemCount) }
  }
}

// MARK: - All zones

extension Zone {
  /// How far apart calls of `tick()` are meant to be.
  ///
  /// BSD: `UMA_TIMEOUT`, 20 seconds.
  public static let tickInterval = Duration.seconds(20)

  /// Ends an interval of the working-set estimate of every zone.
  ///
  /// There is no timer inside: whoever has one calls this about every `tickInterval`. Before the
  /// first call a zone takes all its stock for wanted, and a trim leaves it alone.
  ///
  /// BSD: `uma_timeout`.
  public static func tick() { forEach { $0.tick() } }

  /// Ends an interval of the zone's working-set estimate.
  func tick() { withDepot { $0.full.tick() } }

  /// Reclaims from every zone of the process, then the memory of buckets and slab headers that no
  /// zone uses any more.
  ///
  /// The zones made last come first, so that a zone whose items hold items of another, as packets
  /// hold clusters, or that shares another's keg, gives them back before that one's turn. A second
  /// round takes what came back to a zone after its turn nevertheless, over one zone, not over two
  /// made in the wrong order. Zones made with `noFree` are left alone.
  /// - Returns: pages released.
  ///
  /// BSD: `uma_reclaim`.
  @discardableResult
  public static func reclaimAll(_ level: ReclaimLevel) -> Int { reclaimAll(level, on: nil) }

  /// Reclaims as `reclaimAll(_:)` does, but leaves zones alone that have nothing of a budget.
  ///
  /// - Parameters:
  ///   - level: which items.
  ///   - budget: whose bytes are wanted; nil for all.
  @discardableResult
  static func reclaimAll(_ level: ReclaimLevel, on budget: MemoryBudget?) -> Int {
    var pageCount = 0
    for _ in 0..<2 {
      forEach(newestFirst: true) { zone in
        if zone.store.flags.contains(.noFree) { return }
        if let budget, zone.hasNothing(of: budget) { return }
        pageCount += zone.reclaim(level)
      }
    }
    return pageCount + BucketPool.shared.releasePages()
  }

  /// Whether nothing that the zone has cached counts on a budget.
  ///
  /// Its keg is on another, and its items hold no items of other zones, as they may where a hook
  /// prepares them. Buckets are on the process's budget, whatever is in them.
  func hasNothing(of budget: MemoryBudget) -> Bool {
    guard budget !== MemoryBudget.process, let keg = store.keg, keg.budget !== budget else {
      return false
    }
    let (ofZone, ofKeg) = (body.hooks, keg.hooks)
    return !(ofZone.imports || ofZone.exports || ofKeg.initializes || ofKeg.finalizes)
  }

  /// Has the other zones of the keg give back what they have cached.
  func drainSiblings() {
    guard let keg = store.keg else { return }
    Self.forEach { zone in
      if zone != self, zone.store.keg === keg { zone.drain() }
    }
  }
}
