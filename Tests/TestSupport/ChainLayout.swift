// SPDX-License-Identifier: BSD-2-Clause

/// How one segment of a chain is to lie in memory.
public struct SegmentLayout: Equatable, Sendable, CustomStringConvertible {
  /// What holds the bytes.
  public enum Storage: Int, CaseIterable, Sendable {
    /// The mbuf itself.
    case inner
    /// A cluster of the packet zone, not shared.
    case cluster
    /// A cluster that another live packet sees too.
    case sharedCluster
    /// Lent memory that may be written.
    case lent
    /// Lent memory that must not be written.
    case readOnlyLent
    /// Lent memory that another live packet sees too.
    case sharedLent
  }

  /// Where the bytes stand in their storage.
  public enum Place: Int, CaseIterable, Sendable {
    /// At its first byte: no headroom.
    case start
    /// A few bytes in: room on both sides.
    case middle
    /// At its end: no tailroom.
    case end
  }

  /// Bytes of data in it, possibly none.
  public var byteCount: Int
  /// What holds them.
  public var storage: Storage
  /// Where they stand in it.
  public var place: Place

  /// A segment of `byteCount` bytes.
  public init(_ byteCount: Int, _ storage: Storage, _ place: Place) {
    self.byteCount = byteCount
    self.storage = storage
    self.place = place
  }

  /// Bytes, storage and place, as a box of a chain.
  public var description: String { "[\(byteCount) \(storage) \(place)]" }
}

/// How the segments of a packet are to lie in memory.
public struct ChainLayout: Equatable, Sendable, CustomStringConvertible {
  /// The segments in order, at least one.
  public var segments: [SegmentLayout]

  /// A chain of `segments`.
  public init(_ segments: [SegmentLayout]) { self.segments = segments }

  /// Bytes of all segments.
  public var byteCount: Int { segments.reduce(0) { $0 + $1.byteCount } }

  /// The boxes, linked.
  public var description: String { segments.map(\.description).joined(separator: "->") }
}

extension ChainLayout {
  /// Calls `body` with every small layout of `byteCount` bytes.
  ///
  /// Every split into one to `most` segments is tried, empty ones at any place included, with
  ///
  ///     1, 2 segments    every storage of each; every place of each, if `everyPlace`
  ///     3 segments       every storage of each; places shuffled
  ///     4 segments       every storage of the first two, repeated; places shuffled
  public static func forEach(
    of byteCount: Int, upTo most: Int = 4, everyPlace: Bool = true,
    _ body: (ChainLayout) throws -> Void
  ) rethrows {
    var turn = 0
    for segmentCount in 1...most {
      let tryPlaces = everyPlace && segmentCount <= 2
      let choices = 6 * (tryPlaces ? 3 : 1)
      let digits = Swift.min(segmentCount, segmentCount == 4 ? 2 : 3)
      let total = (0..<digits).reduce(1) { product, _ in product * choices }
      for split in splits(of: byteCount, into: segmentCount) {
        for number in 0..<total {
          turn += 1
          var rest = number
          var choice: [Int] = []
          for _ in 0..<digits {
            choice.append(rest % choices)
            rest /= choices
          }
          let segments = (0..<segmentCount).map { index in
            let chosen = choice[index % digits]
            let place = tryPlaces ? chosen / 6 : shuffled(turn, index)
            return SegmentLayout(
              split[index], SegmentLayout.Storage.allCases[chosen % 6],
              SegmentLayout.Place.allCases[place])
          }
          try body(ChainLayout(segments))
        }
      }
    }
  }

  /// Every way to write `byteCount` as a sum of `count` numbers, 0 among them, in order.
  static func splits(of byteCount: Int, into count: Int) -> [[Int]] {
    if count == 1 { return [[byteCount]] }
    return (0...byteCount).flatMap { first in
      splits(of: byteCount - first, into: count - 1).map { [first] + $0 }
    }
  }

  /// A number 0..<3 that looks random and is the same each time.
  private static func shuffled(_ turn: Int, _ index: Int) -> Int {
    var mixed = UInt64(turn * 4 + index) &* 0x9e37_79b9_7f4a_7c15
    mixed ^= mixed >> 29
    mixed = mixed &* 0xbf58_476d_1ce4_e5b9
    return Int((mixed >> 33) % 3)
  }
}
