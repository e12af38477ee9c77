// SPDX-License-Identifier: BSD-2-Clause

extension Zone {
  /// The most items the zone may draw from its keg, in use and cached; 0 is no limit.
  ///
  /// Exact in items, and may be changed at any time. Lowered below what is in use, the zone stops
  /// growing, gives back what is cached, and takes every freed item to its slab until it is under.
  ///
  /// BSD: `uma_zone_set_max`.
  public var limitInItems: Int {
    get { withDepot { $0.limit } }
    nonmutating set {
      precondition(newValue >= 0, "a limit of \(newValue) items")
      let isOver = withDepot { depot in
        precondition(
          newValue == 0 || newValue > depot.reserve,
          "zone \(name): a limit of \(newValue) items with \(depot.reserve) in reserve")
        depot.limit = newValue
        return depot.room(usesReserve: false) < 0
      }
      if isOver { drain() }
      serveWaiters()
    }
  }

  /// Items above the limit after it was lowered: how many have to be freed until it holds.
  public var itemsAboveLimit: Int { withDepot { $0.itemsAboveLimit } }

  /// Items kept back for callers that ask with `usesReserve`, 0 for none.
  ///
  /// They are memory the keg holds at the ready, and a part of the limit, if there is one, that
  /// other callers do not get. Setting it makes the items, as far as pages allow.
  /// - Precondition: less than the limit, if there is one.
  ///
  /// BSD: `uma_zone_reserve`, `M_USE_RESERVE`.
  public var reserveInItems: Int {
    get { withDepot { $0.reserve } }
    nonmutating set {
      precondition(newValue >= 0, "a reserve of \(newValue) items")
      let (isOver, change) = withDepot { depot in
        precondition(
          depot.limit == 0 || newValue < depot.limit,
          "zone \(name): a reserve of \(newValue) items of a limit of \(depot.limit)")
        let change = newValue - depot.reserve
        depot.reserve = newValue
        return (depot.room(usesReserve: false) < 0, change)
      }
      store.keg?.slabs.withLock { $0.reserve += change }
      if let keg = store.keg {
        let room = withDepot { $0.room(usesReserve: true) }
        _ = keg.preallocate(Swift.max(0, Swift.min(keg.reserve, room)))
      }
      if isOver { drain() }
      serveWaiters()
    }
  }

  /// Reports it when the limit denies an item or makes a caller wait.
  ///
  /// - Parameters:
  ///   - text: printed on standard error with the zone and its limit, at most every five minutes;
  ///     nil prints nothing.
  ///   - action: called each time, by the thread that met the limit, with no lock held.
  ///
  /// BSD: `uma_zone_set_warning`, `uma_zone_set_maxaction`.
  public func setLimitNotice(
    _ text: String?, action: (@Sendable (ZoneError) -> Void)? = nil
  ) {
    // What the one before holds ends with it, and not under the lock.
    var notice = text == nil && action == nil ? nil : LimitNotice(text: text, action: action)
    withDepot { swap(&$0.limitNotice, &notice) }
    _ = consume notice
  }

  /// Has slabs made until so many items are free on them, as far as the limit and the pages go.
  ///
  /// - Returns: how many items were made.
  ///
  /// BSD: `uma_prealloc`, which ignores the limit.
  @discardableResult
  public func preallocate(_ itemCount: Int) -> Int {
    precondition(itemCount >= 0, "\(itemCount) items")
    guard case .keg(let keg) = store else { return 0 }
    let room = withDepot { $0.room(usesReserve: false) }
    return keg.preallocate(Swift.max(0, Swift.min(itemCount, room)))
  }
}
