// SPDX-License-Identifier: BSD-2-Clause
//
//     total == inUse + cached + free
//     total == slabCount * itemsPerSlab       for a zone alone on its keg, at quiet points: items
//                                             between keg and shelf are with neither
//     free  == items on slabs, counted at the master only

import Synchronization

/// The figures of one zone at one moment.
///
/// BSD: `struct uma_type_header` and the `vmstat -z` columns made from it.
public struct ZoneStatistics: Equatable, Sendable {
  /// The zone's name.
  public var name: String
  /// Bytes per item.
  public var itemByteCount: Int
  /// Limit in items, 0 for none.
  public var limitInItems: Int
  /// Items with callers.
  public var inUse: Int
  /// Items in caches and buckets, ready to go out.
  public var cached: Int
  /// Items free on slabs; 0 for a secondary zone, whose master counts them.
  public var free: Int
  /// Items the zone accounts for.
  public var total: Int
  /// Allocations so far.
  public var allocations: UInt64
  /// Frees so far.
  public var frees: UInt64
  /// Denials so far, for any reason.
  public var denials: UInt64
  /// Times a caller slept for an item.
  public var sleeps: UInt64
  /// Slabs of the keg; 0 for a secondary zone.
  public var slabCount: Int
  /// Bytes of these slabs.
  public var slabByteCount: Int
}

extension Zone {
  /// Counts the zone with every cache held still, so that the figures add up.
  ///
  /// Items on their way between keg and zone at this moment are in none of them.
  public func statistics() -> ZoneStatistics {
    let isMaster = unsafe !core.pointee.isSecondary
    let store = store
    return withShelf { shelf in
      var cached = shelf.full.itemCount()
      var allocations = shelf.allocations
      var frees = shelf.frees
      unsafe visitCaches { cache in
        cached += unsafe cache.itemCount
        allocations += unsafe cache.at.pointee.allocations.load(ordering: .relaxed)
        frees += unsafe cache.at.pointee.frees.load(ordering: .relaxed)
      }
      let (free, slabCount) = store.keg?.slabs.withLock { ($0.freeItemCount, $0.slabCount) } ?? (0, 0)
      // Frees are counted where they happen: wrapping keeps the difference right in between.
      let inUse = Int(truncatingIfNeeded: allocations &- frees)
      return ZoneStatistics(
        name: name, itemByteCount: layout.itemByteCount, limitInItems: shelf.limit,
        inUse: inUse, cached: cached, free: isMaster ? free : 0,
        total: inUse + cached + (isMaster ? free : 0), allocations: allocations, frees: frees,
        denials: shelf.denials.reduce(0, +), sleeps: shelf.sleeps,
        slabCount: isMaster ? slabCount : 0,
        slabByteCount: isMaster ? slabCount * layout.byteCount : 0)
    }
  }

  /// Stops if the zone's or its keg's counts do not add up.
  ///
  /// - Precondition: no thread is inside the zone.
  public func checkInvariants() {
    store.keg?.checkInvariants()
    let statistics = statistics()
    let drawn = withShelf { $0.itemCount }
    precondition(
      drawn == statistics.inUse + statistics.cached,
      "zone \(name): \(drawn) drawn, \(statistics.inUse) in use + \(statistics.cached) cached")
    checkItems()
  }
}
