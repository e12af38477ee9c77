// SPDX-License-Identifier: BSD-2-Clause
//
// Allocations that sleep. A sleeper is woken with its item in hand:
//
//     free            hands the item to the first in the queue            (Zone+Free.swift)
//     room appears    whoever made it fills the queue's wants: a limit raised, a reserve lowered,
//                     an item taken to its slab                           (serveWaiters)
//
// Two things are announced by nobody: pages of a page source, and items parked in another zone that relief
// would bring. A sleeper for these looks again by itself, after 1 ms at first and 20 ms at last.

extension Zone {
  /// Allocates an item and runs `construct` on it, suspending the task until one comes.
  ///
  /// - Parameters:
  ///   - deadline: when to give up; nil for never.
  ///   - zeroed: fill the item with zeroes before `construct`.
  ///   - usesReserve: whether the caller has a claim on the reserve.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `ZoneError` with `.deadlinePassed`, or `.cancelled` when the task was cancelled first.
  ///
  /// BSD: `uma_zalloc` with `M_WAITOK`.
  public func allocateWhenAvailable(
    until deadline: ContinuousClock.Instant? = nil, zeroed: Bool = false,
    usesReserve: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) async throws(ZoneError) -> sending UnsafeMutableRawPointer {
    if Witness.checkWaitingAllocation(zoneName: name, file: file, line: line) {
      return unsafe try allocate(
        .noWait, zeroed: zeroed, usesReserve: usesReserve, file: file, line: line)
    }
    let request = Request(
      wait: .wait(until: deadline), usesReserve: usesReserve, site: CallSite(file, line))
    var wait = ItemWait(request: request, table: CacheTable.current())
    let want = ItemWant(usesReserve: usesReserve)
    let item = try await ItemWaiter.suspendTask(for: want, until: deadline) {
      (waiter, givingUp) throws(ZoneError) in try turn(&wait, waiter, givingUp)
    }
    noteWaited(item, request.site)
    try make(item, zeroed: zeroed)
    return unsafe item.address
  }

  func allocateWaiting(
    _ request: Request, until deadline: ContinuousClock.Instant?, in table: CacheTable?
  ) throws(ZoneError) -> Item {
    try Passage.standingAside { () throws(ZoneError) in
      var wait = ItemWait(request: request, table: table)
      let want = ItemWant(usesReserve: request.usesReserve)
      let item = try ItemWaiter.blockThread(for: want, until: deadline) {
        (waiter, givingUp) throws(ZoneError) in try turn(&wait, waiter, givingUp)
      }
      noteWaited(item, request.site)
      return item
    }
  }

  /// An allocation that sleeps, from one turn to the next.
  private struct ItemWait {
    var request: Request
    /// The caches for the first turn: who has a waiter takes single items.
    let table: CacheTable?
    /// Whether the limit notice for this wait was posted.
    var isNoted = false
    /// How long to sleep before it looks again, if it does.
    var pause = Duration.milliseconds(1)

    mutating func nextLook() -> ContinuousClock.Instant {
      defer { pause = Swift.min(pause * 2, .milliseconds(20)) }
      return .now + pause
    }
  }

  /// What a sleeper does each time it is awake.
  private func turn(
    _ wait: inout ItemWait, _ waiter: ItemWaiter?, _ givingUp: GivingUp?
  ) throws(ZoneError) -> WaiterTurn<Item> {
    if let item = waiter.flatMap({ waiter in withDepot { _ in waiter.takeGrant() } }) {
      // The next in the queue went to sleep behind this one, and may have to look for itself now.
      serveWaiters()
      return .ended(item)
    }
    // Late or not, it looks once.
    if let givingUp, waiter != nil || givingUp == .cancelled {
      return .ended(try leave(waiter, givingUp))
    }
    wait.request.waiter = waiter
    switch attempt(wait.request, in: wait.table) {
    case .item(let item):
      if let waiter { settle(waiter) }
      return .ended(item)
    case .short(.injected, let count):
      throw denial(.injected, count: count)
    case .short(let reason, let count):
      // Only an attempt with a waiter queues it.
      if waiter == nil { return .sleep() }
      if reason == .limitReached, !wait.isNoted {
        wait.isNoted = true
        withDepot { $0.limitNotice }?.post(ZoneError(zone: self, reason: reason, count: count))
      }
      let looksAgain = reason != .limitReached || hasHolders || withDepot { $0.relief != nil }
      return .sleep(until: looksAgain ? wait.nextLook() : nil)
    }
  }

  private var hasHolders: Bool {
    Registry.shared.withLock { !$0.holders(of: self).isEmpty }
  }

  /// Takes a waiter that found an item by itself out of the queue.
  ///
  /// If it was handed one as well, that goes to the next.
  private func settle(_ waiter: ItemWaiter) {
    let grant = withDepot { depot in
      let grant = depot.waiters.withdraw(waiter)
      if grant != nil { depot.transfersInFlight += 1 }
      return grant
    }
    if let grant = grant {
      unsafe freeItem(grant.address)
      withDepot { $0.transfersInFlight -= 1 }
    }
    serveWaiters()
  }

  /// Takes a waiter that gives up out of the queue, unless it has an item by now.
  private func leave(_ waiter: ItemWaiter?, _ givingUp: GivingUp) throws(ZoneError) -> Item {
    let grant = waiter.flatMap { waiter in withDepot { $0.waiters.withdraw(waiter) } }
    serveWaiters()
    if let grant { return grant }
    let reason = givingUp == .cancelled ? ZoneError.Reason.cancelled : .deadlinePassed
    throw denial(reason, count: layout.itemByteCount)
  }

  /// Hands out what there is to those who wait, first come first served.
  ///
  /// Called with no lock held by whoever made room.
  func serveWaiters() {
    while true {
      enum Service { case done, granted, fill(usesReserve: Bool) }
      let service = withDepotThenWake { depot, wakes -> Service in
        guard let want = depot.waiters.first?.want else { return .done }
        let room = depot.room(usesReserve: want.usesReserve)
        if room >= 0, let item = depot.takeFull() {
          depot.grant(item, &wakes)
          return .granted
        }
        if room <= 0 {
          if depot.relief != nil { depot.waiters.wakeFirst(&wakes) }
          return .done
        }
        depot.itemCount += 1
        depot.fillsInFlight += 1
        return .fill(usesReserve: want.usesReserve)
      }
      switch service {
      case .done: return
      case .granted: break
      case .fill(let usesReserve): if !fillForWaiter(usesReserve: usesReserve) { return }
      }
    }
  }

  /// Brings one reserved item for the first waiter; false if there is none to be had.
  private func fillForWaiter(usesReserve: Bool) -> Bool {
    let request = Request(usesReserve: usesReserve, site: CallSite(#fileID, #line))
    let item = fillOne(request).item
    let isGranted = withDepotThenWake { depot, wakes in
      depot.fillsInFlight -= 1
      guard let item else {
        depot.itemCount -= 1
        // Nothing announces pages: the first in the queue has to look for itself from now on.
        depot.waiters.wakeFirst(&wakes)
        return false
      }
      // Who was first when the item was reserved may have left, and the limit be another.
      guard let room = depot.roomForFirst, room >= 0 else {
        depot.transfersInFlight += 1
        return false
      }
      depot.grant(item, &wakes)
      return true
    }
    if let item, !isGranted { returnUnused(item) }
    return item != nil
  }

  /// Takes an item that was drawn for nobody, and counts as in hand, back to its slab.
  private func returnUnused(_ item: Item) {
    Passage.inside(.transfer, of: self) {
      store.putItem(strip(item, of: self, CallSite(#fileID, #line)))
    }
    withDepot { depot in
      depot.noteReturned(1)
      depot.transfersInFlight -= 1
    }
  }
}
