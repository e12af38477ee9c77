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
// Every rung runs under the zone lock except fills, reliefs and drains, which have items in hand
// with the lock dropped. The denial looks at all places at once; if it sees anything it could use,
// or something on its way, the climb begins again. It ends, because what was seen and is gone by
// then has gone to a caller who asked for it.
//
// What comes free while a caller sleeps for it is that caller's: whoever comes later is denied or queues
// behind.

import CUMA

extension Zone {
  /// How an attempt ended.
  enum Attempt {
    case item(Item)
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

  private enum Step {
    case item(Item)
    case short(Shortage)
    case denied(ZoneError.Reason, count: Int)
  }

  private enum Reach {
    case end(Step)
    /// An item may be brought, and is counted already.
    case fill
  }

  @usableFromInline
  @inline(never)
  func allocateSlow(_ wait: Wait, _ usesReserve: Bool, _ file: StaticString, _ line: UInt)
    throws(ZoneError) -> Item
  {
    let request = Request(wait: wait, usesReserve: usesReserve, site: CallSite(file, line))
    return try allocateSlow(request, in: CacheTable.current())
  }

  func allocateSlow(_ request: Request, in table: CacheTable?) throws(ZoneError)
    -> Item
  {
    if case .wait = request.wait {
      return try allocateWaiting(request, until: request.wait.deadline, in: table)
    }
    switch attempt(request, in: table) {
    case .item(let item): return item
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
    let item = cache?.take() ?? reachAtHand(cache, Request(site: CallSite(file, line)))
    return unsafe item?.address
  }

  private func reachAtHand(_ cache: Cache?, _ request: Request) -> Item? {
    switch reach(cache, request, isFirst: true, gathers: false) {
    case .end(.item(let item)): item
    case .end: nil
    case .fill: fill(cache, request).item
    }
  }

  /// Looks everywhere for an item, and last puts the request's waiter, if it has one, in the queue.
  func attempt(_ request: Request, in table: CacheTable?) -> Attempt {
    // A sleeper takes single items: a bucket in its cache would hide items from the queue.
    let cache = request.waiter == nil ? cache(in: table) : nil
    switch step(cache, request, isFirst: request.waiter == nil, gathers: false) {
    case .item(let item): return .item(item)
    case .denied(let reason, let count): return .short(reason, count: count)
    case .short(let shortage):
      return Passage.standingAside { climb(cache, request, from: shortage) }
    }
  }

  /// The upper rungs, again and again until there is an item or a moment without any.
  private func climb(_ cache: Cache?, _ request: Request, from shortage: Shortage)
    -> Attempt
  {
    var shortage = shortage
    var isRelieved = false
    var findings = Findings()
    while true {
      let verdict =
        isRelieved
        ? judge(cache, request, shortage, &findings)
        : relieve(cache, request) ?? judge(cache, request, shortage, &findings)
      isRelieved = true
      switch verdict {
      case .item(let item): return .item(item)
      case .denied(let reason, let count): return .short(reason, count: count)
      case .inFlight:
        // What another thread has in hand may take it long: a deadline does not wait for that.
        if let deadline = request.wait.deadline, deadline <= .now {
          return .short(.deadlinePassed, count: layout.itemByteCount)
        }
        mbuma_yield()
        continue
      case .drain(let zones): Self.drain(zones, findings)
      case .again: break
      }
      switch step(cache, request, isFirst: false, gathers: true) {
      case .item(let item): return .item(item)
      case .denied(let reason, let count): return .short(reason, count: count)
      case .short(let next): shortage = next
      }
    }
  }

  /// The lower rungs, once.
  private func step(
    _ cache: Cache?, _ request: Request, isFirst: Bool, gathers: Bool
  ) -> Step {
    switch reach(cache, request, isFirst: isFirst, gathers: gathers) {
    case .end(let step): return step
    case .fill:
      switch fill(cache, request) {
      case .item(let item): return .item(item)
      case .short(let shortage): return .short(shortage)
      }
    }
  }

  /// What is in the zone, or else room for an item to be brought.
  private func reach(
    _ cache: Cache?, _ request: Request, isFirst: Bool, gathers: Bool
  ) -> Reach {
    withDepot { depot -> Reach in
      if isFirst, let plan = depot.plan,
        plan.failsNext(inZone: name, at: CallSite.outermost(request.site))
      {
        return .end(.denied(.injected, count: 0))
      }
      if let grant = request.waiter?.takeGrant() { return .end(.item(grant)) }
      if depot.hasOthersAhead(of: request) {
        let (reason, count) = queueBehind(request, &depot)
        return .end(.denied(reason, count: count))
      }
      if gathers { gather(&depot) }
      if let item = takeCached(cache, &depot) { return .end(.item(item)) }
      if depot.room(usesReserve: request.usesReserve) <= 0 { return .end(.short(.limit)) }
      // Beyond ordinary room no cache may hold on to what is freed.
      if depot.room(usesReserve: false) <= 0 { gather(&depot) }
      depot.itemCount += 1
      depot.fillsInFlight += 1
      return .fill
    }
  }

  /// What to say to who comes after those that sleep; a sleeper goes to sleep behind them.
  func queueBehind(_ request: Request, _ depot: inout Depot) -> (ZoneError.Reason, count: Int) {
    if let waiter = request.waiter { depot.enqueue(waiter) }
    return depot.room(usesReserve: request.usesReserve) <= 0
      ? (.limitReached, count: depot.limit) : (.outOfMemory, count: layout.itemByteCount)
  }

  /// An item of the spare or of a full bucket, which becomes the loaded one.
  func takeCached(_ cache: Cache?, _ depot: inout Depot) -> Item? {
    guard let cache = cache else {
      guard let item = depot.takeFull() else { return nil }
      depot.allocations += 1
      return item
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
    return cache.takeLocked()
  }

  /// Has items that no zone knows of given back, unless there is one in the zone after all; nil if
  /// nobody offered to.
  private func relieve(_ cache: Cache?, _ request: Request) -> Verdict? {
    let (item, relief) = withDepot { depot in
      guard let relief = depot.relief, !depot.hasOthersAhead(of: request) else {
        return (Item?.none, (@Sendable () -> Void)?.none)
      }
      gather(&depot)
      if let item = takeCached(cache, &depot) { return (item, nil) }
      depot.transfersInFlight += 1
      return (nil, relief)
    }
    if let item = item { return .item(item) }
    guard let relief else { return nil }
    Passage.inside(.transfer, of: self) { relief() }
    withDepot { $0.transfersInFlight -= 1 }
    return .again
  }

  /// Counts a denial and makes the error that reports it.
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
  func finish(_ item: Item) throws(ZoneError) {
    guard let construct = unsafe core.pointee.construct, unsafe !construct(item.address) else {
      return
    }
    exportItem(item, CallSite(#fileID, #line))
    throw denial(.outOfMemory, count: layout.itemByteCount)
  }

  /// Fills an item with zeroes, for its whole requested length.
  @usableFromInline
  @inline(never)
  func zero(_ item: Item) {
    precondition(
      !body.hooks.initializes && !body.hooks.imports,
      "zone \(name): a zeroed item would lose what initialize or importItem prepared")
    item.fill(layout.itemByteCount)
  }
}
