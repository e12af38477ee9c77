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
//
// A `Cache` exists only for a place in a table that is mapped: its owner's, or one on the list while
// the registry is locked.

import CUMA
import Synchronization

#if _endian(big)
  #error("the lower half of a word comes first here")
#endif

@usableFromInline
@safe
struct ZoneCache: ~Copyable {
  @usableFromInline var count: UInt32
  @usableFromInline let busy: Atomic<UInt32>
  @usableFromInline let asked: Atomic<UInt32>
  @usableFromInline var capacity: UInt32
  /// The slots of the loaded bucket; whatever it was if none is loaded.
  @usableFromInline var items: UnsafeMutablePointer<UnsafeMutableRawPointer>
  @usableFromInline let allocations: Atomic<UInt64>
  var loaded: Bucket?
  var spare: Bucket?
  var brought: UInt64

  /// Bytes from one zone's cache to the next in a thread's table: one cache line.
  @usableFromInline static var strideByteCount: Int { 64 }
}

/// A cache by its address.
///
/// Zeroed memory is a cache with nothing loaded.
@frozen
@usableFromInline
@safe
struct Cache {
  @usableFromInline let at: UnsafeMutablePointer<ZoneCache>

  /// - Precondition: the table is mapped, and the offset that of a slot below the slot count.
  @inlinable @inline(__always)
  init(_ table: UnsafeMutableRawPointer, _ offset: Int) {
    unsafe at = (table + offset).assumingMemoryBound(to: ZoneCache.self)
  }

  /// The address as a number, to compare.
  var number: UInt { unsafe UInt(bitPattern: at) }

  // MARK: The owner's fast path

  /// The owner's way in; false if a visitor wants the cache, and then the owner is out again.
  ///
  /// What it reads of the cache it must read after this: a count read before may date from before
  /// a whole visit.
  @inlinable @inline(__always)
  func enter() -> Bool {
    unsafe at.pointee.busy.store(1, ordering: .relaxed)
    mbuma_owner_fence()
    if unsafe _fastPath(at.pointee.asked.load(ordering: .acquiring) == 0) { return true }
    leave()
    return false
  }

  /// The owner's way out, with nothing changed.
  @inlinable @inline(__always)
  func leave() { unsafe at.pointee.busy.store(0, ordering: .releasing) }

  /// The owner's fast path: the item freed last, or nil if the slow path must look.
  @inlinable @inline(__always)
  func take() -> Item? {
    guard enter() else { return nil }
    let count = unsafe at.pointee.count
    guard _fastPath(count > 0) else {
      leave()
      return nil
    }
    // In bounds: count <= capacity. Cannot wrap: count > 0.
    let item = unsafe Item(at.pointee.items[Int(count &- 1)])
    countAllocations(1)
    leave(count: count &- 1)
    return item
  }

  /// The owner's fast path back: false if the slow path must find room.
  @inlinable @inline(__always)
  func give(_ item: Item) -> Bool {
    guard enter() else { return false }
    let count = unsafe at.pointee.count
    guard unsafe _fastPath(count < at.pointee.capacity) else {
      leave()
      return false
    }
    // In bounds: count < capacity.
    unsafe at.pointee.items[Int(count)] = item.address
    leave(count: count &+ 1)
    return true
  }

  /// Takes as many items as the loaded bucket has and `items` has places for.
  @usableFromInline
  func take(into items: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>) -> Int {
    guard let first = items.baseAddress, enter() else { return 0 }
    let count = unsafe Int(at.pointee.count)
    let taken = Swift.min(count, items.count)
    // In bounds: taken <= count <= capacity, and taken <= items.count.
    unsafe first.update(from: at.pointee.items + (count - taken), count: taken)
    countAllocations(UInt64(taken))
    leave(count: UInt32(count - taken))
    return taken
  }

  /// Puts as many of `items` into the loaded bucket as it has room for.
  @usableFromInline
  func give(_ items: UnsafeBufferPointer<UnsafeMutableRawPointer>) -> Int {
    guard let first = items.baseAddress, enter() else { return 0 }
    let count = unsafe Int(at.pointee.count)
    let given = unsafe Swift.min(Int(at.pointee.capacity) - count, items.count)
    // In bounds: count + given <= capacity, and given <= items.count. An empty cache has no slots.
    if given > 0 { unsafe (at.pointee.items + count).update(from: first, count: given) }
    leave(count: UInt32(count + given))
    return given
  }

  /// Stores the count and ends `busy`, by one store.
  @inlinable @inline(__always)
  func leave(count: UInt32) {
    unsafe word.pointee.store(UInt64(count), ordering: .releasing)
  }

  @inlinable @inline(__always)
  func countAllocations(_ number: UInt64) {
    // Only the owner writes, so load and store need not be one step.
    unsafe at.pointee.allocations.store(
      at.pointee.allocations.load(ordering: .relaxed) &+ number, ordering: .relaxed)
  }

  /// `count` and `busy` in one, eight bytes at the cache's start.
  @inlinable @inline(__always)
  var word: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe UnsafeMutableRawPointer(at).assumingMemoryBound(to: Atomic<UInt64>.self)
  }
}

// MARK: - A visitor

extension Cache {
  /// Whether owners are to keep out; what a visitor did before it says no is seen by who then comes.
  func ask(_ isWanted: Bool) {
    unsafe at.pointee.asked.store(isWanted ? 1 : 0, ordering: .releasing)
  }

  /// Whether the owner is inside; once it is not, what it wrote can be seen.
  var isBusy: Bool {
    // The owner leaves by a store of `busy` or of the word: each is read as it was written.
    unsafe at.pointee.busy.load(ordering: .acquiring) != 0
      || word.pointee.load(ordering: .acquiring) >> 32 != 0
  }

  /// Items in the loaded bucket, of one moment even if the owner is inside.
  var loadedCount: Int {
    unsafe Int(UInt32(truncatingIfNeeded: word.pointee.load(ordering: .acquiring)))
  }

  /// Items in both buckets.
  var itemCount: Int { loadedCount + (spare?.count ?? 0) }

  /// Allocations and frees through this cache, so far.
  var counts: (allocations: UInt64, frees: UInt64) {
    let count = UInt64(loadedCount)
    let allocations = unsafe at.pointee.allocations.load(ordering: .relaxed)
    return unsafe (allocations, allocations &+ count &- at.pointee.brought)
  }

  /// Takes both buckets out.
  func takeBuckets(_ body: (Bucket) -> Void) {
    if let loaded = unload() { body(loaded) }
    if let spare { body(spare) }
    spare = nil
  }

  /// Starts to count again from zero.
  ///
  /// - Precondition: nothing is loaded.
  func clearCounts() {
    unsafe at.pointee.allocations.store(0, ordering: .relaxed)
    unsafe at.pointee.brought = 0
  }
}

// MARK: - Under the zone lock

extension Cache {
  /// Whether the loaded bucket has no item, or there is none.
  var isEmpty: Bool { unsafe at.pointee.count == 0 }

  /// Whether the loaded bucket has room.
  var hasRoom: Bool { unsafe at.pointee.count < at.pointee.capacity }

  var loaded: Bucket? { unsafe at.pointee.loaded }

  var spare: Bucket? {
    get { unsafe at.pointee.spare }
    nonmutating set { unsafe at.pointee.spare = newValue }
  }

  /// Takes an item of the loaded bucket for a caller.
  ///
  /// - Precondition: it is not empty.
  func takeLocked() -> Item {
    precondition(!isEmpty, "an item of an empty cache")
    unsafe at.pointee.count -= 1
    countAllocations(1)
    return unsafe Item(at.pointee.items[Int(at.pointee.count)])
  }

  /// Puts an item into the loaded bucket.
  ///
  /// - Precondition: it has room.
  func giveLocked(_ item: Item) {
    precondition(hasRoom, "an item too many for a cache")
    unsafe at.pointee.items[Int(at.pointee.count)] = item.address
    unsafe at.pointee.count += 1
  }

  /// Makes `bucket` the loaded one.
  ///
  /// - Precondition: nothing is loaded.
  func load(_ bucket: Bucket) {
    precondition(loaded == nil, "a bucket is loaded already")
    unsafe at.pointee.loaded = bucket
    unsafe at.pointee.items = bucket.slots
    unsafe at.pointee.count = UInt32(bucket.count)
    unsafe at.pointee.brought &+= UInt64(bucket.count)
    unsafe at.pointee.capacity = UInt32(bucket.capacity)
  }

  /// Takes the loaded bucket out, its count brought up to date.
  func unload() -> Bucket? {
    guard let bucket = loaded else { return nil }
    bucket.count = unsafe Int(at.pointee.count)
    unsafe at.pointee.brought &-= UInt64(at.pointee.count)
    unsafe at.pointee.loaded = nil
    unsafe at.pointee.count = 0
    unsafe at.pointee.capacity = 0
    return bucket
  }

  /// Exchanges the loaded bucket and the spare.
  func swap() {
    let before = spare
    spare = unload()
    if let before { load(before) }
  }
}
