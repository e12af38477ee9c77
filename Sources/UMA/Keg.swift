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
// The header of an item's slab is found by arithmetic when it stands in the slab, since slabs are
// aligned to their own length; else in a table by the slab's address.

/// The slab cache behind one or more zones.
///
/// BSD: `struct uma_keg`, `keg_alloc_slab`, `keg_fetch_slab`, `slab_alloc_item` (sys/vm/uma_core.c).
@safe
final class Keg: Sendable {
  struct Slabs: ~Copyable {
    var partial = SlabList(.partial)
    var empty = SlabList(.empty)
    var full = SlabList(.full)
    var freeItemCount = 0
    /// Free items that only a caller who may use the reserve draws.
    var reserve = 0
    var directory: [UInt: UInt] = [:]
    var zoneCount = 0
    /// How often slabs went back to the page source.
    var releaseCount = 0
    var initializations = 0
    var finalizations = 0

    var slabCount: Int { partial.count + empty.count + full.count }
  }

  let layout: SlabLayout
  let flags: ZoneFlags
  let pages: any PageSource
  let hooks: ItemHooks
  let slabs = Guarded(Slabs())

  init(layout: SlabLayout, pages: any PageSource, hooks: ItemHooks, flags: ZoneFlags = []) {
    self.layout = layout
    self.flags = flags
    self.pages = pages
    self.hooks = hooks
  }

  deinit {
    // Only reached when every zone is destroyed, which demands that every item is back.
    _ = release(unlinkEmptySlabs(keepsReserve: false))
  }

  var releaseCount: Int { slabs.withLock { $0.releaseCount } }

  /// Draws up to `count` items into `destination`, making slabs as needed.
  ///
  /// - Parameters:
  ///   - count: items wanted, at least 1.
  ///   - destination: room for `count` addresses.
  ///   - mayGrow: whether the page source may be asked; otherwise only slabs that exist are drawn
  ///     from (M_NOVM).
  ///   - usesReserve: whether the keg's last `reserve` free items may be drawn too.
  /// - Returns: how many were drawn. Fewer than asked for if slabs had some but not enough, none if
  ///   the pages ran out.
  func takeItems(
    _ count: Int, into destination: UnsafeMutablePointer<UnsafeMutableRawPointer>,
    mayGrow: Bool = true, usesReserve: Bool = false
  ) -> Int {
    var taken = 0
    while true {
      taken += slabs.withLock { slabs in
        var drawn = 0
        let most = Swift.min(
          count - taken, slabs.freeItemCount - (usesReserve ? 0 : slabs.reserve))
        while drawn < most, let slab = unsafe slabs.slabWithRoom() {
          let isFull = unsafe drawFrom(slab, &slabs, most, &drawn, destination + taken)
          if isFull {
            unsafe slabs.partial.remove(slab)
            unsafe slabs.full.push(slab)
          }
        }
        slabs.freeItemCount -= drawn
        return drawn
      }
      // Growing for one item that nobody waits for is waste: stop at the first slab once the
      // caller has something.
      guard taken == 0, mayGrow, grow() else { return taken }
    }
  }

  private func drawFrom(
    _ slab: SlabPointer, _ slabs: inout Slabs, _ most: Int, _ drawn: inout Int,
    _ destination: UnsafeMutablePointer<UnsafeMutableRawPointer>
  ) -> Bool {
    while drawn < most, unsafe slab.pointee.freeCount > 0 {
      unsafe destination[drawn] = slab.takeItem(layout)
      drawn += 1
    }
    return unsafe slab.pointee.freeCount == 0
  }

  /// Takes back one item.
  ///
  /// - Precondition: the item is this keg's and is not free.
  func putItem(_ item: UnsafeMutableRawPointer) {
    slabs.withLock { slabs in
      let slab = unsafe find(item, slabs)
      unsafe slab.putItem(item, layout)
      slabs.freeItemCount += 1
      let isEmpty = unsafe Int(slab.pointee.freeCount) == layout.itemCount
      let wasFull = unsafe slab.pointee.list == Slab.List.full.rawValue
      if wasFull {
        unsafe slabs.full.remove(slab)
      } else if isEmpty {
        unsafe slabs.partial.remove(slab)
      }
      if isEmpty {
        unsafe slabs.empty.push(slab)
      } else if wasFull {
        unsafe slabs.partial.push(slab)
      }
    }
  }

  /// The reference counter of an item that is with a zone.
  ///
  /// BSD: `uma_find_refcnt`.
  func counter(of item: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    if layout.headerOffset != nil {
      return unsafe header(inSlabOf: item).counter(of: item, layout)
    }
    return unsafe slabs.withLock { unsafe find(item, $0).counter(of: item, layout) }
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
    while slabs.withLock({ $0.freeItemCount < itemCount }), grow() { made += layout.itemCount }
    return made
  }

  /// Gives every slab that has all its items back to the page source, but for those that the
  /// reserve needs.
  ///
  /// A keg with `noFree` gives none.
  /// - Returns: pages released.
  func releaseEmptySlabs() -> Int {
    if flags.contains(.noFree) { return 0 }
    return release(unlinkEmptySlabs(keepsReserve: true))
  }

  private func release(_ emptySlabs: consuming SlabList) -> Int {
    var unlinked = emptySlabs
    let pageCount = unlinked.count * layout.pageCount
    while let slab = unsafe unlinked.first {
      unsafe unlinked.remove(slab)
      unsafe destroy(slab, initializedItemCount: layout.itemCount)
    }
    if pageCount > 0 { slabs.withLock { $0.releaseCount += 1 } }
    return pageCount
  }

  private func unlinkEmptySlabs(keepsReserve: Bool) -> SlabList {
    slabs.withLock { slabs in
      let spared = slabs.freeItemCount - (keepsReserve ? slabs.reserve : 0)
      let most = spared / layout.itemCount
      var unlinked = SlabList(.empty)
      while unlinked.count < most, let slab = unsafe slabs.empty.first {
        unsafe slabs.empty.remove(slab)
        unsafe unlinked.push(slab)
      }
      let itemCount = unlinked.count * layout.itemCount
      slabs.freeItemCount -= itemCount
      slabs.finalizations += itemCount
      if layout.headerOffset == nil {
        unsafe unlinked.forEach { unsafe slabs.directory[UInt(bitPattern: $0.pointee.items)] = nil }
      }
      return unlinked
    }
  }

  /// Stops if the keg's counts do not add up.
  func checkInvariants() {
    slabs.withLock { slabs in
      var free = 0
      let check = { [layout] (slab: SlabPointer) in
        unsafe slab.checkInvariants(layout)
        free += unsafe Int(slab.pointee.freeCount)
      }
      unsafe slabs.partial.forEach(check)
      unsafe slabs.empty.forEach(check)
      unsafe slabs.full.forEach { slab in
        unsafe check(slab)
        unsafe precondition(slab.pointee.freeCount == 0, "a full slab has free items")
      }
      precondition(free == slabs.freeItemCount, "\(free) free, \(slabs.freeItemCount) counted")
      let made = slabs.initializations - slabs.finalizations
      precondition(made == slabs.slabCount * layout.itemCount, "\(made) items are initialized")
    }
  }
}

// MARK: - Slabs

extension Keg {
  /// Makes one slab, empty.
  ///
  /// False if the pages ran out or an item's `init` failed, and then nothing is left behind.
  private func grow() -> Bool {
    let alignment = layout.headerOffset == nil ? PageArena.pageByteCount : layout.byteCount
    guard let items = unsafe pages.allocatePages(layout.pageCount, alignment: alignment) else {
      return false
    }
    unsafe precondition(
      UInt(bitPattern: items) % UInt(alignment) == 0, "pages at \(items), not at \(alignment) bytes"
    )
    let slab = unsafe placeHeader(items)
    unsafe slab.initializeHeader(items: items, layout: layout)
    if flags.contains(.zeroInitialize) {
      let byteCount = layout.itemCount * layout.stride
      unsafe items.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }
    if flags.contains(.noDump) { unsafe PageArena.setDumped(items, layout.byteCount, false) }
    if let initialize = unsafe hooks.initialize {
      for index in 0..<layout.itemCount where unsafe !initialize(items + index * layout.stride) {
        unsafe destroy(slab, initializedItemCount: index)
        return false
      }
    }
    slabs.withLock { slabs in
      unsafe slabs.empty.push(slab)
      slabs.freeItemCount += layout.itemCount
      slabs.initializations += layout.itemCount
      if layout.headerOffset == nil {
        slabs.directory[UInt(bitPattern: items)] = UInt(bitPattern: slab)
      }
    }
    return true
  }

  /// Undoes a slab that is on no list, running `fini` backwards over its first items.
  private func destroy(_ slab: SlabPointer, initializedItemCount: Int) {
    let items = unsafe slab.pointee.items
    if let finalize = unsafe hooks.finalize {
      for index in (0..<initializedItemCount).reversed() {
        unsafe finalize(items + index * layout.stride)
      }
    }
    if layout.headerOffset == nil { unsafe UnsafeMutableRawPointer(slab).deallocate() }
    if flags.contains(.noDump) { unsafe PageArena.setDumped(items, layout.byteCount, true) }
    unsafe pages.freePages(items, layout.pageCount)
  }

  private func placeHeader(_ items: UnsafeMutableRawPointer) -> SlabPointer {
    if let headerOffset = layout.headerOffset {
      return unsafe (items + headerOffset).assumingMemoryBound(to: Slab.self)
    }
    let header = UnsafeMutableRawPointer.allocate(
      byteCount: layout.headerByteCount, alignment: SlabLayout.lineByteCount)
    return unsafe header.assumingMemoryBound(to: Slab.self)
  }

  /// The header of a slab that was mapped at a multiple of its own length.
  private func header(inSlabOf item: UnsafeMutableRawPointer) -> SlabPointer {
    let start = UInt(bitPattern: item) & ~UInt(layout.byteCount - 1)
    let header = unsafe UnsafeMutableRawPointer(bitPattern: start + UInt(layout.headerOffset ?? 0))
    guard let header = unsafe header else { preconditionFailure("item 0 is no item") }
    return unsafe header.assumingMemoryBound(to: Slab.self)
  }

  private func find(_ item: UnsafeMutableRawPointer, _ slabs: borrowing Slabs) -> SlabPointer {
    if layout.headerOffset != nil { return unsafe header(inSlabOf: item) }
    // A slab may span pages: look back from the item's page to the page its slab starts on.
    let pageByteCount = UInt(PageArena.pageByteCount)
    var page = UInt(bitPattern: item) & ~(pageByteCount - 1)
    for _ in 0..<layout.pageCount {
      if let slab = slabs.directory[page], let pointer = unsafe SlabPointer(bitPattern: slab) {
        return unsafe pointer
      }
      page -= pageByteCount
    }
    unsafe preconditionFailure("\(item) is no item of this keg")
  }
}

extension Keg.Slabs {
  /// A slab on the partial list: one with room already, else the first empty one.
  mutating func slabWithRoom() -> SlabPointer? {
    if let slab = unsafe partial.first { return unsafe slab }
    guard let slab = unsafe empty.first else { return nil }
    unsafe empty.remove(slab)
    unsafe partial.push(slab)
    return unsafe slab
  }
}
