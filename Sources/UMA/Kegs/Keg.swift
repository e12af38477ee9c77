// SPDX-License-Identifier: BSD-2-Clause
//
// A keg holds the slabs of one kind of item. Zones draw items from it and give them back.
//
//     slabs: partial (some items free) | empty (all free) | full (none free)
//
//     freeItemCount == sum of freeCount over the slabs
//     itemsWithZones + freeItemCount == slabCount * itemsPerSlab
//     initializations - finalizations == slabCount * itemsPerSlab
//
// Partial slabs are drawn from first, so that empty ones stay empty and can be released. `init`
// runs on every item when a slab is made and is all or nothing; `fini` when it is released. Both
// run, like the page source, with the lock dropped.
//
// How the slab of an item is found is one thing, where its header stands another:
//
//     by page     the page source has a table of pages, in which every page of a slab is tagged
//     by hash     it has none and the header stands off the slab, or the flags ask for it
//     by header   it has none and the header stands in the slab: slabs are aligned to their length
//
// The first two tell exactly what is an item of the keg and what is not. The third reads the header
// that should be there. All three take the same time however many slabs there are.

import Synchronization

/// The slab cache behind one or more zones.
///
/// BSD: `struct uma_keg`, `keg_alloc_slab`, `keg_fetch_slab`, `slab_alloc_item` (sys/vm/uma_core.c).
final class Keg: Sendable {
  struct Slabs: ~Copyable {
    var partial = SlabList(.partial)
    var empty = SlabList(.empty)
    var full = SlabList(.full)
    var freeItemCount = 0
    /// Free items that only a caller who may use the reserve draws.
    var reserve = 0
    var hash: SlabHash?
    var zoneCount = 0
    /// How often slabs went back to the page source.
    var releaseCount = 0
    /// How often a slab got the last of its items back.
    var completionCount = 0
    var initializations = 0
    var finalizations = 0
    /// The same from the first slab to the last.
    var hooks = ItemHooks()

    var slabCount: Int { partial.count + empty.count + full.count }
  }

  let layout: SlabLayout
  let flags: ZoneFlags
  let pages: any PageSource
  let budget: MemoryBudget
  let slabs = Guarded(Slabs(), class: .keg)
  /// The table to tag pages in; nil if the source has none, or if the slabs are hashed.
  let mapping: (any PageMapping)?
  /// The same if it is an arena, whose table is read without a detour.
  let arena: PageArena?
  /// The pool of headers, if they stand off the slab.
  let headers: Keg?
  /// Not 0; in the header of every slab, to tell it from those of other kegs.
  let number: UInt32

  /// Where each slab is drawn from first: elsewhere in each keg, so that what many kegs hand out
  /// first does not crowd one set of the memory cache.
  let firstPlace: Int

  private static let lastNumber = Atomic<UInt32>(0)

  /// A number that no other keg has, unless four billion were made since.
  static func nextNumber() -> UInt32 {
    while true {
      let number = lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
      if number != 0 { return number }
    }
  }

  init(
    layout: SlabLayout, pages: any PageSource, hooks: ItemHooks, flags: ZoneFlags = [],
    budget: MemoryBudget = .process
  ) {
    self.layout = layout
    self.pages = pages
    self.budget = budget
    slabs.withLock { $0.hooks = hooks }
    let mapping = flags.contains(.hash) ? nil : pages as? any PageMapping
    precondition(
      mapping != nil || !flags.contains(.pageMap), "\(flags): the page source has no page table")
    self.mapping = mapping
    arena = mapping as? PageArena
    number = Self.nextNumber()
    firstPlace = Int(number) * 5 % layout.itemCount
    var flags = flags
    if layout.headerOffset == nil {
      flags.formUnion([.offPage, mapping == nil ? .hash : .pageMap])
      headers = SlabHeaders.pool(byteCount: layout.headerByteCount)
    } else {
      headers = nil
    }
    self.flags = flags
    if flags.contains(.hash) {
      slabs.withLock { $0.hash = SlabHash(slabByteCount: layout.byteCount) }
    }
  }

  deinit {
    // Only reached when every zone is destroyed, which demands that every item is back.
    _ = release(unlinkEmptySlabs(keepsReserve: false))
    slabs.withLock { $0.hash?.free() }
  }

  /// What runs on the items of a slab when it is made and when it is released.
  var hooks: ItemHooks { slabs.withLock { $0.hooks } }

  /// Changes the hooks, unless the keg has slabs; then it returns false.
  func changeHooks(_ change: (inout ItemHooks) -> Void) -> Bool {
    // What the hooks before hold ends with them, and not under the lock.
    var changed = hooks
    change(&changed)
    return slabs.withLock { slabs in
      guard slabs.slabCount == 0 else { return false }
      swap(&slabs.hooks, &changed)
      return true
    }
  }

  var releaseCount: Int { slabs.withLock { $0.releaseCount } }

  var completionCount: Int { slabs.withLock { $0.completionCount } }

  /// Whether the budget would let a slab be made.
  var hasBytesForSlab: Bool { budget.hasRoom(for: layout.costInBytes) }

  /// Draws items into `places`, making slabs as needed.
  ///
  /// - Parameters:
  ///   - places: as many as items are wanted, at least 1; filled from the front.
  ///   - mayGrow: whether the page source may be asked; otherwise only slabs that exist are drawn
  ///     from (M_NOVM).
  ///   - usesReserve: whether the keg's last `reserve` free items may be drawn too.
  /// - Returns: how many were drawn. Fewer than asked for if slabs had some but not enough, none if
  ///   the pages ran out.
  func takeItems(into places: ItemPlaces, mayGrow: Bool = true, usesReserve: Bool = false) -> Int {
    var taken = 0
    while true {
      taken += slabs.withLock { slabs in
        var drawn = 0
        let most = Swift.min(
          places.count - taken, slabs.freeItemCount - (usesReserve ? 0 : slabs.reserve))
        while drawn < most, let slab = slabs.slabWithRoom() {
          drawn += slab.takeItems(
            into: places.part(taken + drawn, most - drawn), layout, from: firstPlace)
          if slab.freeCount == 0 {
            slabs.partial.remove(slab)
            slabs.full.push(slab)
          }
        }
        slabs.freeItemCount -= drawn
        return drawn
      }
      // Growing for one item that nobody waits for is waste: stop at the first slab once the
      // caller has something.
      guard taken == 0, mayGrow, grow().isMade else { return taken }
    }
  }

  /// Draws one item, or nil if there is none.
  func takeItem(mayGrow: Bool = true) -> Item? {
    ItemPlaces.withOne { takeItems(into: $0, mayGrow: mayGrow) == 1 ? $0[0] : nil }
  }

  /// Takes back one item.
  ///
  /// - Precondition: the item is this keg's and is not free.
  func putItem(_ item: Item) {
    slabs.withLock { slabs in
      guard let slab = slabHolding(item, slabs) else {
        preconditionFailure("\(item) is no item of this keg")
      }
      slab.putItem(item, layout)
      slabs.freeItemCount += 1
      let isEmpty = slab.freeCount == layout.itemCount
      let wasFull = slab.list == .full
      if wasFull { slabs.full.remove(slab) } else if isEmpty { slabs.partial.remove(slab) }
      if isEmpty { slabs.empty.push(slab) } else if wasFull { slabs.partial.push(slab) }
      if isEmpty { slabs.completionCount += 1 }
    }
  }

  /// The reference counter of an item that is with a zone.
  ///
  /// BSD: `uma_find_refcnt`.
  func counter(of item: Item) -> Item {
    if layout.headerOffset != nil { return slabByHeader(holding: item).counter(of: item, layout) }
    guard let slab = slabHolding(item) else {
      preconditionFailure("\(item) is no item of this keg")
    }
    return slab.counter(of: item, layout)
  }

  /// Free items that only `takeItems(usesReserve:)` draws; others make the keg grow instead.
  ///
  /// BSD: `uma_zone_reserve`, `M_USE_RESERVE`.
  var reserve: Int {
    get { slabs.withLock { $0.reserve } }
    set {
      precondition(newValue >= 0, "a reserve of \(newValue) items")
      slabs.withLock { $0.reserve = newValue }
    }
  }

  /// Makes slabs until `itemCount` items are free on slabs, or no more can be made.
  ///
  /// - Returns: items made.
  ///
  /// BSD: `uma_prealloc`.
  func preallocate(_ itemCount: Int) -> Int {
    var made = 0
    while slabs.withLock({ $0.freeItemCount < itemCount }), grow().isMade {
      made += layout.itemCount
    }
    return made
  }

  /// Gives every slab that has all its items back to the page source, except those that the
  /// reserve needs.
  ///
  /// A keg with `noFree` gives none.
  /// - Returns: pages released.
  func releaseEmptySlabs() -> Int {
    if flags.contains(.noFree) { return 0 }
    return release(unlinkEmptySlabs(keepsReserve: true))
  }

  /// Whether `releaseEmptySlabs()` would give a slab back.
  var hasSlabToSpare: Bool {
    if flags.contains(.noFree) { return false }
    return slabs.withLock { slabs in
      slabs.empty.count > 0 && slabs.freeItemCount - slabs.reserve >= layout.itemCount
    }
  }

  private func release(_ emptySlabs: consuming SlabList) -> Int {
    var unlinked = emptySlabs
    let pageCount = unlinked.count * layout.pageCount
    while let slab = unlinked.first {
      unlinked.remove(slab)
      destroy(slab, initializedItemCount: layout.itemCount)
    }
    if pageCount > 0 {
      slabs.withLock { $0.releaseCount += 1 }
      // The headers just freed may have emptied slabs of their own.
      _ = headers?.releaseEmptySlabs()
    }
    return pageCount
  }

  private func unlinkEmptySlabs(keepsReserve: Bool) -> SlabList {
    slabs.withLock { slabs in
      let spared = slabs.freeItemCount - (keepsReserve ? slabs.reserve : 0)
      let most = spared / layout.itemCount
      var unlinked = SlabList(.empty)
      while unlinked.count < most, let slab = slabs.empty.first {
        slabs.empty.remove(slab)
        unlinked.push(slab)
      }
      let itemCount = unlinked.count * layout.itemCount
      slabs.freeItemCount -= itemCount
      slabs.finalizations += itemCount
      if let hash = slabs.hash { unlinked.forEach { hash.remove($0) } }
      return unlinked
    }
  }

  /// Traps if the keg's counts do not add up.
  func checkInvariants() {
    slabs.withLock { slabs in
      var free = 0
      let check = { [layout] (slab: Slab) in
        slab.checkInvariants(layout)
        free += slab.freeCount
      }
      slabs.partial.forEach(check)
      slabs.empty.forEach(check)
      slabs.full.forEach { slab in
        check(slab)
        precondition(slab.freeCount == 0, "a full slab has free items")
      }
      precondition(free == slabs.freeItemCount, "\(free) free, \(slabs.freeItemCount) counted")
      if let hash = slabs.hash {
        let (chained, _) = hash.counts()
        precondition(chained == slabs.slabCount, "\(chained) of \(slabs.slabCount) slabs hashed")
      }
      let made = slabs.initializations - slabs.finalizations
      precondition(made == slabs.slabCount * layout.itemCount, "\(made) items are initialized")
    }
  }
}

extension Keg.Slabs {
  /// A slab on the partial list: one with room already, else the first empty one.
  mutating func slabWithRoom() -> Slab? {
    if let slab = partial.first { return slab }
    guard let slab = empty.first else { return nil }
    empty.remove(slab)
    partial.push(slab)
    return slab
  }
}
