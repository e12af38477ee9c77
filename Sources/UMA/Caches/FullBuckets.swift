// SPDX-License-Identifier: BSD-2-Clause
//
// The stock of a zone's depot: buckets with items in them, in the order in which they came.
//
//     itemCount == sum of bucket.count
//     workingSet.least <= itemCount <= workingSet.most
//
// Under the zone lock, like all of the depot.

struct FullBuckets: ~Copyable {
  private var buckets = BucketList()
  /// Items in all of the buckets.
  private(set) var itemCount = 0
  private(set) var workingSet = WorkingSet()

  /// Buckets here.
  var count: Int { buckets.count }

  /// - Precondition: the bucket has items.
  mutating func push(_ bucket: BucketPointer) {
    itemCount += unsafe Int(bucket.pointee.count)
    unsafe buckets.push(bucket)
    workingSet.note(itemCount)
  }

  mutating func pop() -> BucketPointer? {
    guard let bucket = unsafe buckets.pop() else { return nil }
    itemCount -= unsafe Int(bucket.pointee.count)
    workingSet.note(itemCount)
    return unsafe bucket
  }

  /// Takes the bucket that suits a cache best.
  mutating func pop(for cache: UnsafeRawPointer) -> BucketPointer? {
    guard let bucket = unsafe buckets.pop(for: cache) else { return nil }
    itemCount -= unsafe Int(bucket.pointee.count)
    workingSet.note(itemCount)
    return unsafe bucket
  }

  /// Takes one item, and with it the bucket that it leaves empty.
  mutating func takeItem() -> (item: UnsafeMutableRawPointer, emptied: BucketPointer?)? {
    guard let bucket = unsafe buckets.first else { return nil }
    unsafe bucket.pointee.count -= 1
    itemCount -= 1
    workingSet.note(itemCount)
    let item = unsafe bucket.items[Int(bucket.pointee.count)]
    return unsafe (item, bucket.pointee.count == 0 ? buckets.pop() : nil)
  }

  /// Takes what reclaim may have: all, or for a trim what is beyond the working set.
  ///
  /// Whole buckets go, those longest unused, so a trim keeps its target and up to a bucket more.
  mutating func takeReclaimable(_ level: ReclaimLevel) -> BucketList {
    var kept = BucketList()
    var keptCount = 0
    let target = level == .trim ? workingSet.target(itemCount) : 0
    while keptCount < target, let bucket = unsafe buckets.pop() {
      keptCount += unsafe Int(bucket.pointee.count)
      unsafe kept.push(bucket)
    }
    var taken = BucketList()
    swap(&taken, &buckets)
    while let bucket = unsafe kept.pop() { unsafe buckets.push(bucket) }
    workingSet.noteReclaimed(itemCount - keptCount)
    itemCount = keptCount
    return taken
  }

  /// Ends an interval of the working set.
  mutating func tick() { workingSet.tick(itemCount) }
}
