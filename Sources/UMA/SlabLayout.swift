// SPDX-License-Identifier: BSD-2-Clause
//
// A slab is a run of pages cut into equal items, and a header that says which of them are free.
//
//     in the slab    | item 0 | item 1 | ... | item n-1 | waste |  header, bitmap, counters |
//                    ^ a multiple of the slab's byte count        ^ headerOffset
//
//     off the slab   | item 0 | item 1 | ... | item n-1 | waste |      header on the heap
//
//     header         | 32 bytes: links, counts | 1 bit per item | to a line | 64 bytes per counter |
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
  public let hasReferenceCounters: Bool
  /// Where the header starts in the slab, in bytes; nil if it is kept off the slab.
  public let headerOffset: Int?

  static let lineByteCount = 64
  static let slabFieldsByteCount = 32

  /// Bytes of the whole slab.
  public var byteCount: Int { pageCount * PageArena.pageByteCount }

  /// 64-bit words of the free map.
  var bitmapWordCount: Int { (itemCount + 63) / 64 }

  /// Bytes from the header's start to the first reference counter.
  var counterOffset: Int {
    Self.headerByteCount(itemCount: itemCount, counted: false)
  }

  /// Bytes of header, free map and counters.
  public var headerByteCount: Int {
    Self.headerByteCount(itemCount: itemCount, counted: hasReferenceCounters)
  }

  /// The part of the slab's bytes, with its header wherever that is, that items fill: 0...1.
  public var efficiency: Double {
    let header = headerOffset == nil ? headerByteCount : 0
    return Double(itemCount * itemByteCount) / Double(byteCount + header)
  }

  /// Chooses the slab for items of a size.
  ///
  /// - Parameters:
  ///   - itemByteCount: bytes per item, 1...16 MiB.
  ///   - alignment: a power of two, at most one page.
  ///   - flags: of the zone; `referenceCounted` gives each item a counter in the header.
  /// - Precondition: the values are in range.
  public init(itemByteCount: Int, alignment: Int = 8, flags: ZoneFlags = []) {
    let hasReferenceCounters = flags.contains(.referenceCounted)
    precondition((1...16 << 20).contains(itemByteCount), "items of \(itemByteCount) bytes")
    precondition(
      alignment > 0 && alignment & (alignment - 1) == 0 && alignment <= PageArena.pageByteCount,
      "alignment of \(alignment) bytes")
    let stride = Self.roundUp(Swift.max(itemByteCount, 8), to: alignment)
    let inside = [1, 2, 4, 8, 16].compactMap {
      Self(itemByteCount, alignment, stride, hasReferenceCounters, headerInsideOf: $0)
    }
    if let enough = inside.first(where: { $0.efficiency >= 0.96 }) {
      self = enough
    } else if let best = inside.max(by: { $0.efficiency < $1.efficiency }), best.efficiency >= 0.9 {
      self = best
    } else {
      self.init(itemByteCount, alignment, stride, hasReferenceCounters)
    }
  }

  private init?(
    _ itemByteCount: Int, _ alignment: Int, _ stride: Int, _ counted: Bool,
    headerInsideOf pageCount: Int
  ) {
    let byteCount = pageCount * PageArena.pageByteCount
    var itemCount = byteCount / stride
    while itemCount > 0,
      itemCount * stride + Self.headerByteCount(itemCount: itemCount, counted: counted) > byteCount
    {
      itemCount -= 1
    }
    guard itemCount > 0 else { return nil }
    self.itemByteCount = itemByteCount
    self.alignment = alignment
    self.stride = stride
    self.itemCount = itemCount
    self.pageCount = pageCount
    hasReferenceCounters = counted
    headerOffset = byteCount - Self.headerByteCount(itemCount: itemCount, counted: counted)
  }

  private init(_ itemByteCount: Int, _ alignment: Int, _ stride: Int, _ counted: Bool) {
    let fewest = (stride + PageArena.pageByteCount - 1) / PageArena.pageByteCount
    let wasted = { (pages: Int) in
      Double(pages * PageArena.pageByteCount % stride) / Double(pages * PageArena.pageByteCount)
    }
    let pageCount = (fewest...fewest * 4).first { wasted($0) <= 0.1 } ?? fewest
    self.itemByteCount = itemByteCount
    self.alignment = alignment
    self.stride = stride
    self.pageCount = pageCount
    itemCount = pageCount * PageArena.pageByteCount / stride
    hasReferenceCounters = counted
    headerOffset = nil
  }

  /// The same slabs, with items that fill less of their stride.
  func holding(itemByteCount: Int) -> SlabLayout {
    var layout = self
    layout.itemByteCount = itemByteCount
    return layout
  }

  static func headerByteCount(itemCount: Int, counted: Bool) -> Int {
    let map = roundUp(slabFieldsByteCount + (itemCount + 63) / 64 * 8, to: lineByteCount)
    return counted ? map + itemCount * lineByteCount : map
  }

  static func roundUp(_ value: Int, to multiple: Int) -> Int {
    (value + multiple - 1) / multiple * multiple
  }
}
