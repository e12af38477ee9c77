// SPDX-License-Identifier: BSD-2-Clause
//
// What a zone is behind its handle. The first line is read by every allocation and never changes
// while the zone lives; the depot is what the slow path works on. Only the handle follows the
// pointer, and hands out what cannot be held longer than the zone (Zone+Core.swift).
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
  private var place: UnsafeMutablePointer<ZoneBody>?

  init(_ body: consuming ZoneBody) {
    let hooks = body.hooks
    unsafe construct = hooks.construct
    if let shadow = body.shadow, let destructItem = unsafe hooks.destruct {
      // An item that is with nobody stays as it is, for the free that follows to report.
      unsafe destruct = { if unsafe shadow.isLive(Item($0)) { unsafe destructItem($0) } }
    } else {
      unsafe destruct = hooks.destruct
    }
    unsafe place = .allocate(capacity: 1)
    unsafe place?.initialize(to: body)
  }

  /// Lets go of the body, and of all that users gave.
  ///
  /// - Precondition: nobody is in the zone any more, or comes to it from a list.
  mutating func end() {
    unsafe (construct, destruct) = (nil, nil)
    let ended = unsafe live
    unsafe place = nil
    unsafe ended.deinitialize(count: 1)
    unsafe ended.deallocate()
  }

  private var live: UnsafeMutablePointer<ZoneBody> {
    guard let place = unsafe place else {
      preconditionFailure("a zone was used that was destroyed")
    }
    return unsafe place
  }

  /// Traps if the zone has ended.
  var body: ZoneBody { unsafeAddress { unsafe address } }

  /// Where the body is; traps if the zone has ended.
  var address: UnsafePointer<ZoneBody> { unsafe UnsafePointer(live) }

  /// Changes the hooks.
  ///
  /// - Precondition: no item was drawn yet, and nobody else is in the zone.
  func changeHooks(_ change: (inout ItemHooks) -> Void) { unsafe change(&live.pointee.hooks) }
}

/// What there is of a zone while it lives.
struct ZoneBody: ~Copyable {
  let name: String
  let isSecondary: Bool
  /// What is known of the items, if they are watched; shared by the zones of a keg.
  let shadow: Shadow?
  let store: ItemStore
  /// Set before the first item, never after.
  fileprivate(set) var hooks: ItemHooks
  let depot: Guarded<Depot>
  /// Who is with this zone now, coming from a list of zones; it may not end before they have left.
  let visits = Atomic<Int>(0)

  init(name: String, isSecondary: Bool, hooks: ItemHooks, store: ItemStore, shadow: Shadow?) {
    self.name = name
    self.isSecondary = isSecondary
    self.shadow = shadow
    self.store = store
    self.hooks = hooks
    let lockClass = store.flags.contains(.ownLockClass) ? LockClass(ofZone: name) : .zone
    depot = Guarded(Depot(itemByteCount: store.layout.itemByteCount), class: lockClass)
  }
}
