// SPDX-License-Identifier: BSD-2-Clause
//
// Where empty buckets come from: five kegs, shared by all zones of the process, for buckets of up
// to 16, 32, 64, 128 and 256 items. They are kegs without zones, so no bucket needs a bucket, and
// the memory of caches is counted and given back like any other.
//
//     bucket of capacity c  is an item of the first keg whose capacity >= c
//
// Taking a bucket may fail; then the zone works item by item.
//
// BSD: `bucket_init`, `bucket_alloc`, `bucket_free` (sys/vm/uma_core.c).

/// The bucket kegs.
final class BucketPool: Sendable {
  static let shared = BucketPool()
  static let largestCapacity = 256

  private static let capacities = [16, 32, 64, 128, 256]
  let kegs: [Keg]

  private init() {
    let pages = PageArena()
    kegs = Self.capacities.map { capacity in
      let layout = SlabLayout(itemByteCount: Bucket.byteCount(capacity: capacity), alignment: 16)
      return Keg(layout: layout, pages: pages, hooks: ItemHooks())
    }
  }

  /// An empty bucket, or nil if there is no memory for one.
  ///
  /// - Parameters:
  ///   - capacity: items it has room for, 1...256.
  ///   - mayGrow: whether pages may be asked for; else only buckets at hand are given.
  func take(capacity: Int, mayGrow: Bool) -> Bucket? {
    guard let item = keg(for: capacity).takeItem(mayGrow: mayGrow) else { return nil }
    return .make(at: item, capacity: capacity)
  }

  /// Takes an empty bucket back.
  func give(_ bucket: Bucket) { keg(for: bucket.capacity).putItem(bucket.item) }

  /// Gives the pages of buckets that nobody has back to the system.
  ///
  /// - Returns: pages released.
  @discardableResult
  func releasePages() -> Int { kegs.reduce(0) { $0 + $1.releaseEmptySlabs() } }

  private func keg(for capacity: Int) -> Keg {
    guard let index = Self.capacities.firstIndex(where: { $0 >= capacity }) else {
      preconditionFailure("a bucket of \(capacity) items")
    }
    return kegs[index]
  }
}
