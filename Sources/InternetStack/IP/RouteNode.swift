// SPDX-License-Identifier: BSD-2-Clause
//
// One node tells of 16 bits of an address, which make a digit of 0...65,535:
//
//     ranges   [ 0: none ][ 0x0a00: /24, way 3 ][ 0x0a80: node 9 ][ 0x0a81: /24, way 3 ][ 0x0b00: none ]
//
//     ranges[0].start == 0;   the starts grow;   a range ends where the next starts
//     no two that follow each other say the same;   one that leads to a node has one digit
//     ranges.count <= 2 * (prefixes that end in the node + nodes below it) + 1
//
// A range says what the longest prefix ending in this node says of its digits. What prefixes that end
// above it say is not in it: that is its cover, which the search takes along on its way down. So a
// prefix that comes or goes changes one node, however many lie below.

import BasicContainers

/// What a part of a table says: nothing, a way, or that a node below knows more.
struct RouteEntry: Equatable, BitwiseCopyable {
  static var none: RouteEntry { RouteEntry(bits: 0) }
  private static var nodeFlag: UInt32 { 1 << 31 }

  let bits: UInt32

  @inline(__always)
  init(bits: UInt32) { self.bits = bits }

  /// A way by its value; 0 is none.
  @inline(__always)
  init(way: UInt32) { bits = way }

  init(node: Int) { bits = UInt32(node) | Self.nodeFlag }

  @inline(__always)
  var isNode: Bool { bits & Self.nodeFlag != 0 }
  @inline(__always)
  var node: Int { Int(bits & ~Self.nodeFlag) }
  @inline(__always)
  var way: UInt32 { bits }
}

/// What the longest prefix says that has been seen of some addresses.
struct RouteCover: Equatable, BitwiseCopyable {
  var way: UInt32 = 0
  /// Bits of the prefix and 1; 0 if there is none.
  var rank: UInt8 = 0
}

/// The ranges of one node.
struct RouteNode: ~Copyable, Sendable {
  struct Range: Equatable, BitwiseCopyable {
    var start: UInt16 = 0
    /// Bits of the prefix and 1; 0 where there is none, and where a node is.
    var rank: UInt8 = 0
    var entry = RouteEntry.none

    func saysTheSame(as other: Range) -> Bool {
      !entry.isNode && entry == other.entry && rank == other.rank
    }
  }

  /// What the node above says of all its digits.
  var cover = RouteCover()
  /// The next free node, while this is one.
  var nextFree = -1
  private(set) var ranges: UniqueArray<Range>
  /// What searches read of it where one line is too short; RouteLine.swift makes them.
  var lines = UniqueArray<RouteLine>()

  init() { ranges = UniqueArray(repeating: Range(), count: 1) }

  /// Whether it says nothing.
  var isEmpty: Bool { ranges.count == 1 && ranges[0].entry == .none }

  /// Bytes of its arrays.
  var byteCount: Int {
    ranges.capacity * MemoryLayout<Range>.stride + lines.capacity * MemoryLayout<RouteLine>.stride
  }

  /// What it says of a digit.
  func entry(at digit: UInt16) -> RouteEntry { ranges[index(of: digit)].entry }

  /// The range of a digit.
  ///
  /// - Complexity: O(log ranges).
  private func index(of digit: UInt16) -> Int {
    var low = 0
    var count = ranges.count
    while count > 1 {
      let half = count / 2
      if ranges[low + half].start <= digit { low += half }
      count -= half
    }
    return low
  }

  // MARK: Changing

  /// Makes a range begin at a digit; returns which one.
  private mutating func split(at digit: UInt16) -> Int {
    let index = index(of: digit)
    var range = ranges[index]
    if range.start == digit { return index }
    range.start = digit
    ranges.insert(range, at: index + 1)
    return index + 1
  }

  /// Changes what is said of some digits.
  ///
  /// - Parameter change: is given what is said, and changes it; where a node is it may change nothing.
  mutating func change(
    _ digits: ClosedRange<UInt16>, _ change: (inout RouteCover, RouteEntry) -> Void
  ) {
    let first = split(at: digits.lowerBound)
    let end = digits.upperBound == .max ? ranges.count : split(at: digits.upperBound + 1)
    for index in first..<end {
      let entry = ranges[index].entry
      var cover = RouteCover(way: entry.isNode ? 0 : entry.way, rank: ranges[index].rank)
      change(&cover, entry)
      guard !entry.isNode else { continue }
      ranges[index].entry = RouteEntry(way: cover.way)
      ranges[index].rank = cover.rank
    }
    merge(first, end)
  }

  /// Puts a node where one digit is, or takes it away; returns what was there.
  @discardableResult
  mutating func replace(_ digit: UInt16, with entry: RouteEntry, rank: UInt8 = 0) -> RouteCover {
    let first = split(at: digit)
    let end = digit == .max ? ranges.count : split(at: digit + 1)
    precondition(end == first + 1, "\(end - first) ranges of the digit \(digit)")
    let old = ranges[first]
    ranges[first].entry = entry
    ranges[first].rank = rank
    merge(first, end)
    return RouteCover(way: old.entry.isNode ? 0 : old.entry.way, rank: old.rank)
  }

  /// Takes out those from `first` to `end`, both included, that say the same as the one before.
  private mutating func merge(_ first: Int, _ end: Int) {
    var kept = max(first - 1, 0)
    let end = min(end, ranges.count - 1)
    guard kept < end else { return }
    for index in kept + 1...end where !ranges[index].saysTheSame(as: ranges[kept]) {
      kept += 1
      ranges[kept] = ranges[index]
    }
    if kept < end { ranges.removeSubrange(kept + 1..<end + 1) }
  }

  /// Shows the nodes below.
  func forEachNode(_ body: (UInt16, Int) -> Void) {
    for index in ranges.indices where ranges[index].entry.isNode {
      body(ranges[index].start, ranges[index].entry.node)
    }
  }

  /// Traps if the ranges are out of order, or say the same twice.
  func checkInvariants() {
    precondition(ranges[0].start == 0, "the first range starts at \(ranges[0].start)")
    for index in ranges.indices.dropFirst() {
      let (before, range) = (ranges[index - 1], ranges[index])
      precondition(before.start < range.start, "\(range.start) behind \(before.start)")
      precondition(!range.saysTheSame(as: before), "two ranges say \(range)")
      precondition(
        !before.entry.isNode || range.start == before.start + 1,
        "a node has the digits \(before.start)..<\(range.start)")
    }
    for index in ranges.indices {
      let range = ranges[index]
      precondition(
        (range.rank == 0) == (range.entry == .none || range.entry.isNode), "a range is \(range)")
    }
  }
}
