// SPDX-License-Identifier: BSD-2-Clause
//
// A slab is a run of pages cut into equal items, and a header that says which of them are free.
//
//     in the slab    | item 0 | item 1 | ... | item n-1 | waste |  header, bitmap, counters |
//                    ^ a multiple of the slab's byte count        ^ headerOffset
//
//     off the slab   | item 0 | item 1 | ... | item n-1 | waste |      header in a pool
//
//     header         | 32 bytes: links, counts | hash link | 1 bit per item | 2 bytes per tag |
//                                                        | to a line | 64 bytes per counter |
//
// The hash link, 8 bytes, is there if the slab may be found by hash: if its header stands off the
// slab, or if the flags say so. The tags are there if the keg serves a general allocator, which
// keeps an item's type in its tag.
//
// Pure arithmetic, no memory: given an item's size it chooses pages, stride and place of the
// header. Equations:
//
//     itemCount * stride + headerByteCount + waste == byteCount     (header in the slab)
//     itemCount * stride + waste == byteCount                       (header off the slab)
//     stride >= itemByteCount, stride % alignment == 0
//
// Policy: the fewest pages, a power of two up to 16, that give 96 % of their bytes to items with
// the header inside; failing that the most efficient of these if it reaches 90 %; failing that a
// header off the slab. A reference counter has a cache line of its own, so that two hot packets
// never fight over one.
//
// Flags: `offPage` and `noTouch` put the header off the slab. The allocator's own zones and those
// with `bucketCacheOnly` keep it inside, whatever that wastes. `cacheSpread` makes the stride an odd
// number of cache lines (of alignments, if that is more), so that items start at different lines of
// their page and no line comes again before all have come; slabs then have as many items as a page
// has lines, as far as 16 pages reach.

/// The geometry of the slabs of one keg.
///
/// BSD: `keg_layout` (sys/vm/uma_core.c), with the later releases' efficiency rule.
public struct SlabLayout: Equatable, Sendable {
  /// Bytes asked for per item.
  public private(set) var itemByteCount: Int
  /// Alignment of every item in bytes, a power of two.
  public let alignment: Int
  /// Bytes from one item to the next.
  public let stride: Int
  /// Items in one slab.
  public let itemCount: Int
  /// Pages of one slab.
  public let pageCount: Int
  /// Whether each item has a reference counter in the header.
  let hasReferenceCounters: Bool
  /// Where the header starts in the slab, in bytes; nil if it is kept off the slab.
  let headerOffset: Int?
  /// Whether the header has room to chain the slab in a hash table.
  let hasHashLink: Bool
  /// Whether each item has a tag in the header.
  let hasTags: Bool

  static let lineByteCount = 64
  static let slabFieldsByteCount = 32

  /// Bytes of the whole slab.
  public var byteCount: Int { pageCount * PageArena.pageByteCount }

  /// 64-bit words of the free map.
  var bitmapWordCount: Int { (itemCount + 63) / 64 }

  /// Bytes from the header's start to the first reference counter.
  var counterOffset: Int {
    Self.headerByteCount(
      itemCount: itemCount, counted: false, linked: hasHashLink, tagged: hasTags)
  }

  /// Bytes from the header's start to the free map.
  var mapOffset: Int { Self.slabFieldsByteCount + (hasHashLink ? 8 : 0) }

  /// Bytes from the header's start to the first tag.
  var tagOffset: Int { mapOffset + bitmapWordCount * 8 }

  /// Bytes of header, free map and counters.
  var headerByteCount: Int {
    Self.headerByteCount(
      itemCount: itemCount, counted: hasReferenceCounters, linked: hasHashLink, tagged: hasTags)
  }

  /// Bytes that one slab takes, with its header wherever that is.
  var costInBytes: Int { byteCount + (headerOffset == nil ? headerByteCount : 0) }

  /// The part of the slab's bytes, with its header wherever that is, that items fill: 0...1.
  var efficiency: Double {
    let header = headerOffset == nil ? headerByteCount : 0
    return Double(itemCount * itemByteCount) / Double(byteCount + header)
  }

  /// Chooses the slab for items of a size.
  ///
  /// - Parameters:
  ///   - itemByteCount: bytes per item, 1...16 MiB.
  ///   - alignment: a power of two, at most one page.
  ///   - flags: of the zone; `referenceCounted` gives each item a counter in the header, others say
  ///     where the header stands and how items lie to each other.
  /// - Precondition: the values are in range; with `bucketCacheOnly`, item and header fit in a page.
  init(itemByteCount: Int, alignment: Int = 8, flags: ZoneFlags = []) {
    precondition((1...16 << 20).contains(itemByteCount), "items of \(itemByteCount) bytes")
    precondition(
      alignment > 0 && alignment & (alignment - 1) == 0 && alignment <= PageArena.pageByteCount,
      "alignment of \(alignment) bytes")
    let item = Item(itemByteCount, alignment, flags)
    let inside =
      flags.keepsHeaderOutside
      ? [] : [1, 2, 4, 8, 16].compactMap { Self(item, headerInsideOf: $0) }
    let best = inside.max { $0.efficiency < $1.efficiency }
    if flags.contains(.bucketCacheOnly) {
      precondition(
        inside.first?.pageCount == 1, "bucketCacheOnly: items of \(itemByteCount) bytes are large")
    }
    if let unit = item.spread, let largest = inside.last {
      self = inside.first { $0.itemCount * unit >= PageArena.pageByteCount } ?? largest
    } else if let enough = inside.first(where: { $0.efficiency >= 0.96 }) {
      self = enough
    } else if let best, best.efficiency >= 0.9 || flags.keepsHeaderInside {
      self = best
    } else {
      precondition(
        !flags.keepsHeaderInside, "\(flags): items of \(itemByteCount) bytes leave no header room")
      self.init(item)
    }
  }

  /// What is known of the items before there is a slab.
  private struct Item {
    let byteCount: Int
    let alignment: Int
    let stride: Int
    let isCounted: Bool
    let isHashed: Bool
    let isTagged: Bool
    /// The distance that starts of items are spread by; nil if they lie as close as they can.
    let spread: Int?

    init(_ byteCount: Int, _ alignment: Int, _ flags: ZoneFlags) {
      self.byteCount = byteCount
      self.alignment = alignment
      isCounted = flags.contains(.referenceCounted)
      isHashed = flags.contains(.hash)
      isTagged = flags.contains(.malloc)
      spread =
        flags.contains(.cacheSpread) ? Swift.max(alignment, SlabLayout.lineByteCount) : nil
      let unit = spread ?? alignment
      let least = SlabLayout.roundUp(Swift.max(byteCount, 8), to: unit)
      stride = spread != nil && least / unit % 2 == 0 ? least + unit : least
    }
  }

  private init?(_ item: Item, headerInsideOf pageCount: Int) {
    let byteCount = pageCount * PageArena.pageByteCount
    let header = { (itemCount: Int) in
      Self.headerByteCount(
        itemCount: itemCount, counted: item.isCounted, linked: item.isHashed,
        tagged: item.isTagged)
    }
    var itemCount = byteCount / item.stride
    while itemCount > 0, itemCount * item.stride + header(itemCount) > byteCount { itemCount -= 1 }
    guard itemCount > 0 else { return nil }
    self.init(
      item, itemCount, pageCount, headerOffset: byteCount - header(itemCount),
      hasHashLink: item.isHashed)
  }

  /// The layout with the header off the slab: the fewest pages that waste a tenth at most, or, if
  /// items are spread, those that one item for each line of a page fills, up to 16.
  private init(_ item: Item) {
    let page = PageArena.pageByteCount
    let fewest = (item.stride + page - 1) / page
    let wasted = { (pages: Int) in Double(pages * page % item.stride) / Double(pages * page) }
    let pageCount =
      if let unit = item.spread {
        Swift.max(fewest, Swift.min(item.stride / unit, 16))
      } else {
        (fewest...fewest * 4).first { wasted($0) <= 0.1 } ?? fewest
      }
    self.init(
      item, pageCount * page / item.stride, pageCount, headerOffset: nil, hasHashLink: true)
  }

  private init(
    _ item: Item, _ itemCount: Int, _ pageCount: Int, headerOffset: Int?, hasHashLink: Bool
  ) {
    itemByteCount = item.byteCount
    alignment = item.alignment
    stride = item.stride
    hasReferenceCounters = item.isCounted
    self.itemCount = itemCount
    self.pageCount = pageCount
    self.headerOffset = headerOffset
    self.hasHashLink = hasHashLink
    hasTags = item.isTagged
  }

  /// The same slabs, with items that fill less of their stride.
  func holding(itemByteCount: Int) -> SlabLayout {
    var layout = self
    layout.itemByteCount = itemByteCount
    return layout
  }

  static func headerByteCount(
    itemCount: Int, counted: Bool, linked: Bool = false, tagged: Bool = false
  ) -> Int {
    let fields = slabFieldsByteCount + (linked ? 8 : 0)
    let map = fields + (itemCount + 63) / 64 * 8
    let lines = roundUp(map + (tagged ? itemCount * 2 : 0), to: lineByteCount)
    return counted ? lines + itemCount * lineByteCount : lines
  }

  static func roundUp(_ value: Int, to multiple: Int) -> Int {
    (value + multiple - 1) / multiple * multiple
  }
}
