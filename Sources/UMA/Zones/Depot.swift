// SPDX-License-Identifier: BSD-2-Clause
//
// The part of a zone that its lock guards: full buckets, counts, limit, and waiters.
//
//     room for anyone        = limit - reserve - itemCount        (no limit: unbounded)
//     room with the reserve  = limit - itemCount
//     items may stay cached <=> nobody waits, no plan is set, itemCount <= limit - reserve
//
// `itemCount` is raised before items are drawn from below and lowered after they are back, so the
// limit holds at every moment, whatever is in flight.

struct Depot: ~Copyable {
  /// Buckets with items in them, none of them empty.
  var full = FullBuckets()
  /// Buckets waiting to be used again.
  var empty = BucketList()
  /// Items in use, cached or in flight.
  var itemCount = 0
  /// The most of these; 0 for no limit.
  var limit = 0
  /// The part of the limit that only callers with a claim on it may use.
  var reserve = 0
  /// Fills: each brings one item that a caller was promised, with the lock dropped (Passage.swift).
  var fillsInFlight = 0
  /// Stockings, drains and reliefs: each may have free items in hand, with the lock dropped.
  var transfersInFlight = 0
  /// How often items were given back to the keg or the import function.
  var returnCount = 0
  var waiters = WaiterQueue<ItemWant, Item>()
  var allocations: UInt64 = 0
  var frees: UInt64 = 0
  var sleeps: UInt64 = 0
  /// How often the zone lock was taken.
  var lockAcquisitions: UInt64 = 0
  var denials = [UInt64](repeating: 0, count: ZoneError.Reason.allCases.count)
  var plan: FailurePlan?
  /// Called when the zone is about to deny, to have items held elsewhere given back.
  var relief: (@Sendable () -> Void)?
  var limitNotice: LimitNotice?
  /// Whether buckets have the most items under a small limit too, and however large the items.
  var hasLargestBuckets = false {
    didSet { if hasLargestBuckets { largestBucketCapacity = BucketPool.largestCapacity } }
  }
  /// Items in the largest bucket this zone uses.
  private(set) var largestBucketCapacity: Int
  /// Whether a bucket may cost a page; else the zone takes what buckets there are.
  var bucketsMayGrow = true
  var isDestroyed = false

  /// A bucket holds at most 512 KiB worth of items, so that a thread cannot park much.
  init(itemByteCount: Int) {
    largestBucketCapacity = Swift.min(
      BucketPool.largestCapacity, Swift.max(4, 512 << 10 / Swift.max(1, itemByteCount)))
  }

  func room(usesReserve: Bool) -> Int {
    limit == 0 ? .max : limit - itemCount - (usesReserve ? 0 : reserve)
  }

  /// Items to be freed until a lowered limit holds.
  var itemsAboveLimit: Int { limit == 0 ? 0 : Swift.max(0, itemCount - limit) }

  /// Whether free items may stay with the zone.
  var mayCache: Bool {
    plan == nil && waiters.isEmpty && (limit == 0 || itemCount <= limit - reserve)
  }

  /// Items per bucket: the most, or an eighth of a small limit so that threads can share it, unless
  /// the zone's flags ask for the most.
  var bucketCapacity: Int {
    if plan != nil { return 1 }
    return limit == 0 || hasLargestBuckets
      ? largestBucketCapacity : Swift.min(largestBucketCapacity, Swift.max(1, limit / 8))
  }

  /// An empty bucket of the capacity in force, or nil if there is none.
  mutating func takeEmptyBucket() -> Bucket? {
    let capacity = bucketCapacity
    while let bucket = empty.pop() {
      if bucket.capacity == capacity { return bucket }
      BucketPool.shared.give(bucket)
    }
    return BucketPool.shared.take(capacity: capacity, mayGrow: bucketsMayGrow)
  }

  mutating func keep(_ bucket: Bucket) {
    if bucket.count > 0 { full.push(bucket) } else { empty.push(bucket) }
  }

  /// Takes both buckets of a cache, whose owner is kept out.
  mutating func takeBuckets(of cache: Cache) { cache.takeBuckets { keep($0) } }

  /// Takes one item out of a full bucket.
  mutating func takeFull() -> Item? {
    guard let (item, emptied) = full.takeItem() else { return nil }
    if let emptied { empty.push(emptied) }
    return item
  }

  /// The closures that users gave the zone, which are to end without its lock.
  mutating func takeWhatUsersGave() -> (relief: (@Sendable () -> Void)?, LimitNotice?, FailurePlan?)
  {
    (relief.take(), limitNotice.take(), plan.take())
  }

  /// Whether others have slept for what comes free before this request came.
  func hasOthersAhead(of request: Request) -> Bool {
    guard let head = waiters.first, head !== request.waiter else { return false }
    return head.want.usesReserve || !request.usesReserve
  }

  /// Notes that items are back below.
  mutating func noteReturned(_ itemCount: Int) {
    self.itemCount -= itemCount
    returnCount += 1
  }

  /// Puts a waiter at its place in the queue.
  mutating func enqueue(_ waiter: ItemWaiter) {
    if waiter.isQueued { return }
    waiters.enqueue(waiter, ahead: waiter.want.usesReserve)
    sleeps += 1
  }

  /// Room for the first who waits; nil if nobody does.
  var roomForFirst: Int? { waiters.first.map { room(usesReserve: $0.want.usesReserve) } }

  /// Hands an item to the first who waits.
  mutating func grant(_ item: Item, _ wakes: inout WakeList) {
    allocations += 1
    waiters.grantFirst(item, &wakes)
  }
}
