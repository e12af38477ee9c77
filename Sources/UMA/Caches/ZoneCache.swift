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
// (CacheTables.swift has what happens where the kernel has no membarrier, or refuses it later)
//
// If the owner read asked == 0, its busy == 1 was visible to the barrier and the visitor waits;
// if not, the owner goes to the zone lock, which the visitor holds. Hence never both inside. A
// visit may also begin and end while the owner stands between its store and its load; then asked
// is 0 again, and whatever the owner reads after it is what the visitor left.
// (Dice, Huang, Yang: "Asymmetric Dekker Synchronization", 2001.)
//
// A `Cache` exists only for a place in a table that is mapped: its owner's, or one on the list while
// that is locked.

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
    let count = count
    guard _fastPath(count > 0) else {
      leave()
      return nil
    }
    // In bounds: count <= capacity. Cannot wrap: count > 0.
    let item = self[count &- 1]
    countAllocations(1)
    leave(count: count &- 1)
    return item
  }

  /// The owner's fast path back: false if the slow path must find room.
  @inlinable @inline(__always)
  func give(_ item: Item) -> Bool {
    guard enter() else { return false }
    let count = count
    guard _fastPath(count < capacity) else {
      leave()
      return false
    }
    // In bounds: count < capacity.
    self[count] = item
    leave(count: count &+ 1)
    return true
  }

  /// Takes as many items as the loaded bucket has and there are places for.
  func take(into places: ItemPlaces) -> Int {
    guard places.count > 0, enter() else { return 0 }
    let count = Int(count)
    let taken = Swift.min(count, places.count)
    // In bounds: taken <= count <= capacity.
    if taken > 0 { unsafe places.fill(from: at.pointee.items + (count - taken), taken) }
    countAllocations(UInt64(taken))
    leave(count: UInt32(count - taken))
    return taken
  }

  /// Puts as many of the items of `places` into the loaded bucket as it has room for.
  func give(_ places: ItemPlaces) -> Int {
    guard places.count > 0, enter() else { return 0 }
    let count = Int(count)
    let given = Swift.min(Int(capacity) - count, places.count)
    // In bounds: count + given <= capacity. An empty cache has no slots.
    if given > 0 { unsafe places.copy(given, to: at.pointee.items + count) }
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
    allocations &+= number
  }

  // MARK: Fields

  /// Items in the loaded bucket, as its owner sees it while busy, or whoever has the zone lock.
  @inlinable @inline(__always)
  var count: UInt32 {
    get { unsafe at.pointee.count }
    nonmutating set { unsafe at.pointee.count = newValue }
  }

  @inlinable @inline(__always)
  var capacity: UInt32 {
    get { unsafe at.pointee.capacity }
    nonmutating set { unsafe at.pointee.capacity = newValue }
  }

  /// A slot of the loaded bucket.
  ///
  /// - Precondition: it is below the capacity, and one that is read below the count.
  @inlinable @inline(__always)
  subscript(slot: UInt32) -> Item {
    get { unsafe Item(at.pointee.items[Int(slot)]) }
    nonmutating set { unsafe at.pointee.items[Int(slot)] = newValue.address }
  }

  /// Allocations so far.
  @inlinable @inline(__always)
  var allocations: UInt64 {
    get { unsafe at.pointee.allocations.load(ordering: .relaxed) }
    nonmutating set { unsafe at.pointee.allocations.store(newValue, ordering: .relaxed) }
  }

  /// Items loaded less items unloaded.
  private var brought: UInt64 {
    get { unsafe at.pointee.brought }
    nonmutating set { unsafe at.pointee.brought = newValue }
  }

  /// `count` and `busy` in one, eight bytes at the cache's start.
  @inlinable @inline(__always)
  var word: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe UnsafeMutableRawPointer(at).assumingMemoryBound(to: Atomic<UInt64>.self)
  }
}

// MARK: - A visitor

extension Cache {
  /// Whether owners are to keep out; what a visitor did before it sets this to false is visible to owners that enter later.
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
    let (allocations, count) = (allocations, UInt64(loadedCount))
    return (allocations, allocations &+ count &- brought)
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
    allocations = 0
    brought = 0
  }
}

// MARK: - Under the zone lock

extension Cache {
  /// Whether the loaded bucket has no item, or there is none.
  var isEmpty: Bool { count == 0 }

  /// Whether the loaded bucket has room.
  var hasRoom: Bool { count < capacity }

  private(set) var loaded: Bucket? {
    get { unsafe at.pointee.loaded }
    nonmutating set { unsafe at.pointee.loaded = newValue }
  }

  var spare: Bucket? {
    get { unsafe at.pointee.spare }
    nonmutating set { unsafe at.pointee.spare = newValue }
  }

  /// Takes an item of the loaded bucket for a caller.
  ///
  /// - Precondition: it is not empty.
  func takeLocked() -> Item {
    precondition(!isEmpty, "an item of an empty cache")
    count -= 1
    countAllocations(1)
    return self[count]
  }

  /// Puts an item into the loaded bucket.
  ///
  /// - Precondition: it has room.
  func giveLocked(_ item: Item) {
    precondition(hasRoom, "an item too many for a cache")
    self[count] = item
    count += 1
  }

  /// Makes `bucket` the loaded one.
  ///
  /// - Precondition: nothing is loaded.
  func load(_ bucket: Bucket) {
    precondition(loaded == nil, "a bucket is loaded already")
    loaded = bucket
    unsafe at.pointee.items = bucket.slots
    count = UInt32(bucket.count)
    brought &+= UInt64(bucket.count)
    capacity = UInt32(bucket.capacity)
  }

  /// Takes the loaded bucket out, its count brought up to date.
  func unload() -> Bucket? {
    guard let bucket = loaded else { return nil }
    bucket.count = Int(count)
    brought &-= UInt64(count)
    loaded = nil
    count = 0
    capacity = 0
    return bucket
  }

  /// Exchanges the loaded bucket and the spare.
  func swap() {
    let before = spare
    spare = unload()
    if let before { load(before) }
  }
}
