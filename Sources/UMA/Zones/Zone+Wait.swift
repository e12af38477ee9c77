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
//
// A deadline or a cancellation takes the sleeper out of the queue under the zone lock. An item that
// was handed over by then is taken, late or not, so none is lost.

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
    let parker = TaskParker()
    let waiter = Waiter(usesReserve: usesReserve, parker: parker)
    var request = Request(
      wait: .wait(until: deadline), usesReserve: usesReserve, site: CallSite(file, line))
    var pause = Pause()
    let result = await withTaskCancellationHandler { () -> Result<Item, ZoneError> in
      while true {
        switch turn(&request, waiter, deadline, &pause, isCancelled: Task.isCancelled) {
        case .item(let item):
          noteWaited(item, request.site)
          return .success(item)
        case .denied(let error): return .failure(error)
        case .sleep(let moment): await parker.wait(until: moment)
        }
      }
    } onCancel: {
      parker.unpark()
    }
    let item = try result.get()
    try make(item, zeroed: zeroed)
    return unsafe item.address
  }

  func allocateWaiting(
    _ request: Request, until deadline: ContinuousClock.Instant?, in table: CacheTable?
  ) throws(ZoneError) -> Item {
    try Passage.standingAside { () throws(ZoneError) in
      try sleepForItem(request, until: deadline, in: table)
    }
  }

  private func sleepForItem(
    _ request: Request, until deadline: ContinuousClock.Instant?, in table: CacheTable?
  ) throws(ZoneError) -> Item {
    // Mostly there is an item, and no parker is needed.
    switch attempt(request, in: table) {
    case .item(let item): return item
    case .short(.injected, let count): throw denial(.injected, count: count)
    case .short: break
    }
    let parker = ThreadParker()
    let waiter = Waiter(usesReserve: request.usesReserve, parker: parker)
    var request = request
    request.waiter = waiter
    var pause = Pause()
    while true {
      switch turn(&request, waiter, deadline, &pause, isCancelled: false) {
      case .item(let item):
        noteWaited(item, request.site)
        return item
      case .denied(let error): throw error
      case .sleep(let moment): parker.wait(until: moment)
      }
    }
  }

  private enum Turn {
    case item(Item)
    case denied(ZoneError)
    case sleep(until: ContinuousClock.Instant?)
  }

  /// How long a sleeper for pages sleeps before it looks again.
  private struct Pause {
    private var duration = Duration.milliseconds(1)

    mutating func next() -> ContinuousClock.Instant {
      defer { duration = Swift.min(duration * 2, .milliseconds(20)) }
      return .now + duration
    }
  }

  /// What a sleeper does each time it is awake.
  private func turn(
    _ request: inout Request, _ waiter: Waiter, _ deadline: ContinuousClock.Instant?,
    _ pause: inout Pause, isCancelled: Bool
  ) -> Turn {
    if let item = withDepot({ _ in waiter.takeGrant() }) {
      // The next in the queue went to sleep behind this one, and may have to look for itself now.
      serveWaiters()
      return .item(item)
    }
    let isFirst = request.waiter == nil
    let isLate = !isFirst && deadline.map { $0 <= .now } ?? false
    if isLate || isCancelled {
      return leave(waiter, isCancelled ? .cancelled : .deadlinePassed)
    }
    let attempt = attempt(request, in: CacheTable.current())
    request.waiter = waiter
    switch attempt {
    case .item(let item):
      return .item(settle(waiter, with: item))
    case .short(.injected, let count):
      return .denied(denial(.injected, count: count))
    case .short(let reason, let count):
      // Only an attempt with the waiter in it queues it.
      if isFirst {
        return turn(&request, waiter, deadline, &pause, isCancelled: isCancelled)
      }
      if reason == .limitReached, !request.isNoted {
        request.isNoted = true
        withDepot { $0.limitNotice }?.post(ZoneError(zone: self, reason: reason, count: count))
      }
      let looksAgain = reason != .limitReached || hasHolders || withDepot { $0.relief != nil }
      let next = looksAgain ? pause.next() : nil
      return .sleep(until: [deadline, next].compactMap { $0 }.min())
    }
  }

  private var hasHolders: Bool {
    Registry.shared.withLock { !$0.holders(of: self).isEmpty }
  }

  /// Takes a waiter that found an item by itself out of the queue.
  ///
  /// If it was handed one as well, that goes to the next.
  private func settle(_ waiter: Waiter, with item: Item)
    -> Item
  {
    let grant = withDepot { depot in
      depot.waiters.withdraw(waiter)
      let grant = waiter.takeGrant()
      if grant != nil { depot.transfersInFlight += 1 }
      return grant
    }
    if let grant = grant {
      unsafe freeItem(grant.address)
      withDepot { $0.transfersInFlight -= 1 }
    }
    serveWaiters()
    return item
  }

  /// Takes a waiter that gives up out of the queue, unless it has an item by now.
  private func leave(_ waiter: Waiter, _ reason: ZoneError.Reason) -> Turn {
    let grant = withDepot { depot in
      depot.waiters.withdraw(waiter)
      return waiter.takeGrant()
    }
    serveWaiters()
    if let grant = grant { return .item(grant) }
    return .denied(denial(reason, count: layout.itemByteCount))
  }

  /// Hands out what there is to those who wait, first come first served.
  ///
  /// Called with no lock held by whoever made room.
  func serveWaiters() {
    while true {
      enum Service { case done, look(Waiter), granted(Waiter?), fill(usesReserve: Bool) }
      let service = withDepot { depot -> Service in
        guard let head = depot.waiters.first else { return .done }
        let room = depot.room(usesReserve: head.usesReserve)
        if room >= 0, let item = depot.takeFull() {
          depot.allocations += 1
          return .granted(depot.waiters.grant(item))
        }
        if room <= 0 { return depot.relief == nil ? .done : .look(head) }
        depot.itemCount += 1
        depot.fillsInFlight += 1
        return .fill(usesReserve: head.usesReserve)
      }
      switch service {
      case .done: return
      case .look(let head): return head.parker.unpark()
      case .granted(let waiter): waiter?.parker.unpark()
      case .fill(let usesReserve): if !fillForWaiter(usesReserve: usesReserve) { return }
      }
    }
  }

  /// Brings one reserved item for the first waiter; false if there is none to be had.
  private func fillForWaiter(usesReserve: Bool) -> Bool {
    enum Outcome { case short(Waiter?), granted(Waiter?), unwanted }
    let request = Request(usesReserve: usesReserve, site: CallSite(#fileID, #line))
    let item = fillOne(request).item
    let outcome = withDepot { depot -> Outcome in
      depot.fillsInFlight -= 1
      guard let item = item else {
        depot.itemCount -= 1
        return .short(depot.waiters.first)
      }
      // Who was first when the item was reserved may have left, and the limit be another.
      guard let head = depot.waiters.first, depot.room(usesReserve: head.usesReserve) >= 0 else {
        depot.transfersInFlight += 1
        return .unwanted
      }
      depot.allocations += 1
      return .granted(depot.waiters.grant(item))
    }
    switch outcome {
    case .short(let head):
      // Nothing announces pages: the first in the queue has to look for itself from now on.
      head?.parker.unpark()
      return false
    case .granted(let waiter):
      waiter?.parker.unpark()
      return true
    case .unwanted:
      if let item = item { returnUnused(item) }
      return true
    }
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
