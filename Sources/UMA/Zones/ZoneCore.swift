// SPDX-License-Identifier: BSD-2-Clause
//
// What a zone is behind its handle. The first line is read by every allocation and never changes
// while the zone lives; the depot is what the slow path works on.
//
// Invariants, at any point where no transfer is in flight (sums over all threads' caches):
//
//     allocations = depot.allocations + sum cache.allocations       (frees alike)
//     inUse       = allocations - frees
//     cached      = items in depot.full + sum cache.itemCount
//     itemCount   = inUse + cached                 items the zone has drawn from its keg
//     itemCount  <= limit, unless limit == 0 or the limit was lowered below it
//
// A core outlives its zone: a destroyed zone's core stays, marked, so that a stale handle traps
// instead of touching memory that has become something else.

import Synchronization

@usableFromInline
@safe
struct ZoneCore: ~Copyable {
  /// Where this zone's cache is in every thread's table; 0 names the slot that caches nothing.
  @usableFromInline let cacheOffset: Atomic<Int>
  @usableFromInline let construct: ItemHooks.Maker?
  @usableFromInline let destruct: ItemHooks.Unmaker?

  let name: String
  let isSecondary: Bool
  /// Set before the first item, never after.
  var hooks: ItemHooks
  /// Nil once the zone is destroyed.
  var store: ItemStore?
  /// What is known of the items, if they are watched; shared by the zones of a keg.
  let shadow: Shadow?
  let depot: Guarded<Depot>
  /// Walks over all zones that are with this one now; it may not end before they have left.
  let visits = Atomic<Int>(0)

  init(
    name: String, isSecondary: Bool, hooks: ItemHooks, store: ItemStore, shadow: Shadow? = nil
  ) {
    cacheOffset = Atomic(0)
    unsafe construct = hooks.construct
    if let shadow, let destructItem = unsafe hooks.destruct {
      // An item that is with nobody stays as it is, for the free that follows to report.
      unsafe destruct = { if unsafe shadow.isLive($0) { unsafe destructItem($0) } }
    } else {
      unsafe destruct = hooks.destruct
    }
    self.shadow = shadow
    self.name = name
    self.isSecondary = isSecondary
    self.hooks = hooks
    self.store = store
    let lockClass = store.flags.contains(.ownLockClass) ? LockClass(ofZone: name) : .zone
    depot = Guarded(Depot(itemByteCount: store.layout.itemByteCount), class: lockClass)
  }
}
