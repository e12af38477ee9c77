// SPDX-License-Identifier: BSD-2-Clause

/// Where a cache-only zone gets its items and where they go back to.
///
/// A zone over an item source caches anything with an address: it has limits, hooks, waiters and
/// per-thread buckets, but no keg and no slabs. Both methods are called with no lock held, from
/// any thread.
///
/// BSD: `uma_import`, `uma_release` of `uma_zcache_create` (sys/vm/uma.h).
public protocol ItemSource: AnyObject, Sendable {
  /// Writes up to `items.count` addresses to the front of `items`.
  ///
  /// - Parameters:
  ///   - items: room for addresses; those in front are filled.
  ///   - mayGrow: false if only what is at hand may be given.
  /// - Returns: how many were written; 0 if there is nothing.
  func importItems(into items: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>, mayGrow: Bool)
    -> Int
  /// Takes an item back.
  func releaseItem(_ item: UnsafeMutableRawPointer)
}

/// What is below a zone: a keg, or a source of the user's own.
enum ItemStore {
  case keg(Keg)
  case source(any ItemSource, SlabLayout)

  var keg: Keg? {
    guard case .keg(let keg) = self else { return nil }
    return keg
  }

  var flags: ZoneFlags { keg?.flags ?? [] }

  /// Whether both draw the same items.
  func isSame(as other: ItemStore) -> Bool {
    switch (self, other) {
    case (.keg(let a), .keg(let b)): a === b
    case (.source(let a, _), .source(let b, _)): a === b
    default: false
    }
  }

  /// Whether there is a slab that could go back to the page source.
  var hasSlabToSpare: Bool { keg?.hasSlabToSpare ?? false }

  var layout: SlabLayout {
    switch self {
    case .keg(let keg): keg.layout
    case .source(_, let layout): layout
    }
  }

  func takeItems(
    into places: ItemPlaces, mayGrow: Bool, usesReserve: Bool
  ) -> Int {
    switch self {
    case .keg(let keg):
      return keg.takeItems(into: places, mayGrow: mayGrow, usesReserve: usesReserve)
    case .source(let source, _):
      let taken = unsafe source.importItems(into: places.buffer, mayGrow: mayGrow)
      precondition((0...places.count).contains(taken), "\(taken) items imported of \(places.count)")
      return taken
    }
  }

  func putItem(_ item: Item) {
    switch self {
    case .keg(let keg): keg.putItem(item)
    case .source(let source, _): unsafe source.releaseItem(item.address)
    }
  }

  /// Items that a caller could take without asking for pages.
  func freeItemCount(usesReserve: Bool) -> Int {
    guard case .keg(let keg) = self else { return 0 }
    return keg.slabs.withLock { slabs in
      Swift.max(0, slabs.freeItemCount - (usesReserve ? 0 : slabs.reserve))
    }
  }

  func releaseEmptySlabs() -> Int {
    guard case .keg(let keg) = self else { return 0 }
    return keg.releaseEmptySlabs()
  }
}
