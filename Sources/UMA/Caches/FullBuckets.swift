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
  mutating func push(_ bucket: Bucket) {
    itemCount += bucket.count
    buckets.push(bucket)
    workingSet.note(itemCount)
  }

  /// Takes the bucket that suits a cache best.
  mutating func pop(for cache: Cache) -> Bucket? {
    guard let taken = buckets.pop(for: cache) else { return nil }
    itemCount -= taken.count
    workingSet.note(itemCount)
    return taken
  }

  /// Takes one item, and with it the bucket that it leaves empty.
  mutating func takeItem() -> (item: Item, emptied: Bucket?)? {
    guard let bucket = buckets.first else { return nil }
    let item = bucket.takeLast()
    itemCount -= 1
    workingSet.note(itemCount)
    return (item, bucket.count == 0 ? buckets.pop() : nil)
  }

  /// Takes what reclaim may have: all, or for a trim what is beyond the working set.
  ///
  /// Whole buckets go, those longest unused, so a trim keeps its target and up to a bucket more.
  mutating func takeReclaimable(keepsWorkingSet: Bool) -> BucketList {
    var kept = BucketList()
    var keptCount = 0
    let target = keepsWorkingSet ? workingSet.target(itemCount) : 0
    while keptCount < target, let bucket = buckets.pop() {
      keptCount += bucket.count
      kept.push(bucket)
    }
    var taken = BucketList()
    swap(&taken, &buckets)
    while let bucket = kept.pop() { buckets.push(bucket) }
    workingSet.noteReclaimed(itemCount - keptCount)
    itemCount = keptCount
    return taken
  }

  /// Ends an interval of the working set.
  mutating func tick() { workingSet.tick(itemCount) }
}
