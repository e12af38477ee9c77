// SPDX-License-Identifier: BSD-2-Clause
import CUMA

extension ZoneStatistics {
  /// The figures of every zone of the process, in the order the zones were made.
  ///
  /// Each zone's are of one moment; the zones are looked at one after the other.
  ///
  /// BSD: `vm.zone_stats`.
  public static func all() -> [ZoneStatistics] {
    var all: [ZoneStatistics] = []
    Zone.forEach { all.append($0.statistics()) }
    return all
  }
}

extension Zone {
  /// Counts the zone with every cache held still, so that the figures add up.
  ///
  /// Items on their way between keg and zone at this moment are in none of them.
  public func statistics() -> ZoneStatistics { withDepot(isCounted: false, counted) }

  /// The figures of a depot that is locked.
  private func counted(_ depot: inout Depot) -> ZoneStatistics {
    var statistics = settings(depot)
    statistics.sharedAllocations = depot.allocations
    statistics.sharedFrees = depot.frees
    statistics.inDepot = depot.full.itemCount
    statistics.workingSet = depot.full.workingSet.estimate
    visitCaches(.reading) { table, cache in
      let (allocations, frees) = cache.counts
      let cached = cache.itemCount
      if allocations | frees == 0, cached == 0 { return }
      statistics.threadCaches.append(
        ThreadCacheStatistics(
          thread: table.number, allocations: allocations, frees: frees, cached: cached))
    }
    statistics.countKeg(store, isMaster: !body.isSecondary)
    statistics.addUp()
    return statistics
  }

  /// What can be told without looking at caches and keg.
  private func settings(_ depot: borrowing Depot) -> ZoneStatistics {
    let layout = layout
    var statistics = ZoneStatistics(
      name: name, itemByteCount: layout.itemByteCount, limitInItems: depot.limit, inUse: 0,
      cached: 0, free: 0, total: 0, allocations: 0, frees: 0, denials: 0, sleeps: depot.sleeps,
      slabCount: 0, slabByteCount: 0)
    statistics.strideByteCount = layout.stride
    statistics.flags = flags(depot)
    statistics.limitInForce = depot.limit == 0 ? 0 : depot.limit - depot.reserve
    statistics.reserveInItems = depot.reserve
    statistics.itemsAboveLimit = depot.itemsAboveLimit
    statistics.bucketCapacity = depot.bucketCapacity
    statistics.sleepers = depot.waiters.count
    statistics.lockAcquisitions = depot.lockAcquisitions
    for reason in ZoneError.Reason.allCases {
      statistics.denialsByReason[reason] = depot.denials[Int(reason.rawValue)]
    }
    return statistics
  }

  /// Traps if the zone's or its keg's counts do not add up.
  ///
  /// It waits for those who are taking items from or to their slabs.
  /// - Precondition: no thread is inside the zone, but to reclaim or to give back its cache; so no
  ///   hook, item source or page source of the zone calls this.
  public func checkInvariants() {
    store.keg?.checkInvariants()
    while !checkBalance() { mbuma_yield() }
    checkItems()
  }

  /// Whether there is a balance: none while items are on their way to or from their slabs.
  private func checkBalance() -> Bool {
    withDepot(isCounted: false) { depot in
      if depot.transfersInFlight + depot.fillsInFlight > 0 { return false }
      let (drawn, statistics) = (depot.itemCount, counted(&depot))
      precondition(
        drawn == statistics.inUse + statistics.cached,
        "zone \(name): \(drawn) drawn, \(statistics.inUse) in use + \(statistics.cached) cached")
      return true
    }
  }
}

extension ZoneStatistics {
  /// Counts what is on slabs, for the zone that answers for the keg.
  fileprivate mutating func countKeg(_ store: ItemStore, isMaster: Bool) {
    guard isMaster, let keg = store.keg else { return }
    (free, slabCount) = keg.slabs.withLock { ($0.freeItemCount, $0.slabCount) }
    slabByteCount = slabCount * keg.layout.byteCount
    pageCount = slabCount * keg.layout.pageCount
  }

  /// Makes the sums of the parts.
  fileprivate mutating func addUp() {
    allocations = threadCaches.reduce(sharedAllocations) { $0 &+ $1.allocations }
    frees = threadCaches.reduce(sharedFrees) { $0 &+ $1.frees }
    cached = threadCaches.reduce(inDepot) { $0 + $1.cached }
    denials = denialsByReason.values.reduce(0, +)
    // Frees are counted where they happen: wrapping keeps the difference right in between.
    inUse = Int(truncatingIfNeeded: allocations &- frees)
    total = inUse + cached + free
  }
}
