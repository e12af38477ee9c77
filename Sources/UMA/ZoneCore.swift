// SPDX-License-Identifier: BSD-2-Clause
//
// What a zone is behind its handle. The first line is read by every allocation and never changes
// while the zone lives; the shelf is what the slow path works on.
//
// Invariants, at any point where no transfer is in flight (sums over all threads' caches):
//
//     allocations = shelf.allocations + sum cache.allocations       (frees alike)
//     inUse       = allocations - frees
//     cached      = items in shelf.full + sum cache.itemCount
//     itemCount   = inUse + cached                 items the zone has drawn from its keg
//     itemCount  <= limit, unless limit == 0 or the limit was lowered below it
//
// A core outlives its zone: a destroyed zone's core stays, marked, so that a stale handle traps
// instead of touching memory that has become something else.

import Synchronization

@usableFromInline
@safe
struct ZoneCore: ~Copyable {
  /// Where this zone's cache is in every thread's table; 0 names the slot that caches nothing.
  @usableFromInline let cacheOffset: Atomic<Int>
  @usableFromInline let construct: ItemHooks.Maker?
  @usableFromInline let destruct: ItemHooks.Unmaker?

  let name: String
  let isSecondary: Bool
  let hooks: ItemHooks
  /// Nil once the zone is destroyed.
  var keg: Keg?
  let shelf = Guarded(Shelf())

  init(name: String, isSecondary: Bool, hooks: ItemHooks, keg: Keg) {
    cacheOffset = Atomic(0)
    unsafe construct = hooks.construct
    unsafe destruct = hooks.destruct
    self.name = name
    self.isSecondary = isSecondary
    self.hooks = hooks
    self.keg = keg
  }
}

/// The part of a zone that its lock guards.
struct Shelf: ~Copyable {
  static let largestBucketCapacity = 256

  /// Buckets with items in them, none of them empty.
  var full = BucketList()
  /// Buckets waiting to be used again.
  var empty = BucketList()
  var itemCount = 0
  var limit = 0
  /// Fills and drains that have items in hand, between shelf and keg, with the lock dropped.
  var transfersInFlight = 0
  var allocations: UInt64 = 0
  var frees: UInt64 = 0
  var lockAcquisitions: UInt64 = 0
  var denials = [UInt64](repeating: 0, count: ZoneError.Reason.allCases.count)
  var plan: FailurePlan?
  /// Called when the zone is about to deny, to have items held elsewhere given back.
  var relief: (@Sendable () -> Void)?
  var isDestroyed = false

  /// Whether free items may stay with the zone: not under a plan, nor above the limit.
  var mayCache: Bool { plan == nil && (limit == 0 || itemCount <= limit) }

  /// Items per bucket: the most, or an eighth of a small limit so that threads can share it.
  var bucketCapacity: Int {
    if plan != nil { return 1 }
    return limit == 0
      ? Self.largestBucketCapacity : Swift.min(Self.largestBucketCapacity, Swift.max(1, limit / 8))
  }

  mutating func takeEmptyBucket() -> BucketPointer {
    if let bucket = unsafe empty.pop() {
      if unsafe Int(bucket.pointee.capacity) >= bucketCapacity { return unsafe bucket }
      unsafe bucket.discard()
    }
    return unsafe .make(capacity: bucketCapacity)
  }

  mutating func keep(_ bucket: BucketPointer) {
    if unsafe bucket.pointee.count > 0 {
      unsafe full.push(bucket)
    } else {
      unsafe empty.push(bucket)
    }
  }
}
