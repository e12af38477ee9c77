// SPDX-License-Identifier: BSD-2-Clause
//
// The moment at which a denial is true. What could serve an allocation may be in several places:
//
//     short of     what would do                            where it may be
//     the limit    an item of the zone, or room             the zone; the zones whose items hold
//                                                           items of it, and theirs in turn
//     the store    the same, or an item of the keg          these of every zone on the keg
//     bytes,       the same, or enough whole slabs          these of every zone on the budget, on
//     pages                                                 the page source
//
// Looked at one after the other, these places prove nothing: an item may always be where the look
// is not. So all the zones concerned are locked together, and every cache of theirs is emptied
// into its depot, which leaves no fast path: nothing of them moves until the locks are released.
// An item is then at one of five places, and the denial is true if none of them has a free one:
//
//     with a caller     not free; what another zone's item holds is that zone's, which is concerned
//     in a cache        no cache has any
//     in a depot        no depot has any
//     in hand           transfersInFlight == 0, and fillsInFlight == 0 where a fill may leave
//                       items on a slab; a fill's own item is its caller's (Passage.swift)
//     on a slab         the limit leaves no room for it; or keg.freeItemCount == 0, and the budget
//                       has no room, and no page came back since the page source was asked
//
// A caller that is short is put into the queue at that same moment. If anything is free, nobody is
// denied: what zones have cached goes back to its slabs, and the climb begins again.
//
// For slabs of other kegs there is one doubt more: items that their zones have cached are worth
// nothing unless they make whole slabs, and that shows only when they are back. They are sent back
// until two rounds together complete no slab, or sixty-four rounds were lost to others.
//
// Lock order: zones by lock class and address, then the registry or a keg. No code of users runs.

extension Zone {
  enum Verdict {
    case item(Item)
    case denied(ZoneError.Reason, count: Int)
    /// Another thread has something in hand that may serve.
    case inFlight
    /// These have something that may serve.
    case drain([Zone])
    /// There is something where the lower rungs look.
    case again
  }

  /// What one allocation remembers from one judgement to the next.
  struct Findings {
    /// Whether a hook that refused was asked once more.
    fileprivate var hasAskedAgain = false
    /// How often pages, or a source's items, had come back when the source was asked last.
    fileprivate var returnCount: Int?
    /// How often slabs of other kegs had got all their items back at the last round.
    fileprivate var completionCount: Int?
    fileprivate var roundCount = 0
    fileprivate var fruitlessCount = 0
    /// Whether buckets are to give their pages back as well.
    fileprivate var wantsBucketPages = false
  }

  /// Whether anything that the zones concerned have would serve, at one moment; if not, the
  /// request's waiter is in the queue from that moment on.
  func judge(
    _ cache: Cache?, _ request: Request, _ shortage: Shortage, _ findings: inout Findings
  ) -> Verdict {
    let concerned = Concerned(for: self, shortage)
    defer { concerned.leave() }
    return Self.withLocks(of: concerned.zones) {
      Self.gatherAll(concerned.zones)
      return judge(cache, request, shortage, concerned, &lockedDepot, &findings)
    }
  }

  private func judge(
    _ cache: Cache?, _ request: Request, _ shortage: Shortage, _ concerned: Concerned,
    _ depot: inout Depot, _ findings: inout Findings
  ) -> Verdict {
    if let grant = request.waiter?.takeGrant() { return .item(grant) }
    if depot.hasOthersAhead(of: request) {
      let (reason, count) = queueBehind(request, &depot)
      return .denied(reason, count: count)
    }
    if let item = takeCached(cache, &depot) { return .item(item) }
    let stocked = concerned.kin.filter { $0 != self && $0.hasFullBuckets }
    if !stocked.isEmpty { return .drain(stocked) }
    if concerned.hasItemsInHand(shortage, of: store) { return .inFlight }
    if isServed(shortage, request, concerned, depot, &findings) { return .again }
    if concerned.neighboursHaveItemsInHand { return .inFlight }
    let spare = spareNeighbours(shortage, concerned, &findings)
    if !spare.isEmpty || findings.wantsBucketPages { return .drain(spare) }
    if let waiter = request.waiter { depot.enqueue(waiter) }
    return switch shortage {
    case .limit: .denied(.limitReached, count: depot.limit)
    case .bytes: .denied(.budgetReached, count: store.keg?.budget.limitInBytes ?? 0)
    case .refused, .slabs, .pages: .denied(.outOfMemory, count: layout.itemByteCount)
    }
  }

  /// Whether there is by now what the allocation was short of.
  private func isServed(
    _ shortage: Shortage, _ request: Request, _ concerned: Concerned, _ depot: borrowing Depot,
    _ findings: inout Findings
  ) -> Bool {
    switch shortage {
    case .limit: return depot.room(usesReserve: request.usesReserve) > 0
    case .refused:
      // A hook is asked twice: what it was short of may have come back by itself.
      defer { findings.hasAskedAgain = true }
      return !findings.hasAskedAgain
    case .slabs, .bytes, .pages:
      if store.freeItemCount(usesReserve: request.usesReserve) > 0 { return true }
    }
    switch shortage {
    case .limit, .refused, .slabs: return false
    case .bytes: return store.keg?.hasBytesForSlab ?? false
    case .pages:
      // What came back after the source was asked is asked for once more.
      let returnCount = concerned.returnCount
      defer { findings.returnCount = returnCount }
      return findings.returnCount != returnCount
    }
  }

  /// The zones that may give slabs of other kegs back.
  private func spareNeighbours(
    _ shortage: Shortage, _ concerned: Concerned, _ findings: inout Findings
  ) -> [Zone] {
    // Their buckets are the process's, whatever is in them.
    findings.wantsBucketPages =
      shortage == .bytes && findings.roundCount == 0 && store.keg?.budget === MemoryBudget.process
    let spare = concerned.neighbours.filter { $0.hasFullBuckets || $0.store.hasSlabToSpare }
    if spare.isEmpty && !findings.wantsBucketPages { return [] }
    let completionCount = concerned.completionCount
    findings.fruitlessCount =
      findings.completionCount == completionCount ? findings.fruitlessCount + 1 : 0
    findings.completionCount = completionCount
    findings.roundCount += 1
    if findings.wantsBucketPages { return concerned.neighbours }
    return findings.fruitlessCount < 2 && findings.roundCount <= 64 ? spare : []
  }

  /// Has zones give back what they have cached.
  static func drain(_ zones: [Zone], _ findings: Findings) {
    for zone in zones { zone.whileListed { _ = $0.drain() } }
    if findings.wantsBucketPages { BucketPool.shared.releasePages() }
  }
}

/// The zones that a denial is about; none of them ends before `leave()`.
private struct Concerned {
  /// Those that may have an item of the zone's own kind, itself included.
  let kin: [Zone]
  /// Those that may have slabs that would do, the newest first: a zone whose items hold items of
  /// another was made after that one, and its turn comes before.
  let neighbours: [Zone]
  /// All, in lock order.
  let zones: [Zone]

  init(for zone: Zone, _ shortage: Zone.Shortage) {
    let isOfStore = shortage == .slabs || shortage == .bytes || shortage == .pages
    let (kin, others) = Registry.shared.withLock { registry in
      var kin = [zone]
      if isOfStore {
        kin += registry.all.filter { $0 != zone && $0.store.isSame(as: zone.store) }
      }
      // Whoever holds items of a zone concerned is concerned, and so on.
      var index = 0
      while index < kin.count {
        for holder in registry.holders(of: kin[index]) where !kin.contains(holder) {
          kin.append(holder)
        }
        index += 1
      }
      var others = isOfStore ? registry.all.filter { !kin.contains($0) } : []
      others.reverse()
      for zone in kin + others { zone.stay() }
      return (kin, others)
    }
    // What a zone may have is in its keg, whose lock comes after the registry's.
    self.kin = kin
    neighbours = others.filter { $0.mayHave(whatEnds: shortage, of: zone) }
    zones = Zone.inLockOrder(kin + neighbours)
    for other in others where !neighbours.contains(other) { other.leave() }
  }

  func leave() { for zone in zones { zone.leave() } }

  /// Whether an item of the zone's kind is on its way to where it can be found.
  func hasItemsInHand(_ shortage: Zone.Shortage, of store: ItemStore) -> Bool {
    kin.contains { zone in
      let (fills, transfers) = zone.passagesInFlight
      if transfers > 0 { return true }
      // A fill that makes a slab leaves all items but one on it.
      return fills > 0 && shortage != .limit && shortage != .refused && zone.store.isSame(as: store)
    }
  }

  var neighboursHaveItemsInHand: Bool { neighbours.contains { $0.passagesInFlight.transfers > 0 } }

  /// How often pages came back from a keg, or items to a source.
  var returnCount: Int {
    zones.reduce(0) { $0 + ($1.store.keg?.releaseCount ?? $1.returnCount) }
  }

  /// How often slabs of neighbours had all their items back.
  var completionCount: Int { neighbours.reduce(0) { $0 + ($1.store.keg?.completionCount ?? 0) } }
}

extension Zone {
  /// Whether the zone may have bytes or pages that another is short of, besides items of its kind.
  fileprivate func mayHave(whatEnds shortage: Shortage, of zone: Zone) -> Bool {
    guard let keg = store.keg, let other = zone.store.keg else { return false }
    // What serves a page source does not enter one, and what keeps its slabs has none to give.
    if keg.flags.contains(.noFree) || other.flags.contains(.cacheOnly) { return false }
    switch shortage {
    case .limit, .refused, .slabs: return false
    case .bytes: return !hasNothing(of: other.budget)
    case .pages: return keg.pages === other.pages
    }
  }
}

/// Of a zone whose lock the caller holds by `withLocks`.
extension Zone {
  fileprivate var hasFullBuckets: Bool { lockedDepot.full.count > 0 }

  fileprivate var passagesInFlight: (fills: Int, transfers: Int) {
    (lockedDepot.fillsInFlight, lockedDepot.transfersInFlight)
  }

  fileprivate var returnCount: Int { lockedDepot.returnCount }
}
