// SPDX-License-Identifier: BSD-2-Clause
//
// A bucket is a small array of items, moved between caches and zone as one (a magazine).
//
//     0    next older bucket of its list, 8 next newer
//     16   the cache it came from, if it came from one
//     24   items in it (32 bits), capacity (32 bits)
//     32   item 0, item 1, ...                   items 0..<count are free items of one zone
//
//     0 <= count <= capacity
//
// A bucket has one owner at a time: a cache, a list of a zone's depot, or a thread that fills or
// empties it with no lock held. One that a cache has loaded counts in the cache instead; `count`
// here is then stale.
//
// A `Bucket` exists only for memory that `BucketPool` made one, and it is not used after it went
// back there.
//
// BSD: `struct uma_bucket`; Bonwick and Adams, "Magazines and Vmem" (2001).

@usableFromInline
struct BucketHeader {
  var older: Bucket?
  var newer: Bucket?
  /// Only ever compared: the cache may be gone.
  var giver: UInt
  var count: Int32
  var capacity: Int32
}

/// One bucket by its address.
@frozen
@usableFromInline
@safe
struct Bucket: Equatable {
  private let at: UnsafeMutablePointer<BucketHeader>

  /// Bytes of a bucket of `capacity` items.
  static func byteCount(capacity: Int) -> Int { MemoryLayout<BucketHeader>.stride + capacity * 8 }

  /// Makes memory of `byteCount(capacity:)` bytes an empty bucket.
  static func make(at item: Item, capacity: Int) -> Bucket {
    unsafe Bucket(
      at: item.address.initializeMemory(
        as: BucketHeader.self,
        to: BucketHeader(older: nil, newer: nil, giver: 0, count: 0, capacity: Int32(capacity))))
  }

  private init(at: UnsafeMutablePointer<BucketHeader>) { unsafe self.at = at }

  @usableFromInline
  static func == (a: Bucket, b: Bucket) -> Bool { unsafe a.at == b.at }

  /// The memory that it is.
  var item: Item { unsafe Item(at) }

  /// Items in it, unless it is loaded.
  var count: Int {
    get { unsafe Int(at.pointee.count) }
    nonmutating set {
      precondition(newValue >= 0 && newValue <= capacity, "\(newValue) items of \(capacity)")
      unsafe at.pointee.count = Int32(newValue)
    }
  }

  var capacity: Int { unsafe Int(at.pointee.capacity) }

  /// Where the items are: the slots follow the fields.
  var slots: UnsafeMutablePointer<UnsafeMutableRawPointer> {
    unsafe UnsafeMutableRawPointer(at + 1).assumingMemoryBound(to: UnsafeMutableRawPointer.self)
  }

  /// All of its slots.
  var places: ItemPlaces { unsafe ItemPlaces(slots, count: capacity) }

  /// Takes the last of its items.
  func takeLast() -> Item {
    count -= 1
    return places[count]
  }

  /// The address of the cache it came from; 0 for none.
  fileprivate(set) var giver: UInt {
    get { unsafe at.pointee.giver }
    nonmutating set { unsafe at.pointee.giver = newValue }
  }

  /// Notes which cache gave it.
  func note(giver cache: Cache) { giver = cache.number }

  fileprivate var older: Bucket? {
    get { unsafe at.pointee.older }
    nonmutating set { unsafe at.pointee.older = newValue }
  }

  fileprivate var newer: Bucket? {
    get { unsafe at.pointee.newer }
    nonmutating set { unsafe at.pointee.newer = newValue }
  }
}

/// A list of buckets in the order in which they came.
struct BucketList: ~Copyable {
  private var newest: Bucket?
  private var oldest: Bucket?
  private(set) var count = 0

  /// The newest.
  var first: Bucket? { newest }

  mutating func push(_ bucket: Bucket) {
    bucket.older = newest
    bucket.newer = nil
    if let newest { newest.newer = bucket } else { oldest = bucket }
    newest = bucket
    count += 1
  }

  /// Takes the newest.
  mutating func pop() -> Bucket? {
    guard let bucket = newest else { return nil }
    newest = bucket.older
    if let newest { newest.newer = nil } else { oldest = nil }
    count -= 1
    return bucket
  }

  /// Takes the one that suits a cache best: the newest if it came from there, else the oldest.
  ///
  /// What this thread freed last is in its core's memory cache still. What another freed last is in
  /// that one's, and takes longer to fetch the more recent it is.
  mutating func pop(for cache: Cache) -> Bucket? {
    guard let bucket = oldest, newest?.giver != cache.number else { return pop() }
    oldest = bucket.newer
    if let oldest { oldest.older = nil } else { newest = nil }
    count -= 1
    return bucket
  }
}
