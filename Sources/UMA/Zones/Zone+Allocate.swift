// SPDX-License-Identifier: BSD-2-Clause
//
// Behind the fast path. One allocation climbs as far as it must:
//
//     1  reach     the spare bucket, a full bucket of the depot                (this file)
//     2  fill      the keg's slabs, or a new one                               (Zone+Fill.swift)
//     3  gather    the caches of the zone's other threads                      (Zone+Visit.swift)
//     4  relief    what the user has the zone ask for
//     5  drain     the caches of the zones that hold items of this one, that share its keg, or that
//                  draw on the budget or the page source that refused
//     6  denial    at one moment nothing was free in any of them               (Zone+Denial.swift)
//
// Every rung runs under the zone lock but for fills, reliefs and drains, which have items in hand
// with the lock dropped. The denial looks at all places at once; if it sees anything it could use,
// or something on its way, the climb begins again. It ends, because what was seen and is gone by
// then has gone to somebody who asked for it.
//
// What comes free while somebody sleeps for it is theirs: whoever comes later is denied or queues
// behind.

import CUMA

extension Zone {
  /// How an attempt ended.
  @unsafe
  enum Attempt {
    case item(UnsafeMutableRawPointer)
    case short(ZoneError.Reason, count: Int)
  }

  /// What an allocation is short of.
  enum Shortage {
    /// The limit leaves no room.
    case limit
    /// `importItem` refused the item.
    case refused
    /// No item is on a slab, and no slab may be made.
    case slabs
    /// The page source or the item source had nothing, or `initialize` refused it.
    case pages
    /// The budget refused the bytes of a slab.
    case bytes
  }

  @unsafe
  private enum Step {
    case item(UnsafeMutableRawPointer)
    case short(Shortage)
    case denied(ZoneError.Reason, count: Int)
  }

  @unsafe
  private enum Reach {
    case end(Step)
    /// An item may be brought, and is counted already.
    case fill
  }

  @usableFromInline
  @inline(never)
  func allocateSlow(_ wait: Wait, _ usesReserve: Bool, _ file: StaticString, _ line: UInt)
    throws(ZoneError) -> UnsafeMutableRawPointer
  {
    let request = Request(wait: wait, usesReserve: usesReserve, site: CallSite(file, line))
    return unsafe try allocateSlow(request, in: CacheTable.current())
  }

  func allocateSlow(_ request: Request, in table: CacheTable?) throws(ZoneError)
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

  /// Allocates an item if that takes nothing away from other threads or zones, else nil.
  ///
  /// For who can do without. It never waits and is not counted as a denial.
  public func allocateItemAtHand(file: StaticString = #fileID, line: UInt = #line)
    -> UnsafeMutableRawPointer?
  {
    let cache = cache(in: CacheTable.current())
    if let item = cache?.take() { return unsafe item.address }
    let request = Request(site: CallSite(file, line))
    switch unsafe reach(cache, request, isFirst: true, gathers: false) {
    case .end(.item(let item)): return unsafe item
    case .end: return nil
    case .fill: return unsafe fill(cache, request).item
    }
  }

  /// Looks everywhere for an item, and last puts the request's waiter, if it has one, in the queue.
  func attempt(_ request: Request, in table: CacheTable?) -> Attempt {
    // A sleeper takes single items: a bucket in its cache would hide items from the queue.
    let cache = request.waiter == nil ? cache(in: table) : nil
    switch unsafe step(cache, request, isFirst: request.waiter == nil, gathers: false) {
    case .item(let item): return unsafe .item(item)
    case .denied(let reason, let count): return unsafe .short(reason, count: count)
    case .short(let shortage):
      return unsafe Passage.standingAside { unsafe climb(cache, request, from: shortage) }
    }
  }

  /// The upper rungs, again and again until there is an item or a moment without any.
  private func climb(_ cache: Cache?, _ request: Request, from shortage: Shortage)
    -> Attempt
  {
    var shortage = shortage
    var isRelieved = false
    var inquest = Inquest()
    while true {
      let verdict =
        isRelieved
        ? unsafe judge(cache, request, shortage, &inquest)
        : unsafe relieve(cache, request) ?? judge(cache, request, shortage, &inquest)
      isRelieved = true
      switch unsafe verdict {
      case .item(let item): return unsafe .item(item)
      case .denied(let reason, let count): return unsafe .short(reason, count: count)
      case .inFlight:
        // What another thread has in hand may take it long: a deadline does not wait for that.
        if let deadline = request.wait.deadline, deadline <= .now {
          return unsafe .short(.deadlinePassed, count: layout.itemByteCount)
        }
        mbuma_yield()
        continue
      case .drain(let zones): Self.drain(zones, inquest)
      case .again: break
      }
      switch unsafe step(cache, request, isFirst: false, gathers: true) {
      case .item(let item): return unsafe .item(item)
      case .denied(let reason, let count): return unsafe .short(reason, count: count)
      case .short(let next): shortage = next
      }
    }
  }

  /// The lower rungs, once.
  private func step(
    _ cache: Cache?, _ request: Request, isFirst: Bool, gathers: Bool
  ) -> Step {
    switch unsafe reach(cache, request, isFirst: isFirst, gathers: gathers) {
    case .end(let step): return unsafe step
    case .fill:
      switch unsafe fill(cache, request) {
      case .item(let item): return unsafe .item(item)
      case .short(let shortage): return unsafe .short(shortage)
      }
    }
  }

  /// What is in the zone, or else room for an item to be brought.
  private func reach(
    _ cache: Cache?, _ request: Request, isFirst: Bool, gathers: Bool
  ) -> Reach {
    unsafe withDepot { depot -> Reach in
      if isFirst, let plan = depot.plan,
        plan.failsNext(in: self, at: CallSite.outermost(request.site))
      {
        return unsafe .end(.denied(.injected, count: 0))
      }
      if let grant = unsafe request.waiter?.takeGrant() { return unsafe .end(.item(grant)) }
      if depot.hasOthersAhead(of: request) {
        let (reason, count) = queueBehind(request, &depot)
        return unsafe .end(.denied(reason, count: count))
      }
      if gathers { gather(&depot) }
      if let item = unsafe takeCached(cache, &depot) { return unsafe .end(.item(item)) }
      if depot.room(usesReserve: request.usesReserve) <= 0 { return unsafe .end(.short(.limit)) }
      // Beyond ordinary room no cache may hold on to what is freed.
      if depot.room(usesReserve: false) <= 0 { gather(&depot) }
      depot.itemCount += 1
      depot.fillsInFlight += 1
      return unsafe .fill
    }
  }

  /// What to say to who comes after those that sleep; a sleeper goes to sleep behind them.
  func queueBehind(_ request: Request, _ depot: inout Depot) -> (ZoneError.Reason, count: Int) {
    if let waiter = request.waiter { depot.enqueue(waiter) }
    return depot.room(usesReserve: request.usesReserve) <= 0
      ? (.limitReached, count: depot.limit) : (.outOfMemory, count: layout.itemByteCount)
  }

  /// An item of the spare or of a full bucket, which becomes the loaded one.
  func takeCached(_ cache: Cache?, _ depot: inout Depot) -> UnsafeMutableRawPointer? {
    guard let cache = cache else {
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

  /// Has items that no zone knows of given back, unless there is one in the zone after all; nil if
  /// nobody offered to.
  private func relieve(_ cache: Cache?, _ request: Request) -> Verdict? {
    let (item, relief) = unsafe withDepot { depot in
      guard let relief = depot.relief, !depot.hasOthersAhead(of: request) else {
        return unsafe (UnsafeMutableRawPointer?.none, (@Sendable () -> Void)?.none)
      }
      gather(&depot)
      if let item = unsafe takeCached(cache, &depot) { return unsafe (item, nil) }
      depot.transfersInFlight += 1
      return (nil, relief)
    }
    if let item = unsafe item { return unsafe .item(item) }
    guard let relief else { return nil }
    Passage.inside(.transfer, of: self) { relief() }
    withDepot { $0.transfersInFlight -= 1 }
    return unsafe .again
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
