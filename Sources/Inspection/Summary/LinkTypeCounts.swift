// SPDX-License-Identifier: BSD-2-Clause
//
// Frames by link type. A capture has one, seldom a few; a hostile one may have as many as interfaces. The
// first 64 have a row each, and what comes then is counted together:
//
//     count == sum of rows + others

import BasicContainers
public import Wire

/// Frames by link type, the first 64 types by name.
public struct LinkTypeCounts: ~Copyable {
  /// One link type and its frames.
  public struct Row: Equatable, Sendable, BitwiseCopyable {
    /// The type.
    public let linkType: LinkType
    /// Frames of it.
    public internal(set) var count: Int
  }

  private static var limit: Int { 64 }

  private var rows = UniqueArray<Row>(minimumCapacity: 64)
  /// The row of the last frame.
  private var last = 0
  /// Frames of types that have no row.
  public private(set) var others = 0

  init() {}

  /// The types, in the order in which they came.
  public var found: [Row] { rows.indices.map { rows[$0] } }

  /// Frames counted.
  public var count: Int { found.reduce(others) { $0 + $1.count } }

  @inline(__always)
  mutating func note(_ linkType: LinkType) {
    if last < rows.count, rows[last].linkType == linkType {
      rows[last].count &+= 1
    } else {
      noteOther(linkType)
    }
  }

  @inline(never)
  private mutating func noteOther(_ linkType: LinkType) {
    for index in rows.indices where rows[index].linkType == linkType {
      last = index
      rows[index].count += 1
      return
    }
    guard rows.count < Self.limit else {
      others += 1
      return
    }
    last = rows.count
    rows.append(Row(linkType: linkType, count: 1))
  }
}
