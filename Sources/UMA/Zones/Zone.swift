// SPDX-License-Identifier: BSD-2-Clause
//
//     thread --> ZoneCache (loaded bucket, spare)     no lock, no atomic read-modify-write
//                  |  empty / full
//                Zone   (full buckets, limit, counters, hooks)
//                  |  no full bucket
//                Keg    (slabs: partial, empty, full; one per item layout; several zones share it)
//                  |  no slab with room
//                PageSource
//
// An item is in one of five states: in no zone (on a slab), in the depot's buckets, in a thread's
// cache, with the caller, or on its way between keg and depot while a fill is in flight.

import CUMA
import Synchronization

/// An allocator of equal items, with a cache in every thread.
///
/// A zone is one pointer and is copied freely; what it points at lives until `destroy()`, and a
/// handle used after that traps. Items are raw memory: whoever builds on a zone gives them a type
/// and an owner.
///
/// BSD: `uma_zone_t` (sys/vm/uma.h).
@frozen
@safe
public struct Zone: Equatable, @unchecked Sendable {
  @usableFromInline let core: UnsafeMutablePointer<ZoneCore>

  /// Makes a zone with a keg of its own.
  ///
  /// - Parameters:
  ///   - name: for reports; not necessarily unique.
  ///   - itemByteCount: bytes per item, 1...16 MiB.
  ///   - alignment: of every item in bytes, a power of two up to a page.
  ///   - flags: how its slabs, its items and its caches are kept.
  ///   - hooks: what runs when an item changes hands.
  ///   - pages: where slabs come from; an arena of its own by default.
  ///   - budget: what its slabs are charged to.
  ///   - debugging: what to watch its items for; what the environment says by default.
  ///
  /// - Precondition: no flag contradicts another.
  ///
  /// BSD: `uma_zcreate`.
  public init(
    name: String, itemByteCount: Int, alignment: Int = 8, flags: ZoneFlags = [],
    hooks: ItemHooks = ItemHooks(), pages: any PageSource = PageArena(),
    budget: MemoryBudget = .process, debugging: ZoneDebugging? = nil
  ) {
    precondition(
      !flags.contains(.zeroInitialize) || !hooks.initializes,
      "zone \(name): zeroInitialize takes the place of initialize")
    var flags = flags.completed()
    if !(pages is PageArena) { flags.insert(.privatePages) }
    var shadow: Shadow?
    let options = debugging ?? .ofEnvironment(forZone: name)
    if !options.isEmpty {
      let frame = ItemFrame(
        itemByteCount: itemByteCount, alignment: alignment, flags: flags, options: options)
      shadow = Shadow(zoneName: name, frame: frame, hooks: hooks, flags: flags)
    }
    let layout =
      shadow?.frame.places
      ?? SlabLayout(itemByteCount: itemByteCount, alignment: alignment, flags: flags)
    let keg = Keg(
      layout: layout, pages: pages, hooks: shadow?.kegHooks ?? hooks, flags: flags,
      budget: budget)
    self.init(name, .keg(keg), hooks, isSecondary: false, shadow)
  }

  /// Makes a cache-only zone: items come from `source` and go back to it, and no keg stands below.
  ///
  /// - Parameters:
  ///   - name: for reports.
  ///   - itemByteCount: bytes per item, for reports and for zeroing.
  ///   - source: where items come from.
  ///   - hooks: what runs when an item changes hands; `initialize` and `finalize` must be nil.
  ///   - debugging: what to watch its items for. They are the source's, so nothing is written into
  ///     them or around them; every address that it ever gave is remembered.
  ///
  /// BSD: `uma_zcache_create`.
  public init(
    name: String, itemByteCount: Int, source: any ItemSource,
    hooks: ItemHooks = ItemHooks(), debugging: ZoneDebugging? = nil
  ) {
    precondition(
      !hooks.initializes && !hooks.finalizes,
      "zone \(name): a cache-only zone has no keg to initialize items")
    var shadow: Shadow?
    let options = debugging ?? .ofEnvironment(forZone: name)
    if !options.isEmpty {
      let frame = ItemFrame(
        itemByteCount: itemByteCount, alignment: 1, flags: .noTouch, options: options)
      shadow = Shadow(zoneName: name, frame: frame, hooks: hooks, flags: [], hasKeg: false)
    }
    let layout = SlabLayout(itemByteCount: itemByteCount)
    self.init(name, .source(source, layout), hooks, isSecondary: false, shadow)
  }

  /// Makes a zone on the keg of another: the same items, with hooks, caches and counters of its own.
  ///
  /// - Parameters:
  ///   - name: for reports.
  ///   - master: the zone whose keg is shared, and watched or not; destroy the new zone before it.
  ///   - hooks: `initialize` and `finalize` are the keg's and must not be given here.
  ///
  /// BSD: `uma_zsecond_create`, which takes the master and no size, alignment or flags.
  public init(name: String, sharing master: Zone, hooks: ItemHooks) {
    precondition(
      !hooks.initializes && !hooks.finalizes,
      "zone \(name): initialize and finalize belong to the keg of \(master.name)")
    self.init(name, .keg(master.keg), hooks, isSecondary: true, master.shadow)
  }

  private init(
    _ name: String, _ store: ItemStore, _ hooks: ItemHooks, isSecondary: Bool, _ shadow: Shadow?
  ) {
    unsafe core = ZoneCores.make(
      ZoneBody(name: name, isSecondary: isSecondary, hooks: hooks, store: store, shadow: shadow))
    store.keg?.slabs.withLock { $0.zoneCount += 1 }
    let flags = store.flags
    withDepot { depot in
      depot.hasLargestBuckets = flags.contains(.largestBuckets)
      depot.bucketsMayGrow = flags.isDisjoint(with: .cacheOnly)
    }
    Registry.shared.withLock { registry in
      registry.list(self)
      // Without a slot the zone works uncached.
      guard shadow == nil, flags.isDisjoint(with: [.noBucket, .internalZone]),
        let slot = registry.takeSlot(for: self)
      else { return }
      cacheOffset = slot * ZoneCache.strideByteCount
    }
  }

  /// Whether both handles name the same zone.
  @inlinable
  public static func == (a: Zone, b: Zone) -> Bool { unsafe a.core == b.core }

  // MARK: Hot path

  /// Allocates an item and runs `construct` on it.
  ///
  /// Unless zeroed, the item's bytes are what its last user or the hooks left.
  ///
  /// - Parameters:
  ///   - wait: what to do when there is none at hand.
  ///   - zeroed: fill the item with zeroes before `construct`, whose work stays.
  ///   - usesReserve: whether the caller has a claim on the reserve.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `ZoneError`; nothing was allocated.
  /// - Precondition: a zeroed item is not asked of a zone that prepares items by `initialize` or
  ///   `importItem`, whose work zeroes would wipe out.
  ///
  /// BSD: `uma_zalloc`; `zeroed` is `M_ZERO`, which runs after the constructor there.
  @inlinable
  public func allocate(
    _ wait: Wait = .noWait, zeroed: Bool = false, usesReserve: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(ZoneError) -> UnsafeMutableRawPointer {
    let item = unsafe try allocateItem(wait, usesReserve: usesReserve, file: file, line: line)
    unsafe try make(Item(item), zeroed: zeroed)
    return unsafe item
  }

  /// Zeroes an item if that was asked for, and runs `construct` on it.
  @inlinable @inline(__always)
  func make(_ item: Item, zeroed: Bool) throws(ZoneError) {
    if zeroed { zero(item) }
    if unsafe core.pointee.construct != nil { try finish(item) }
  }

  /// Runs `destruct` on an item.
  @inlinable @inline(__always)
  func unmake(_ item: Item) {
    if let destruct = unsafe core.pointee.destruct { unsafe destruct(item.address) }
  }

  /// Runs `destruct` on an item and frees it.
  ///
  /// Never fails.
  /// - Precondition: `item` came from `allocate()` of this zone and was not freed since.
  ///
  /// BSD: `uma_zfree`.
  @inlinable
  public func free(
    _ item: UnsafeMutableRawPointer, file: StaticString = #fileID, line: UInt = #line
  ) {
    unsafe unmake(Item(item))
    unsafe freeItem(item, file: file, line: line)
  }

  /// Allocates an item without `construct`, for callers whose constructor is code of their own.
  ///
  /// - Throws: `ZoneError`; nothing was allocated.
  @inlinable @inline(__always)
  public func allocateItem(
    _ wait: Wait = .noWait, usesReserve: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(ZoneError) -> UnsafeMutableRawPointer {
    var wait = wait
    if case .wait = wait, Witness.checkWaitingAllocation(zoneName: name, file: file, line: line) {
      wait = .noWait
    }
    if let item = ownCache?.take() { return unsafe item.address }
    return unsafe try allocateSlow(wait, usesReserve, file, line).address
  }

  /// Frees an item without `destruct`.
  ///
  /// - Precondition: `item` is allocated from this zone.
  @inlinable @inline(__always)
  public func freeItem(
    _ item: UnsafeMutableRawPointer, file: StaticString = #fileID, line: UInt = #line
  ) {
    let item = unsafe Item(item)
    if ownCache?.give(item) == true { return }
    freeSlow(item, file, line)
  }

  /// This zone's cache in the calling thread's table; that of slot 0, where nothing is ever loaded, if
  /// the zone has none.
  @inlinable @inline(__always)
  var ownCache: Cache? {
    guard let table = unsafe mbuma_table() else { return nil }
    return unsafe Cache(table, core.pointee.cacheOffset.load(ordering: .relaxed))
  }

  // MARK: Inspecting

  /// The name given at creation.
  public var name: String { body.name }

  /// Bytes, alignment and slab geometry of the items.
  public var layout: SlabLayout { shadow?.layout ?? store.layout }

  /// The reference counter of an item: a 32-bit word, zero at first, alone on its cache line.
  ///
  /// The counter stays at its address as long as the item is with the zone or its user.
  /// - Precondition: the zone was made with counters.
  ///
  /// BSD: `uma_find_refcnt`.
  public func referenceCounter(of item: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    let item = unsafe Item(item)
    return unsafe keg.counter(of: shadow?.place(of: item) ?? item).address
  }

  /// The flags given when the zone and its keg were made, and those that the zone set itself.
  public var flags: ZoneFlags { withDepot { flags($0) } }

  func flags(_ depot: borrowing Depot) -> ZoneFlags {
    var flags = store.flags
    if body.isSecondary { flags.insert(.secondary) }
    if depot.limit > 0 && depot.itemCount >= depot.limit { flags.insert(.full) }
    return flags
  }
}
