// SPDX-License-Identifier: BSD-2-Clause

/// A small array of item pointers, moved between caches and zone as one (a magazine).
///
///     0    next bucket of its list
///     8    items in it (32 bits), capacity (32 bits)
///     16   item 0, item 1, ...                   items 0..<count are free items of one zone
///
/// A bucket that a cache has loaded counts in the cache instead; `count` here is then stale.
///
/// BSD: `struct uma_bucket`; Bonwick and Adams, "Magazines and Vmem" (2001).
@usableFromInline
@unsafe
struct Bucket {
  @usableFromInline var next: UnsafeMutablePointer<Bucket>?
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
      as: Bucket.self, to: Bucket(next: nil, count: 0, capacity: Int32(capacity)))
  }

  var items: UnsafeMutablePointer<UnsafeMutableRawPointer> {
    // The slots follow the fields; BucketPool allocated them.
    unsafe UnsafeMutableRawPointer(self + 1)
      .assumingMemoryBound(to: UnsafeMutableRawPointer.self)
  }
}

/// A list of buckets, last in first out.
@safe
struct BucketList: ~Copyable {
  private var head: BucketPointer?
  private(set) var count = 0

  var first: BucketPointer? { unsafe head }

  mutating func push(_ bucket: BucketPointer) {
    unsafe bucket.pointee.next = head
    unsafe head = bucket
    count += 1
  }

  mutating func pop() -> BucketPointer? {
    guard let bucket = unsafe head else { return nil }
    unsafe head = bucket.pointee.next
    count -= 1
    return unsafe bucket
  }
}
