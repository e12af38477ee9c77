// SPDX-License-Identifier: BSD-2-Clause
//
//     inUse  == allocations - frees
//     cached == inDepot + sum of threadCaches.cached
//     total  == inUse + cached + free
//
//     allocations == sum of threadCaches.allocations + sharedAllocations      (frees alike)
//     denials     == sum of denialsByReason
//
// At quiet points, items between keg and depot being with neither, the sum over all zones of a keg
//
//     sum of total == slabCount * itemsPerSlab
//
// where `free` and `slabCount` are the keg's and stand with its master only. An item freed to
// another zone of its keg moves between their `inUse`; the sum stays.
//
// A new figure is a property of the zone's `Depot` (Depot.swift), counted under the zone's lock where
// it happens (Zone+Allocate, +Fill, +Free, +Wait); a property here, filled in by Zone+Statistics.swift;
// a key in ZoneStatistics+JSON.swift of Reports, and a column of VmstatReport.swift if it is to be in the
// text. Threads allocate out of their caches without the lock, so a high-water mark can be had of
// inUse + cached, but not of `inUse`. A
// figure of each thread is counted in ZoneCache.swift and is a property of `ThreadCacheStatistics`; one
// of the keg is filled in by `countKeg`. Three tests have the whole list: ZoneStatisticsTests,
// VmstatReportTests and ReplayReportTests.

/// The figures of one zone at one moment.
///
/// Counters start with the zone and only rise.
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

  // MARK: Geometry and settings

  /// Bytes from one item of a slab to the next.
  public var strideByteCount = 0
  /// Pages of the keg's slabs; 0 for a secondary zone.
  public var pageCount = 0
  /// How the zone was made, and how it is.
  public var flags: ZoneFlags = []
  /// Items of the limit that a caller without a claim on the reserve may draw, 0 for no limit.
  public var limitInForce = 0
  /// Items kept back for callers with a claim.
  public var reserveInItems = 0
  /// Items above a limit that was lowered below what is out.
  public var itemsAboveLimit = 0
  /// Items that a bucket of the zone holds now.
  public var bucketCapacity = 0

  // MARK: Where items wait

  /// Items in the zone's own buckets, a part of `cached`.
  public var inDepot = 0
  /// Items that the zone's users needed recently, by `Zone.tick()`: what a trim keeps at least.
  public var workingSet = 0
  /// The caches of the threads that live, without those never used.
  public var threadCaches: [ThreadCacheStatistics] = []
  /// Allocations that no cache on the list counts: past the caches, and by threads that have ended.
  public var sharedAllocations: UInt64 = 0
  /// Frees that no cache on the list counts.
  public var sharedFrees: UInt64 = 0

  // MARK: Trouble

  /// Denials so far, each reason with its number.
  public var denialsByReason: [ZoneError.Reason: UInt64] = [:]
  /// Callers asleep now.
  public var sleepers = 0
  /// Times the zone's lock was taken, without those for these figures.
  public var lockAcquisitions: UInt64 = 0
}

/// The figures of one thread's cache of a zone.
///
/// BSD: `struct uma_percpu_stat`.
public struct ThreadCacheStatistics: Equatable, Sendable {
  /// The thread's number: the first thread that used any zone has 1, and none gets it again.
  public var thread: Int
  /// Allocations out of this cache so far.
  public var allocations: UInt64
  /// Frees into it so far.
  public var frees: UInt64
  /// Items in it.
  public var cached: Int
}
