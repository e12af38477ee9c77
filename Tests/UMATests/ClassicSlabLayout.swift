// SPDX-License-Identifier: BSD-2-Clause
//
// The slab geometry of the allocator as it was in 2006, as pure arithmetic. SlabLayout is what
// kegs use; this one is what the tests compare it with, and says what a zone looked like there.
//
//     in page     | item 0 | item 1 | ... | item n-1 | waste | header | entry 0 | ... | entry n-1 |
//                                                            ^ headerOffset
//
// Let S be the page, E the entry of one item, B the header with one entry, W the waste that is
// tolerated.
//
//     large       byteCount + E > S - B            one item, as many pages as it takes, off page
//     small       itemCount = (S - B) / (realByteCount + E)
//     off page    if W or more would be wasted, and there is room for an item more without header
//
// Three things in it are traps, and are reproduced. The large test looks at the size before
// alignment, so that 4,000 bytes aligned to 256 count as small and yield no item at all (`isRefused`)
// before they end up off page. A header forced off the page gets no more items than would fit
// beside it. And it gets no hash, hence no way for its slab to be found.

@testable import UMA

/// The slab of one kind of item by the rules of 2006.
///
/// BSD: `zone_small_init`, `zone_large_init`, `zone_ctor` (sys/vm/uma_core.c, 7-current).
struct ClassicSlabLayout: Equatable, Sendable {
  /// The sizes that the arithmetic starts from, in bytes.
  struct Constants: Equatable, Sendable {
    /// A page.
    var pageByteCount = 4_096
    /// The header without entries.
    var headerByteCount = 48
    /// An item's entry in the header.
    var entryByteCount = 8
    /// An item's entry with a reference counter.
    var countedEntryByteCount = 8
    /// The smallest item.
    var smallestByteCount = 16
    /// The waste that is tolerated is a page divided by this.
    var wasteDivisor = 10

    /// Those of a system with 64-bit pointers.
    init() {}
  }

  /// Whether the item was thought too large to share a page with its header.
  let isLarge: Bool
  /// Bytes from one item to the next.
  let realByteCount: Int
  /// Items in a slab.
  let itemCount: Int
  /// Pages in a slab.
  let pageCount: Int
  /// Where the header starts in the page; nil if it is off the page.
  let headerOffset: Int?
  /// Whether slabs are found by hash.
  let isHashed: Bool
  /// Whether a debug build would stop at these numbers.
  let isRefused: Bool

  /// Whether the header is off the page.
  var isOffPage: Bool { headerOffset == nil }

  /// Works the slab out.
  ///
  /// - Parameters:
  ///   - itemByteCount: bytes asked for, at least 1.
  ///   - alignmentMask: the alignment less one; the alignment is a power of two.
  ///   - flags: `offPage`, `malloc`, `referenceCounted`, `internalZone` and `bucketCacheOnly` matter.
  ///   - constants: what to start from.
  /// - Precondition: the values are in range.
  init(
    itemByteCount: Int, alignmentMask: Int, flags: ZoneFlags = [], constants: Constants = .init()
  ) {
    precondition(itemByteCount > 0, "items of \(itemByteCount) bytes")
    precondition(
      alignmentMask >= 0 && alignmentMask & (alignmentMask + 1) == 0, "mask \(alignmentMask)")
    let page = constants.pageByteCount
    let entry =
      flags.contains(.referenceCounted)
      ? constants.countedEntryByteCount : constants.entryByteCount
    let base = constants.headerByteCount + entry
    isLarge = itemByteCount + entry > page - base
    if isLarge {
      realByteCount = itemByteCount
      itemCount = 1
      pageCount = (itemByteCount + page - 1) / page
      headerOffset = nil
      isHashed = !flags.contains(.malloc)
      isRefused = flags.contains(.bucketCacheOnly)
      return
    }
    let least = Swift.max(itemByteCount, constants.smallestByteCount)
    realByteCount = (least + alignmentMask) & ~alignmentMask
    pageCount = 1
    let beside = (page - base) / (realByteCount + entry)
    let alone = page / realByteCount
    let waste = page - (beside * (realByteCount + entry) + base)
    let buysMore =
      waste >= page / constants.wasteDivisor && beside < alone
      && flags.isDisjoint(with: [.internalZone, .bucketCacheOnly])
    itemCount = buysMore ? alone : beside
    isHashed = buysMore && !flags.contains(.malloc)
    isRefused = beside == 0
    if buysMore || flags.contains(.offPage) {
      headerOffset = nil
    } else {
      let total = base + itemCount * entry
      headerOffset = page - (total + 7) / 8 * 8
    }
  }
}
