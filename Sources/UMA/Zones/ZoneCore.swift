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
// A core outlives its zone: it says that the zone has ended, by having no body, and a stale handle
// traps instead of touching memory that has become something else. The body ends with the zone.
//
//     all bits zero  <=>  the zone has ended, or is not made yet          (ZoneCores.swift)

import Synchronization

@usableFromInline
@safe
struct ZoneCore: ~Copyable {
  /// Where this zone's cache is in every thread's table; 0 names the slot that caches nothing.
  @usableFromInline let cacheOffset = Atomic<Int>(0)
  /// Set when the zone is made, and gone when it has ended.
  @usableFromInline private(set) var construct: ItemHooks.Maker?
  @usableFromInline private(set) var destruct: ItemHooks.Unmaker?
  private var body: UnsafeMutablePointer<ZoneBody>?
  /// Who is with this zone now, coming from a list of zones; it may not end before they have left.
  let visits = Atomic<Int>(0)
  /// On the list of zones; under the registry's lock.
  var isListed = false

  init(
    name: String, isSecondary: Bool, hooks: ItemHooks, store: ItemStore, shadow: Shadow? = nil
  ) {
    unsafe construct = hooks.construct
    if let shadow, let destructItem = unsafe hooks.destruct {
      // An item that is with nobody stays as it is, for the free that follows to report.
      unsafe destruct = { if unsafe shadow.isLive($0) { unsafe destructItem($0) } }
    } else {
      unsafe destruct = hooks.destruct
    }
    let lockClass = store.flags.contains(.ownLockClass) ? LockClass(ofZone: name) : .zone
    let depot = Guarded(Depot(itemByteCount: store.layout.itemByteCount), class: lockClass)
    let place = UnsafeMutablePointer<ZoneBody>.allocate(capacity: 1)
    unsafe place.initialize(
      to: ZoneBody(
        name: name, isSecondary: isSecondary, shadow: shadow, depot: depot, hooks: hooks,
        store: store))
    unsafe body = place
  }

  /// Lets go of the body, and of all that users gave.
  ///
  /// - Precondition: nobody is in the zone any more, or comes to it from a list.
  mutating func end() {
    unsafe (construct, destruct) = (nil, nil)
    let ended = unsafe live
    unsafe body = nil
    unsafe ended.deinitialize(count: 1)
    unsafe ended.deallocate()
  }

  private var live: UnsafeMutablePointer<ZoneBody> {
    guard let body = unsafe body else { preconditionFailure("a zone was used that was destroyed") }
    return unsafe body
  }

  /// Whether the zone has not ended.
  var isLive: Bool { unsafe body != nil }

  var name: String { unsafe live.pointee.name }
  var isSecondary: Bool { unsafe live.pointee.isSecondary }
  var shadow: Shadow? { unsafe live.pointee.shadow }
  var store: ItemStore { unsafe live.pointee.store }
  var depot: Guarded<Depot> { _read { yield unsafe live.pointee.depot } }

  /// Set before the first item, never after.
  var hooks: ItemHooks {
    get { unsafe live.pointee.hooks }
    nonmutating set { unsafe live.pointee.hooks = newValue }
  }

  /// Zones whose items hold items of this one; under the registry's lock.
  var holders: [Zone] {
    get { unsafe live.pointee.holders }
    nonmutating set { unsafe live.pointee.holders = newValue }
  }
}

/// What there is of a zone while it lives.
private struct ZoneBody: ~Copyable {
  let name: String
  let isSecondary: Bool
  /// What is known of the items, if they are watched; shared by the zones of a keg.
  let shadow: Shadow?
  let depot: Guarded<Depot>
  var hooks: ItemHooks
  let store: ItemStore
  var holders: [Zone] = []
}
