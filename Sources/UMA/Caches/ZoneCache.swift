// SPDX-License-Identifier: BSD-2-Clause
//
// One thread's stock of one zone: the loaded bucket, which serves both directions last in first
// out, and a spare that is empty or full, so that a thread going up and down around a bucket's
// edge does not run to the zone each time.
//
//     offset 0   count        items in the loaded bucket    owner while busy, or under the zone lock
//            4   busy         the owner is inside           written by the owner
//            8   asked        a visitor wants it            written by visitors
//           12   capacity                                   under the zone lock
//           16   items        slots of the loaded bucket    "
//           24   allocations  so far                        as count
//           32   loaded, 40 spare                           under the zone lock
//           48   brought      items loaded less unloaded    "
//
//     0 <= count <= capacity;   loaded == nil  =>  capacity == 0
//     spare == nil, or spare.count == 0, or spare.count == spare.capacity
//     frees == allocations + count - brought
//
// The fast path is bound by its stores, so it makes few: frees are not counted but follow from what
// is, and one store of the word that is `count` and `busy` leaves the one and ends the other. The
// count is the word's lower half because the core hands a store on to a load from the same address
// at once, and to one from within it only after a while.
//
// Two threads may want the cache: its owner, all the time, and now and then a visitor that drains
// or counts. The owner pays no atomic read-modify-write and no fence instruction:
//
//     owner                               visitor, holding the zone lock
//       busy = 1                            asked = 1
//       (compiler fence)                    membarrier(2): every thread passes a full barrier
//       asked == 0 ? fast path              wait until busy == 0
//                  : slow path, zone lock   look, take; asked = 0
//       busy = 0 (release), with the new count if there is one
//
// (where the kernel has no membarrier, or refuses it one day, CacheVisit.swift tells what then)
//
// If the owner read asked == 0, its busy == 1 was visible to the barrier and the visitor waits;
// if not, the owner goes to the zone lock, which the visitor holds. Hence never both inside. A
// visit may also begin and end while the owner stands between its store and its load; then asked
// is 0 again, and whatever the owner reads after it is what the visitor left.
// (Dice, Huang, Yang: "Asymmetric Dekker Synchronization", 2001.)

import CUMA
import Synchronization

#if _endian(big)
  #error("the lower half of a word comes first here")
#endif

@usableFromInline
@unsafe
struct ZoneCache: ~Copyable {
  @usableFromInline var count: UInt32
  @usableFromInline let busy: Atomic<UInt32>
  @usableFromInline let asked: Atomic<UInt32>
  @usableFromInline var capacity: UInt32
  @usableFromInline var items: UnsafeMutablePointer<UnsafeMutableRawPointer>
  @usableFromInline let allocations: Atomic<UInt64>
  @usableFromInline var loaded: BucketPointer?
  @usableFromInline var spare: BucketPointer?
  var brought: UInt64

  /// Bytes from one zone's cache to the next in a thread's table: one cache line.
  @usableFromInline static var strideByteCount: Int { 64 }
}

/// A cache by its address.
///
/// Zeroed memory is a cache with nothing loaded.
@usableFromInline
@unsafe
struct CachePointer {
  @usableFromInline let at: UnsafeMutablePointer<ZoneCache>

  @inlinable @inline(__always)
  init(_ table: UnsafeMutableRawPointer, _ offset: Int) {
    // Tables are mapped whole, and every offset comes from a slot below their slot count.
    unsafe at = (table + offset).assumingMemoryBound(to: ZoneCache.self)
  }

  /// The owner's way in; false if a visitor wants the cache, and then the owner is out again.
  ///
  /// What it reads of the cache it must read after this: a count read before may date from before
  /// a whole visit.
  @inlinable @inline(__always)
  func enter() -> Bool {
    unsafe at.pointee.busy.store(1, ordering: .relaxed)
    mbuma_owner_fence()
    if unsafe _fastPath(at.pointee.asked.load(ordering: .acquiring) == 0) { return true }
    unsafe leave()
    return false
  }

  /// The owner's way out, with nothing changed.
  @inlinable @inline(__always)
  func leave() { unsafe at.pointee.busy.store(0, ordering: .releasing) }

  /// The owner's fast path: the item freed last, or nil if the slow path must look.
  @inlinable @inline(__always)
  func take() -> UnsafeMutableRawPointer? {
    guard unsafe enter() else { return nil }
    let count = unsafe at.pointee.count
    guard _fastPath(count > 0) else {
      unsafe leave()
      return nil
    }
    // In bounds: count <= capacity. Cannot wrap: count > 0.
    let item = unsafe at.pointee.items[Int(count &- 1)]
    unsafe countAllocations(1)
    unsafe leave(count: count &- 1)
    return unsafe item
  }

  /// The owner's fast path back: false if the slow path must find room.
  @inlinable @inline(__always)
  func give(_ item: UnsafeMutableRawPointer) -> Bool {
    guard unsafe enter() else { return false }
    let count = unsafe at.pointee.count
    guard unsafe _fastPath(count < at.pointee.capacity) else {
      unsafe leave()
      return false
    }
    // In bounds: count < capacity.
    unsafe at.pointee.items[Int(count)] = item
    unsafe leave(count: count &+ 1)
    return true
  }

  /// Stores the count and ends `busy`, by one store.
  @inlinable @inline(__always)
  func leave(count: UInt32) {
    unsafe word.pointee.store(UInt64(count), ordering: .releasing)
  }

  /// Whether the owner is inside; once it is not, what it wrote can be seen.
  var isBusy: Bool {
    // The owner leaves by a store of `busy` or of the word: each is read as it was written.
    unsafe at.pointee.busy.load(ordering: .acquiring) != 0
      || word.pointee.load(ordering: .acquiring) >> 32 != 0
  }

  /// `count` and `busy` in one, eight bytes at the cache's start.
  @inlinable @inline(__always)
  var word: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe UnsafeMutableRawPointer(at).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  @inlinable @inline(__always)
  func countAllocations(_ number: UInt64) {
    // Only the owner writes, so load and store need not be one step.
    unsafe at.pointee.allocations.store(
      at.pointee.allocations.load(ordering: .relaxed) &+ number, ordering: .relaxed)
  }
}

// MARK: - Under the zone lock

extension CachePointer {
  /// Items in the loaded bucket, of one moment even if the owner is inside.
  var loadedCount: Int {
    unsafe Int(UInt32(truncatingIfNeeded: word.pointee.load(ordering: .acquiring)))
  }

  /// Items in both buckets.
  var itemCount: Int { unsafe loadedCount + Int(at.pointee.spare?.pointee.count ?? 0) }

  /// Allocations and frees through this cache, so far.
  var counts: (allocations: UInt64, frees: UInt64) {
    let count = unsafe UInt64(loadedCount)
    let allocations = unsafe at.pointee.allocations.load(ordering: .relaxed)
    return unsafe (allocations, allocations &+ count &- at.pointee.brought)
  }

  /// Starts to count again from zero.
  ///
  /// - Precondition: nothing is loaded.
  func clearCounts() {
    unsafe at.pointee.allocations.store(0, ordering: .relaxed)
    unsafe at.pointee.brought = 0
  }

  /// Makes `bucket` the loaded one.
  ///
  /// - Precondition: nothing is loaded.
  func load(_ bucket: BucketPointer) {
    unsafe precondition(at.pointee.loaded == nil, "a bucket is loaded already")
    unsafe at.pointee.loaded = bucket
    unsafe at.pointee.items = bucket.items
    unsafe at.pointee.count = UInt32(bucket.pointee.count)
    unsafe at.pointee.brought &+= UInt64(at.pointee.count)
    unsafe at.pointee.capacity = UInt32(bucket.pointee.capacity)
  }

  /// Takes the loaded bucket out, its count brought up to date.
  func unload() -> BucketPointer? {
    guard let bucket = unsafe at.pointee.loaded else { return nil }
    unsafe bucket.pointee.count = Int32(at.pointee.count)
    unsafe at.pointee.brought &-= UInt64(at.pointee.count)
    unsafe at.pointee.loaded = nil
    unsafe at.pointee.count = 0
    unsafe at.pointee.capacity = 0
    return unsafe bucket
  }

  /// Exchanges the loaded bucket and the spare.
  func swap() {
    let spare = unsafe at.pointee.spare
    unsafe at.pointee.spare = unload()
    if let spare = unsafe spare { unsafe load(spare) }
  }
}
