// SPDX-License-Identifier: BSD-2-Clause
//
// What a search reads of a node, in the size of a line of memory:
//
//      0        16                48      52      53       56
//     +--------+-----------------+-------+-------+--------+
//     | starts |     entries     | cover | depth |        |       8 starts of 16 bits, 8 entries of 32
//     +--------+-----------------+-------+-------+--------+
//
//     starts[i] <= digit < starts[i + 1]  =>  entries[i] is what is said of the digit
//     places that are left over say the same as the last range, and start at 0xffff
//
// A node of more than 8 ranges has lines below it, 8 for a line, and so on down:
//
//     depth == 0   the entries are those of the ranges
//     depth == n   they are places of lines of depth n - 1, whose first starts are the starts
//
// The search counts the starts up to the digit and takes no branch that depends on it, so that the
// processor goes on to what comes next while it waits for memory.

import BasicContainers

/// Eight ranges of a node, or lines below it.
struct RouteLine: BitwiseCopyable, Sendable {
  static var width: Int { 8 }

  var starts = InlineArray<8, UInt16>(repeating: .max)
  var entries = InlineArray<8, UInt32>(repeating: 0)
  /// The way that the node above says for all its digits.
  var cover: UInt32 = 0
  var depth: UInt8 = 0

  /// The entry of a digit.
  @inline(__always)
  func entry(at digit: UInt16) -> UInt32 {
    // The first start is not after the digit, and seven more make an index of 7 at most.
    var index = starts[1] <= digit ? 1 : 0
    index &+= starts[2] <= digit ? 1 : 0
    index &+= starts[3] <= digit ? 1 : 0
    index &+= starts[4] <= digit ? 1 : 0
    index &+= starts[5] <= digit ? 1 : 0
    index &+= starts[6] <= digit ? 1 : 0
    index &+= starts[7] <= digit ? 1 : 0
    return entries[index]
  }
}

extension RouteNode {
  /// What it says of a digit, from what its top line says on.
  func entry(at digit: UInt16, below top: RouteEntry, _ depth: UInt8) -> RouteEntry {
    var entry = top.bits
    for _ in 0..<depth { entry = lines[Int(entry)].entry(at: digit) }
    return RouteEntry(bits: entry)
  }

  /// Makes the lines anew; returns the top one.
  ///
  /// - Complexity: O(ranges).
  mutating func makeLines() -> RouteLine {
    lines.removeAll(keepingCapacity: ranges.count > RouteLine.width)
    if ranges.count <= RouteLine.width { return leaf(0) }
    for first in stride(from: 0, to: ranges.count, by: RouteLine.width) {
      lines.append(leaf(first))
    }
    var first = 0
    var depth: UInt8 = 1
    while lines.count - first > RouteLine.width {
      let end = lines.count
      for place in stride(from: first, to: end, by: RouteLine.width) {
        lines.append(line(above: place, end, depth))
      }
      first = end
      depth += 1
    }
    return line(above: first, lines.count, depth)
  }

  private func leaf(_ first: Int) -> RouteLine {
    var line = RouteLine()
    line.cover = cover.way
    for place in 0..<RouteLine.width {
      let index = first + place
      let isThere = index < ranges.count
      line.starts[place] = isThere ? ranges[index].start : .max
      line.entries[place] = ranges[isThere ? index : ranges.count - 1].entry.bits
    }
    return line
  }

  private func line(above first: Int, _ end: Int, _ depth: UInt8) -> RouteLine {
    var line = RouteLine()
    line.cover = cover.way
    line.depth = depth
    for place in 0..<RouteLine.width {
      let index = first + place
      let isThere = index < end
      line.starts[place] = isThere ? lines[index].starts[0] : .max
      line.entries[place] = UInt32(isThere ? index : end - 1)
    }
    return line
  }

  /// Traps if the lines say another thing than the ranges.
  func checkInvariants(top: RouteLine) {
    precondition(top.cover == cover.way, "covered by \(cover.way), by its line \(top.cover)")
    func said(_ digit: UInt16) -> RouteEntry {
      entry(at: digit, below: RouteEntry(bits: top.entry(at: digit)), top.depth)
    }
    for index in ranges.indices {
      let last = index + 1 < ranges.count ? ranges[index + 1].start - 1 : .max
      let entry = ranges[index].entry
      precondition(
        said(ranges[index].start) == entry && said(last) == entry,
        "the lines say another thing of \(ranges[index].start)...\(last)")
    }
  }
}
