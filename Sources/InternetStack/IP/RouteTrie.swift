// SPDX-License-Identifier: BSD-2-Clause
//
// Longest prefix match of one family. An address is eight digits of 16 bits, those of IPv4 in front:
//
//     few     [ /32 ][ /24 ][ /0 ]             up to 8 prefixes, the longest first
//
//     root    [ 0 ][ 1 ] ... [ 0x0a00 ] ...    more: one entry for each first digit
//                               |
//     nodes, lines           [ ranges of the second digit ]   RouteNode.swift, RouteLine.swift
//                               |
//                            [ ranges of the third ] ...      only IPv6 has more than two
//
//     a prefix of n bits ends in the root if n <= 16, else in a node of level (n - 1) / 16
//     root.isEmpty  <=>  few has all prefixes;   routes.count > fewLimit  =>  few is empty
//     every node says something, or it would not be there
//
// This is the idea of FreeBSD's fib_dxr (Zec, Rizzo, Mikuc 2012): a table by the first bits, then a
// search in the few ranges that are left, which lie beside each other in memory. A search reads one
// place of the root, and for each digit behind it that some prefix needs one line, or as many as the
// number of ranges there has digits in base 8. A trie of one bit, as BSD's radix tree, reads some 17
// places one after the other for a hundred thousand prefixes, and tables of 16, 8 and 8 bits take a
// kilobyte for each lonely prefix. Unlike fib_dxr nothing is built anew: what comes or goes changes
// the ranges of one node.
//
// Memory: the root is 320 KiB, once there are more than 8 prefixes. A prefix makes two ranges of 8
// bytes in one node, and where it is alone a node of 64, a line of 56 and two ranges above for each of
// its digits behind the first; arrays that grow may be half empty. A hundred thousand prefixes as
// routers have them take 10 MB for IPv4 and 17 MB for IPv6.

import BasicContainers

/// The prefixes of one family, and the way of each.
struct RouteTrie: ~Copyable, Sendable {
  struct Few: BitwiseCopyable {
    let prefix: RoutePrefix
    let mask: RoutePrefix
    let way: UInt32

    init(_ prefix: RoutePrefix, _ way: UInt32) {
      self.prefix = prefix
      mask = RoutePrefix(high: .max, low: .max, length: prefix.length)
      self.way = way
    }

    @inline(__always)
    func contains(_ high: UInt64, _ low: UInt64) -> Bool {
      (prefix.high ^ high) & mask.high | (prefix.low ^ low) & mask.low == 0
    }
  }

  /// Prefixes that need no table.
  static var fewLimit: Int { 8 }

  private var few = UniqueArray<Few>()
  private var root = UniqueArray<RouteEntry>()
  /// Bits of the prefix and 1 that a first digit has its way from; 0 where none or a node is.
  private var rootRanks = UniqueArray<UInt8>()
  private var nodes = UniqueArray<RouteNode>()
  /// The top line of each node.
  private var lines = UniqueArray<RouteLine>()
  private var firstFree = -1
  private(set) var nodeCount = 0
  /// The way of each prefix.
  private(set) var routes: [RoutePrefix: UInt32] = [:]

  // MARK: Finding

  /// The way of the longest prefix that an address lies in, or 0.
  @inline(__always)
  func way(_ high: UInt64, _ low: UInt64) -> UInt32 {
    if root.isEmpty { return wayOfFew(high, low) }
    var entry = root[Int(truncatingIfNeeded: high >> 48)]
    guard entry.isNode else { return entry.way }
    var best: UInt32 = 0
    var rest = (high << 16 | low >> 48, low << 16)
    repeat {
      let node = entry.node
      let cover = lines[node].cover
      best = cover == 0 ? best : cover
      let digit = UInt16(truncatingIfNeeded: rest.0 >> 48)
      entry = RouteEntry(bits: lines[node].entry(at: digit))
      let depth = lines[node].depth
      if depth > 0 { entry = nodes[node].entry(at: digit, below: entry, depth) }
      rest = (rest.0 << 16 | rest.1 >> 48, rest.1 << 16)
    } while entry.isNode
    return entry.way == 0 ? best : entry.way
  }

  @inline(__always)
  private func wayOfFew(_ high: UInt64, _ low: UInt64) -> UInt32 {
    for index in few.indices where few[index].contains(high, low) {
      return few[index].way
    }
    return 0
  }

  // MARK: Changing

  /// Gives a prefix a way; returns the one that it had, or 0.
  ///
  /// - Complexity: O(ranges of its node), O(2^(16 - length)) for one of less than 16 bits.
  mutating func insert(_ prefix: RoutePrefix, way: UInt32) -> UInt32 {
    let old = routes.updateValue(way, forKey: prefix) ?? 0
    if root.isEmpty {
      removeFew(prefix)
      let place = few.indices.first { few[$0].prefix.length < prefix.length } ?? few.count
      few.insert(Few(prefix, way), at: place)
      if few.count > Self.fewLimit { makeTable() }
    } else {
      paint(prefix, way)
    }
    return old
  }

  /// Takes a prefix away; returns the way that it had, or 0 if it was not there.
  mutating func remove(_ prefix: RoutePrefix) -> UInt32 {
    guard let old = routes.removeValue(forKey: prefix) else { return 0 }
    if root.isEmpty {
      removeFew(prefix)
    } else if routes.count <= Self.fewLimit / 2 {
      dropTable()
    } else {
      erase(prefix)
    }
    return old
  }

  private mutating func removeFew(_ prefix: RoutePrefix) {
    for index in few.indices where few[index].prefix == prefix {
      few.remove(at: index)
      return
    }
  }

  private mutating func makeTable() {
    root = UniqueArray(repeating: .none, count: 1 << 16)
    rootRanks = UniqueArray(repeating: 0, count: 1 << 16)
    for index in few.indices { paint(few[index].prefix, few[index].way) }
    few = UniqueArray()
  }

  private mutating func dropTable() {
    root = UniqueArray()
    rootRanks = UniqueArray()
    nodes = UniqueArray()
    lines = UniqueArray()
    firstFree = -1
    nodeCount = 0
    for (prefix, way) in routes.sorted(by: { $0.key.length > $1.key.length }) {
      few.append(Few(prefix, way))
    }
  }

  private mutating func paint(_ prefix: RoutePrefix, _ way: UInt32) {
    change(prefix) { said in
      if said.rank <= prefix.rank { said = RouteCover(way: way, rank: prefix.rank) }
    }
  }

  private mutating func erase(_ prefix: RoutePrefix) {
    // The next shorter one that ends in the same node says it now.
    var next = RouteCover()
    let shortest = prefix.level == 0 ? 0 : 16 * prefix.level + 1
    var length = prefix.length - 1
    while length >= shortest, next.rank == 0 {
      let shorter = RoutePrefix(high: prefix.high, low: prefix.low, length: length)
      if let way = routes[shorter] { next = RouteCover(way: way, rank: shorter.rank) }
      length -= 1
    }
    change(prefix) { said in
      if said.rank == prefix.rank { said = next }
    }
    if prefix.level > 0 { prune(prefix) }
  }

  /// Changes what the last node of a prefix says of its digits.
  private mutating func change(_ prefix: RoutePrefix, _ body: (inout RouteCover) -> Void) {
    guard prefix.level > 0 else {
      for digit in prefix.digits {
        let index = Int(digit)
        let entry = root[index]
        if entry.isNode {
          body(&nodes[entry.node].cover)
          lines[entry.node].cover = nodes[entry.node].cover.way
        } else {
          var said = RouteCover(way: entry.way, rank: rootRanks[index])
          body(&said)
          root[index] = RouteEntry(way: said.way)
          rootRanks[index] = said.rank
        }
      }
      return
    }
    var node = rootChild(prefix.digit(0))
    for level in 1..<prefix.level { node = child(of: node, prefix.digit(level)) }
    // What nodes below are covered by is theirs, so it is changed when this one is let go.
    var below = UniqueArray<Int>()
    nodes[node].change(prefix.digits) { said, entry in
      if entry.isNode { below.append(entry.node) } else { body(&said) }
    }
    lines[node] = nodes[node].makeLines()
    for index in below.indices {
      body(&nodes[below[index]].cover)
      lines[below[index]].cover = nodes[below[index]].cover.way
    }
  }

  private mutating func rootChild(_ digit: UInt16) -> Int {
    let entry = root[Int(digit)]
    if entry.isNode { return entry.node }
    let node = addNode(cover: RouteCover(way: entry.way, rank: rootRanks[Int(digit)]))
    root[Int(digit)] = RouteEntry(node: node)
    rootRanks[Int(digit)] = 0
    return node
  }

  private mutating func child(of node: Int, _ digit: UInt16) -> Int {
    let entry = nodes[node].entry(at: digit)
    if entry.isNode { return entry.node }
    let child = addNode(cover: RouteCover())
    let cover = nodes[node].replace(digit, with: RouteEntry(node: child))
    nodes[child].cover = cover
    lines[child].cover = cover.way
    lines[node] = nodes[node].makeLines()
    return child
  }

  private mutating func addNode(cover: RouteCover) -> Int {
    nodeCount += 1
    let node: Int
    if firstFree < 0 {
      node = nodes.count
      nodes.append(RouteNode())
      lines.append(RouteLine())
    } else {
      node = firstFree
      firstFree = nodes[node].nextFree
    }
    nodes[node].cover = cover
    lines[node] = nodes[node].makeLines()
    return node
  }

  /// Takes out the nodes on the way to a prefix that say nothing any more, from below.
  private mutating func prune(_ prefix: RoutePrefix) {
    for level in stride(from: prefix.level, to: 0, by: -1) {
      var above = -1
      var node = root[Int(prefix.digit(0))].node
      for between in 1..<level {
        above = node
        node = nodes[node].entry(at: prefix.digit(between)).node
      }
      guard nodes[node].isEmpty else { return }
      let cover = nodes[node].cover
      if above < 0 {
        root[Int(prefix.digit(0))] = RouteEntry(way: cover.way)
        rootRanks[Int(prefix.digit(0))] = cover.rank
      } else {
        nodes[above].replace(
          prefix.digit(level - 1), with: RouteEntry(way: cover.way), rank: cover.rank)
        lines[above] = nodes[above].makeLines()
      }
      nodes[node] = RouteNode()
      nodes[node].nextFree = firstFree
      firstFree = node
      nodeCount -= 1
    }
  }

  // MARK: Looking

  /// Bytes of the arrays; those of `routes`, which no search reads, come on top.
  var byteCount: Int {
    var ranges = 0
    for node in nodes.indices { ranges += nodes[node].byteCount }
    return ranges + nodes.capacity * MemoryLayout<RouteNode>.stride
      + lines.capacity * MemoryLayout<RouteLine>.stride + root.capacity * 4 + rootRanks.capacity
      + few.capacity * MemoryLayout<Few>.stride
  }

  /// Traps if a node is lost, says nothing, or contradicts itself.
  func checkInvariants() {
    precondition(
      root.isEmpty ? few.count == routes.count : few.isEmpty,
      "\(few.count) of \(routes.count) prefixes without a table")
    var found = 0
    for digit in root.indices {
      let entry = root[digit]
      precondition(
        (rootRanks[digit] == 0) == (entry == .none || entry.isNode), "the digit \(digit)")
      if entry.isNode { found += countNodes(entry.node) }
    }
    var free = 0
    var node = firstFree
    while node >= 0, free <= nodes.count {
      free += 1
      node = nodes[node].nextFree
    }
    precondition(
      found == nodeCount && found + free == nodes.count,
      "\(found) nodes of \(nodeCount), \(free) free of \(nodes.count)")
  }

  private func countNodes(_ node: Int) -> Int {
    nodes[node].checkInvariants()
    nodes[node].checkInvariants(top: lines[node])
    precondition(!nodes[node].isEmpty, "node \(node) says nothing")
    var count = 1
    nodes[node].forEachNode { _, below in count += countNodes(below) }
    return count
  }
}
