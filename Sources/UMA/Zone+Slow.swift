// SPDX-License-Identifier: BSD-2-Clause
//
// Behind the fast path. One allocation goes, as far as it must:
//
//     spare bucket -> shelf's full bucket -> fill from the keg -> other threads' caches -> relief
//
// and only then is denied. Each step runs under the zone lock except the fill, which reserves its
// items against the limit first and then draws them from the keg with the lock dropped.
//
// Nothing is denied while a transfer is in flight: what another thread is bringing from the keg, or
// taking back to it, may be what is missing. A transfer never waits for another of its zone, so it
// ends, and the waiting with it.

import CThreadCache

extension Zone {
  @unsafe
  private enum Step {
    case item(UnsafeMutableRawPointer)
    case fill(bucket: BucketPointer, count: Int)
    case wait
    case deny(ZoneError.Reason, count: Int)
  }

  /// How far an allocation has gone to find an item.
  private enum Effort { case atHand, first, plain, gathering, relieved }

  @usableFromInline
  @inline(never)
  func allocateSlow() throws(ZoneError) -> UnsafeMutableRawPointer {
    unsafe try allocateSlow(in: CacheTable.current())
  }

  /// Allocates an item through a table, as its owner.
  package func allocateItem(in table: CacheTable) throws(ZoneError) -> UnsafeMutableRawPointer {
    if let item = unsafe cache(in: table)?.take() { return unsafe item }
    return unsafe try allocateSlow(in: table)
  }

  /// Frees an item through a table, as its owner.
  package func freeItem(_ item: UnsafeMutableRawPointer, in table: CacheTable) {
    if unsafe cache(in: table)?.give(item) == true { return }
    unsafe freeSlow(item, in: table)
  }

  /// Allocates an item if that takes nothing away from other threads or zones, else nil.
  ///
  /// For who can do without. It never waits and is not counted as a denial.
  public func allocateItemAtHand() -> UnsafeMutableRawPointer? {
    let table = CacheTable.current()
    let cache = unsafe cache(in: table)
    if let item = unsafe cache?.take() { return unsafe item }
    switch unsafe nextStep(cache, .atHand) {
    case .item(let item): return unsafe item
    case .fill(let bucket, let count): return unsafe fill(bucket, count, cache).item
    case .wait, .deny: return nil
    }
  }

  private func allocateSlow(in table: CacheTable?) throws(ZoneError) -> UnsafeMutableRawPointer {
    let cache = unsafe cache(in: table)
    var effort = Effort.first
    while true {
      switch unsafe nextStep(cache, effort) {
      case .item(let item):
        return unsafe item
      case .fill(let bucket, let count):
        let releaseCount = keg.releaseCount
        let (item, isRefused) = unsafe fill(bucket, count, cache)
        if let item = unsafe item { return unsafe item }
        if effort == .first || effort == .plain {
          effort = .gathering
        } else if effort == .gathering, relieve() {
          effort = .relieved
        } else if isRefused || isExhausted(since: releaseCount) {
          try deny(.outOfMemory, count: layout.itemByteCount)
        }
      case .wait:
        mbuma_yield()
        if effort == .first { effort = .plain }
      case .deny(let reason, let count):
        if reason == .injected || effort == .relieved || !relieve() {
          try deny(reason, count: count)
        }
        effort = .relieved
      }
    }
  }

  private func nextStep(_ cache: CachePointer?, _ effort: Effort) -> Step {
    unsafe withShelf { shelf -> Step in
      if effort == .first || effort == .atHand, let plan = shelf.plan, plan.failsNext() {
        return unsafe .deny(.injected, count: 0)
      }
      let isRetry = effort == .gathering || effort == .relieved
      if isRetry { gather(&shelf) }
      if let item = unsafe takeCached(cache, &shelf) { return unsafe .item(item) }
      var count = shelf.bucketCapacity
      if unsafe cache == nil { count = 1 }
      if shelf.limit > 0 {
        count = Swift.min(count, shelf.limit - shelf.itemCount)
        if count <= 0 {
          if effort == .atHand { return unsafe .wait }
          gather(&shelf)
          if let item = unsafe takeCached(cache, &shelf) { return unsafe .item(item) }
          if shelf.transfersInFlight > 0 { return unsafe .wait }
          return unsafe .deny(.limitReached, count: shelf.limit)
        }
      }
      // A fill has failed: what other threads have in hand comes before another try.
      if isRetry, shelf.transfersInFlight > 0 { return unsafe .wait }
      shelf.itemCount += count
      shelf.transfersInFlight += 1
      return unsafe .fill(bucket: shelf.takeEmptyBucket(), count: count)
    }
  }

  /// An item of the spare or of a full bucket, which becomes the loaded one.
  private func takeCached(_ cache: CachePointer?, _ shelf: inout Shelf)
    -> UnsafeMutableRawPointer?
  {
    guard let cache = unsafe cache else {
      guard let bucket = unsafe shelf.full.pop() else { return nil }
      unsafe bucket.pointee.count -= 1
      let item = unsafe bucket.items[Int(bucket.pointee.count)]
      unsafe shelf.keep(bucket)
      shelf.allocations += 1
      return unsafe item
    }
    if unsafe cache.at.pointee.count == 0 {
      if let spare = unsafe cache.at.pointee.spare, unsafe spare.pointee.count > 0 {
        unsafe cache.swap()
      } else if let bucket = unsafe shelf.full.pop(for: cache.at) {
        if let old = unsafe cache.unload() { unsafe shelf.keep(old) }
        unsafe cache.load(bucket)
      } else {
        return nil
      }
    }
    unsafe cache.at.pointee.count -= 1
    unsafe cache.countAllocation()
    return unsafe cache.at.pointee.items[Int(cache.at.pointee.count)]
  }

  /// Whether no item was free at one moment: none cached, none in flight, none on a slab, and no
  /// page given back since the fill that failed began.
  private func isExhausted(since releaseCount: Int) -> Bool {
    withShelf { shelf in
      gather(&shelf)
      return shelf.full.count == 0 && shelf.transfersInFlight == 0
        && keg.slabs.withLock { $0.freeItemCount == 0 && $0.releaseCount == releaseCount }
    }
  }

  /// Brings up to `count` reserved items from the keg; one for the caller, the rest to the cache.
  ///
  /// - Returns: the item, or nil and whether there was one but `importItem` refused it.
  private func fill(_ bucket: BucketPointer, _ count: Int, _ cache: CachePointer?)
    -> (item: UnsafeMutableRawPointer?, isRefused: Bool)
  {
    let drawn = unsafe keg.takeItems(count, into: bucket.items)
    var kept = drawn
    if let importItem = unsafe core.pointee.hooks.importItem {
      kept = 0
      while kept < drawn, unsafe importItem(bucket.items[kept], kept == 0) { kept += 1 }
      for index in kept..<drawn { unsafe keg.putItem(bucket.items[index]) }
    }
    let item = unsafe kept > 0 ? bucket.items[kept - 1] : nil
    unsafe bucket.pointee.count = Int32(Swift.max(0, kept - 1))
    // A limit lowered or a plan set since the fill began: the surplus has no place in a cache.
    var surplus = BucketList()
    withShelf { shelf in
      shelf.itemCount -= count - kept
      if kept > 0 { shelf.allocations += 1 }
      if kept > 1, !shelf.mayCache {
        unsafe surplus.push(bucket)
        return
      }
      shelf.transfersInFlight -= 1
      if let cache = unsafe cache, unsafe cache.at.pointee.count == 0, kept > 1 {
        if let old = unsafe cache.unload() { unsafe shelf.keep(old) }
        unsafe cache.load(bucket)
      } else {
        unsafe shelf.keep(bucket)
      }
    }
    if surplus.count > 0 {
      giveBack(surplus)
      withShelf { $0.transfersInFlight -= 1 }
    }
    return unsafe (item, drawn > kept)
  }

  /// Has items held elsewhere given back; false if nobody offered to.
  private func relieve() -> Bool {
    guard let relief = withShelf({ $0.relief }) else { return false }
    relief()
    return true
  }

  private func deny(_ reason: ZoneError.Reason, count: Int) throws(ZoneError) {
    withShelf { $0.denials[Int(reason.rawValue)] += 1 }
    throw ZoneError(zone: self, reason: reason, count: count)
  }

  /// Runs `construct` and takes the item back if it fails.
  @usableFromInline
  @inline(never)
  func finish(_ item: UnsafeMutableRawPointer, _ construct: ItemHooks.Maker) throws(ZoneError) {
    if unsafe construct(item) { return }
    unsafe exportItem(item)
    try deny(.outOfMemory, count: layout.itemByteCount)
  }

  // MARK: Free

  @usableFromInline
  @inline(never)
  func freeSlow(_ item: UnsafeMutableRawPointer) {
    unsafe freeSlow(item, in: CacheTable.current())
  }

  private func freeSlow(_ item: UnsafeMutableRawPointer, in table: CacheTable?) {
    let isKept = withShelf { shelf in
      guard let cache = unsafe cache(in: table), shelf.mayCache else { return false }
      unsafe makeRoom(cache, &shelf)
      unsafe cache.at.pointee.items[Int(cache.at.pointee.count)] = item
      unsafe cache.at.pointee.count += 1
      return true
    }
    if !isKept { unsafe exportItem(item) }
  }

  private func makeRoom(_ cache: CachePointer, _ shelf: inout Shelf) {
    if unsafe cache.at.pointee.loaded == nil { unsafe cache.load(shelf.takeEmptyBucket()) }
    if unsafe cache.at.pointee.count < cache.at.pointee.capacity { return }
    if let spare = unsafe cache.at.pointee.spare, unsafe spare.pointee.count > 0 {
      unsafe spare.pointee.giver = UnsafeRawPointer(cache.at)
      unsafe shelf.full.push(spare)
      unsafe cache.at.pointee.spare = nil
    }
    if unsafe cache.at.pointee.spare == nil {
      unsafe cache.at.pointee.spare = shelf.takeEmptyBucket()
    }
    unsafe cache.swap()
  }

  /// Frees an item past all caches, to its slab.
  private func exportItem(_ item: UnsafeMutableRawPointer) {
    if let exportItem = unsafe core.pointee.hooks.exportItem { unsafe exportItem(item) }
    unsafe freeStripped(item)
  }

  /// Frees an item whose `importItem` the caller has undone already, to its slab.
  ///
  /// A packet whose cluster lives on elsewhere goes this way: its mbuf cannot wait in the packet
  /// zone without one. The item leaves the zone's count, so no zone's figures drift.
  /// - Precondition: `item` is allocated from this zone.
  public func freeStripped(_ item: UnsafeMutableRawPointer) {
    unsafe keg.putItem(item)
    withShelf { shelf in
      shelf.frees += 1
      shelf.itemCount -= 1
    }
  }

  // MARK: The lock

  func withShelf<Result: ~Copyable>(_ body: (inout Shelf) -> Result) -> Result {
    unsafe core.pointee.shelf.withLock { shelf in
      precondition(!shelf.isDestroyed, "zone \(name) was destroyed")
      shelf.lockAcquisitions &+= 1
      return body(&shelf)
    }
  }
}
