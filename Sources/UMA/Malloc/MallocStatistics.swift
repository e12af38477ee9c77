// SPDX-License-Identifier: BSD-2-Clause

/// The figures of one type of memory at one moment.
///
/// They are read one after the other while other threads go on, so they need not quite agree.
///
/// BSD: `struct malloc_type_stats`, and the columns of `vmstat -m`.
public struct MallocStatistics: Equatable, Sendable {
  /// The type's name.
  public var name: String
  /// Allocations not yet freed.
  public var inUse: Int
  /// Bytes of these, rounded up to their size classes or to pages.
  public var bytesInUse: Int
  /// The most bytes there have been.
  public var highBytes: Int
  /// Allocations so far.
  public var requests: UInt64
  /// Denials so far, because of memory or the limit.
  public var denials: UInt64
  /// The most bytes there may be; 0 for no limit.
  public var limitInBytes: Int
  /// The sizes handed out, in bytes, each rounded up to a power of two.
  public var sizes: [Int]
}

extension MallocStatistics {
  /// A table of types, those that were never asked for left out.
  ///
  ///              Type InUse MemUse HighUse Requests  Size(s)
  ///           session    12     3K      4K       45  16,256
  ///
  /// Memory is in KiB, rounded up.
  ///
  /// BSD: `vmstat -m`.
  public static func table(of types: [MallocStatistics]) -> String {
    let head = ["Type", "InUse", "MemUse", "HighUse", "Requests"]
    let rows = types.filter { $0.requests > 0 }.map { type in
      (
        cells: [
          type.name, "\(type.inUse)", kibibytes(type.bytesInUse), kibibytes(type.highBytes),
          "\(type.requests)",
        ], sizes: type.sizes.map { "\($0)" }.joined(separator: ",")
      )
    }
    let least = [13, 5, 6, 7, 8]
    let widths = head.indices.map { column in
      rows.reduce(least[column]) { Swift.max($0, $1.cells[column].count) }
    }
    let lines = ([(cells: head, sizes: "Size(s)")] + rows).map { row in
      let cells = zip(row.cells, widths).map { cell, width in
        String(repeating: " ", count: width - cell.count) + cell
      }
      return cells.joined(separator: " ") + "  " + row.sizes
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func kibibytes(_ byteCount: Int) -> String { "\((byteCount + 1_023) / 1_024)K" }
}
