// SPDX-License-Identifier: BSD-2-Clause

/// A small array of item pointers, moved between caches and zone as one (a magazine).
///
///     0    next older bucket of its list, 8 next newer
///     16   the cache it came from, if it came from one
///     24   items in it (32 bits), capacity (32 bits)
///     32   item 0, item 1, ...                   items 0..<count are free items of one zone
///
/// A bucket that a cache has loaded counts in the cache instead; `count` here is then stale.
///
/// BSD: `struct uma_bucket`; Bonwick and Adams, "Magazines and Vmem" (2001).
@usableFromInline
@unsafe
struct Bucket {
  var older: UnsafeMutablePointer<Bucket>?
  var newer: UnsafeMutablePointer<Bucket>?
  /// Only ever compared: the cache may be gone.
  var giver: UnsafeRawPointer?
  @usableFromInline var count: Int32
  @usableFromInline var capacity: Int32
}

@usableFromInline typealias BucketPointer = UnsafeMutablePointer<Bucket>

extension Bucket {
  /// Bytes of a bucket of `capacity` items.
  static func byteCount(capacity: Int) -> Int { unsafe MemoryLayout<Bucket>.stride + capacity * 8 }
}

extension BucketPointer {
  /// Makes raw memory an empty bucket.
  static func make(at bytes: UnsafeMutableRawPointer, capacity: Int) -> BucketPointer {
    unsafe bytes.initializeMemory(
      as: Bucket.self,
      to: Bucket(older: nil, newer: nil, giver: nil, count: 0, capacity: Int32(capacity)))
  }

  var items: UnsafeMutablePointer<UnsafeMutableRawPointer> {
    // The slots follow the fields; BucketPool allocated them.
    unsafe UnsafeMutableRawPointer(self + 1)
      .assumingMemoryBound(to: UnsafeMutableRawPointer.self)
  }
}

/// A list of buckets in the order in which they came.
@safe
struct BucketList: ~Copyable {
  private var newest: BucketPointer?
  private var oldest: BucketPointer?
  private(set) var count = 0

  /// The newest.
  var first: BucketPointer? { unsafe newest }

  mutating func push(_ bucket: BucketPointer) {
    unsafe bucket.pointee.older = newest
    unsafe bucket.pointee.newer = nil
    if let newest = unsafe newest {
      unsafe newest.pointee.newer = bucket
    } else {
      unsafe oldest = bucket
    }
    unsafe newest = bucket
    count += 1
  }

  /// Takes the newest.
  mutating func pop() -> BucketPointer? {
    guard let bucket = unsafe newest else { return nil }
    unsafe newest = bucket.pointee.older
    if let newest = unsafe newest { unsafe newest.pointee.newer = nil } else { unsafe oldest = nil }
    count -= 1
    return unsafe bucket
  }

  /// Takes the one that suits a cache best: the newest if it came from there, else the oldest.
  ///
  /// What this thread freed last is in its core's memory cache still. What another freed last is in
  /// that one's, and costs the more to fetch the newer it is.
  mutating func pop(for cache: UnsafeRawPointer) -> BucketPointer? {
    guard let bucket = unsafe oldest, unsafe newest?.pointee.giver != cache else {
      return unsafe pop()
    }
    unsafe oldest = bucket.pointee.newer
    if let oldest = unsafe oldest { unsafe oldest.pointee.older = nil } else { unsafe newest = nil }
    count -= 1
    return unsafe bucket
  }
}
