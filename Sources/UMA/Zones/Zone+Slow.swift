// SPDX-License-Identifier: BSD-2-Clause
//
// Behind the fast path. One allocation goes, as far as it must:
//
//     spare bucket -> depot's full bucket -> fill from the keg -> other threads' caches -> relief
//     -> the caches of the keg's other zones, and of all that have bytes of a budget that refused
//
// and only then is denied, or sleeps if it may. Each step runs under the zone lock except the fill,
// which reserves its items against the limit first and then draws them with the lock dropped.
//
// Nothing is denied while a transfer is in flight: what another thread is bringing from the keg, or
// taking back to it, may be what is missing. A transfer never waits for another of its zone, so it
// ends, and the waiting with it. What comes free while somebody sleeps for it is theirs: whoever
// comes later is denied or queues behind.

import CUMA

extension Zone {
  /// How an attempt ended.
  @unsafe
  enum Attempt {
    case item(UnsafeMutableRawPointer)
    case short(ZoneError.Reason, count: Int)
  }

  @unsafe
  private enum Step {
    case item(UnsafeMutableRawPointer)
    case fill(bucket: Bucket?, count: Int)
    case yield
    case short(ZoneError.Reason, count: Int, isFinal: Bool)
  }

  /// How far an allocation has gone to find an item.
  private enum Effort { case atHand, first, plain, gathering, relieved, reclaimed }

  @usableFromInline
  @inline(never)
  func allocateSlow(_ wait: Wait, _ usesReserve: Bool, _ file: StaticString, _ line: UInt)
    throws(ZoneError) -> UnsafeMutableRawPointer
  {
    let request = Request(wait: wait, usesReserve: usesReserve, site: CallSite(file, line))
    return unsafe try allocateSlow(request, in: CacheTable.current())
  }

  /// Allocates an item through a table, as its owner, and runs `construct` on it.
  package func allocate(
    in table: CacheTable, _ wait: Wait = .noWait, zeroed: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(ZoneError) -> UnsafeMutableRawPointer {
    let item = unsafe try allocateItem(in: table, wait, file: file, line: line)
    unsafe try make(item, zeroed: zeroed)
    return unsafe item
  }

  /// Runs `destruct` on an item and frees it through a table, as its owner.
  package func free(
    _ item: UnsafeMutableRawPointer, in table: CacheTable, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    if let destruct = unsafe core.pointee.destruct { unsafe destruct(item) }
    unsafe freeItem(item, in: table, file: file, line: line)
  }

  /// Allocates an item through a table, as its owner.
  package func allocateItem(
    in table: CacheTable, _ wait: Wait = .noWait, usesReserve: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(ZoneError) -> UnsafeMutableRawPointer {
    if let item = cache(in: table)?.take() { return unsafe item.address }
    let request = Request(wait: wait, usesReserve: usesReserve, site: CallSite(file, line))
    return unsafe try allocateSlow(request, in: table)
  }

  /// Frees an item through a table, as its owner.
  package func freeItem(
    _ item: UnsafeMutableRawPointer, in table: CacheTable, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    if unsafe cache(in: table)?.give(Item(item)) == true { return }
    unsafe freeSlow(item, in: table, CallSite(file, line))
  }

  /// Allocates an item if that takes nothing away from other threads or zones, else nil.
  ///
  /// For who can do without. It never waits and is not counted as a denial.
  public func allocateItemAtHand(file: StaticString = #fileID, line: UInt = #line)
    -> UnsafeMutableRawPointer?
  {
    let cache = cache(in: CacheTable.current())
    if let item = cache?.take() { return unsafe item.address }
    let request = Request(site: CallSite(file, line))
    switch unsafe nextStep(cache, .atHand, request) {
    case .item(let item): return unsafe item
    case .fill(let bucket, let count): return unsafe fill(bucket, count, cache, request).item
    case .yield, .short: return nil
    }
  }

  private func allocateSlow(_ request: Request, in table: CacheTable?) throws(ZoneError)
    -> UnsafeMutableRawPointer
  {
    if case .wait = request.wait {
      return unsafe try allocateWaiting(request, until: request.wait.deadline, in: table)
    }
    switch unsafe attempt(request, in: table) {
    case .item(let item): return unsafe item
    case .short(let reason, let count): throw denial(reason, count: count)
    }
  }

  /// Looks everywhere for an item, and last puts the request's waiter, if it has one, in the queue.
  func attempt(_ request: Request, in table: CacheTable?) -> Attempt {
    // A sleeper takes single items: a bucket in its cache would hide items from the queue.
    let cache = request.waiter == nil ? cache(in: table) : nil
    let refusalCount = store.keg?.budget.refusalCount ?? 0
    var effort = request.waiter == nil ? Effort.first : .plain
    while true {
      switch unsafe nextStep(cache, effort, request) {
      case .item(let item):
        return unsafe .item(item)
      case .fill(let bucket, let count):
        let releaseCount = store.releaseCount
        let (item, isRefused) = unsafe fill(bucket, count, cache, request)
        if let item = unsafe item { return unsafe .item(item) }
        if effort == .first || effort == .plain {
          effort = .gathering
        } else if effort == .gathering, relieve() {
          effort = .relieved
        } else if isExhausted(since: releaseCount, isRefused: isRefused, request) {
          let budget = store.exceededBudget(since: refusalCount)
          if effort != .reclaimed, budget != nil || !isRefused && store.hasSeveralZones {
            effort = .reclaimed
            drainSiblings()
            if let budget { Self.reclaimAll(.drainWithCaches, on: budget) }
          } else if let budget {
            return unsafe .short(.budgetReached, count: budget.limitInBytes)
          } else {
            return unsafe .short(.outOfMemory, count: layout.itemByteCount)
          }
        }
      case .yield:
        // What another thread has in hand may take it long: a deadline does not wait for that.
        if let deadline = request.wait.deadline, deadline <= .now {
          return unsafe .short(.deadlinePassed, count: layout.itemByteCount)
        }
        mbuma_yield()
        if effort == .first { effort = .plain }
      case .short(let reason, let count, let isFinal):
        if isFinal || effort == .relieved || effort == .reclaimed || !relieve() {
          return unsafe .short(reason, count: count)
        }
        effort = .relieved
      }
    }
  }

  private func nextStep(_ cache: Cache?, _ effort: Effort, _ request: Request) -> Step {
    unsafe withDepot { depot -> Step in
      if effort == .first || effort == .atHand, let plan = depot.plan,
        plan.failsNext(in: self, at: CallSite.outermost(request.site))
      {
        return unsafe .short(.injected, count: 0, isFinal: true)
      }
      if let grant = unsafe request.waiter?.takeGrant() { return unsafe .item(grant) }
      if let head = depot.waiters.first, head !== request.waiter,
        head.usesReserve || !request.usesReserve
      {
        if let waiter = request.waiter { depot.enqueue(waiter) }
        let isFull = depot.room(usesReserve: request.usesReserve) <= 0
        return unsafe isFull
          ? .short(.limitReached, count: depot.limit, isFinal: true)
          : .short(.outOfMemory, count: layout.itemByteCount, isFinal: true)
      }
      let isRetry = effort == .gathering || effort == .relieved || effort == .reclaimed
      if isRetry { gather(&depot) }
      if let item = unsafe takeCached(cache, &depot) { return unsafe .item(item) }
      let room = depot.room(usesReserve: request.usesReserve)
      if room <= 0 {
        if effort == .atHand { return unsafe .yield }
        gather(&depot)
        if let item = unsafe takeCached(cache, &depot) { return unsafe .item(item) }
        if depot.transfersInFlight > 0 { return unsafe .yield }
        if let waiter = request.waiter, isRetry && effort != .gathering || depot.relief == nil {
          depot.enqueue(waiter)
        }
        return unsafe .short(.limitReached, count: depot.limit, isFinal: false)
      }
      // A fill has failed: what other threads have in hand comes before another try.
      if isRetry, depot.transfersInFlight > 0 { return unsafe .yield }
      let ordinaryRoom = depot.room(usesReserve: false)
      // Beyond ordinary room no cache may hold on to what is freed.
      if ordinaryRoom <= 0 { gather(&depot) }
      var count = Swift.min(depot.bucketCapacity, ordinaryRoom)
      var bucket: Bucket?
      if count > 1 && cache != nil { bucket = depot.takeEmptyBucket() }
      if bucket == nil { count = 1 }
      depot.itemCount += count
      depot.transfersInFlight += 1
      return unsafe .fill(bucket: bucket, count: count)
    }
  }

  /// An item of the spare or of a full bucket, which becomes the loaded one.
  private func takeCached(_ cache: Cache?, _ depot: inout Depot)
    -> UnsafeMutableRawPointer?
  {
    guard let cache else {
      guard let item = unsafe depot.takeShelved() else { return nil }
      depot.allocations += 1
      return unsafe item
    }
    if cache.isEmpty {
      if let spare = cache.spare, spare.count > 0 {
        cache.swap()
      } else if let bucket = depot.full.pop(for: cache) {
        if let old = cache.unload() { depot.keep(old) }
        cache.load(bucket)
      } else {
        return nil
      }
    }
    return unsafe cache.takeLocked().address
  }

  /// Whether no item was free at one moment; the waiter is queued at that moment.
  ///
  /// None cached, none in flight, none on a slab, and no page given back since the fill that failed
  /// began.
  private func isExhausted(since releaseCount: Int, isRefused: Bool, _ request: Request) -> Bool {
    withDepot { depot in
      gather(&depot)
      if unsafe request.waiter?.grant != nil { return false }
      let isBare =
        isRefused
        || store.freeItemCount(usesReserve: request.usesReserve) == 0
          && store.releaseCount == releaseCount
      let isExhausted = isBare && depot.full.count == 0 && depot.transfersInFlight == 0
      if isExhausted, let waiter = request.waiter { depot.enqueue(waiter) }
      return isExhausted
    }
  }

  /// Brings up to `count` reserved items from below; one for the caller, the rest to the cache.
  ///
  /// - Returns: the item, or nil and whether there was one but `importItem` refused it.
  private func fill(
    _ bucket: Bucket?, _ count: Int, _ cache: Cache?, _ request: Request
  ) -> (item: UnsafeMutableRawPointer?, isRefused: Bool) {
    guard let bucket else { return unsafe drawOne(request) }
    let (kept, isRefused) = unsafe draw(
      count, into: bucket.slots, mayGrow: request.mayGrow, usesReserve: request.usesReserve,
      request.site)
    let item = unsafe kept > 0 ? bucket.places[kept - 1].address : nil
    bucket.count = Swift.max(0, kept - 1)
    // A limit lowered or a plan set since the fill began: the surplus has no place in a cache.
    var surplus = BucketList()
    let mustServe = withDepot { depot in
      depot.itemCount -= count - kept
      if kept > 0 { depot.allocations += 1 }
      if kept > 1, !depot.mayCache {
        surplus.push(bucket)
        return false
      }
      depot.transfersInFlight -= 1
      if let cache, cache.isEmpty, kept > 1 {
        if let old = cache.unload() { depot.keep(old) }
        cache.load(bucket)
      } else {
        depot.keep(bucket)
      }
      return kept < count && !depot.waiters.isEmpty
    }
    if surplus.count > 0 {
      giveBack(surplus)
      withDepot { $0.transfersInFlight -= 1 }
      serveWaiters()
    }
    if mustServe { serveWaiters() }
    return unsafe (item, isRefused)
  }

  /// Brings one reserved item from below, past all buckets.
  private func drawOne(_ request: Request) -> (item: UnsafeMutableRawPointer?, isRefused: Bool) {
    unsafe withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: 1) { place in
      guard let items = place.baseAddress else { return (nil, false) }
      let (kept, isRefused) = unsafe draw(
        1, into: items, mayGrow: request.mayGrow, usesReserve: request.usesReserve, request.site)
      let mustServe = withDepot { depot in
        depot.transfersInFlight -= 1
        depot.itemCount -= 1 - kept
        depot.allocations += UInt64(kept)
        return kept == 0 && request.waiter == nil && !depot.waiters.isEmpty
      }
      if mustServe { serveWaiters() }
      return unsafe (kept == 1 ? items.pointee : nil, isRefused)
    }
  }

  /// Draws reserved items from below and imports them, stopping at the first that is refused.
  func draw(
    _ count: Int, into items: UnsafeMutablePointer<UnsafeMutableRawPointer>, mayGrow: Bool,
    usesReserve: Bool, _ site: CallSite
  ) -> (kept: Int, isRefused: Bool) {
    let store = store
    let drawn = unsafe store.takeItems(
      into: ItemPlaces(items, count: count), mayGrow: mayGrow, usesReserve: usesReserve)
    let isPlain =
      unsafe core.pointee.hooks.importItem == nil && core.pointee.shadow == nil
    if isPlain { return (drawn, false) }
    var kept = 0
    while kept < drawn, unsafe bring(items + kept, isAwaited: kept == 0, site) { kept += 1 }
    for index in kept..<drawn { unsafe store.putItem(Item(items[index])) }
    return (kept, drawn > kept)
  }

  /// Has items held elsewhere given back; false if nobody offered to.
  private func relieve() -> Bool {
    guard let relief = withDepot({ $0.relief }) else { return false }
    relief()
    return true
  }

  /// Counts a denial and makes the error that tells of it.
  func denial(_ reason: ZoneError.Reason, count: Int) -> ZoneError {
    let error = ZoneError(zone: self, reason: reason, count: count)
    let notice = withDepot { depot in
      depot.denials[Int(reason.rawValue)] += 1
      return reason == .limitReached ? depot.limitNotice : nil
    }
    notice?.post(error)
    return error
  }

  /// Runs `construct` and takes the item back if it fails.
  @usableFromInline
  @inline(never)
  func finish(_ item: UnsafeMutableRawPointer, _ construct: ItemHooks.Maker) throws(ZoneError) {
    if unsafe construct(item) { return }
    unsafe exportItem(item, CallSite(#fileID, #line))
    throw denial(.outOfMemory, count: layout.itemByteCount)
  }

  /// Fills an item with zeroes, for its whole requested length.
  @usableFromInline
  @inline(never)
  func zero(_ item: UnsafeMutableRawPointer) {
    unsafe precondition(
      core.pointee.hooks.initialize == nil && core.pointee.hooks.importItem == nil,
      "zone \(name): a zeroed item would lose what initialize or importItem prepared")
    unsafe item.initializeMemory(as: UInt8.self, repeating: 0, count: layout.itemByteCount)
  }
}
