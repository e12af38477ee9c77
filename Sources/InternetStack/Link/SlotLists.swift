// SPDX-License-Identifier: BSD-2-Clause
//
//     ends    [ list 0: first, last, count ][ list 1 ] ...
//     nodes   [ slot 0: list, previous, next, order ][ slot 1 ] ...
//
//     a slot is in one list or in none
//     along a list the order does not fall;   of equal ones the first that came is first
//     sum of counts == nodes in a list
//
// What arrives in order is put at the end at once, as deadlines are that lie one fixed time ahead.
// What does not is put where it belongs by a walk from the end: only a clock set back makes one.

import BasicContainers

/// Lists of slots, each sorted by a number.
struct SlotLists: ~Copyable, Sendable {
  static var none: UInt32 { .max }

  // Not private: the 6.3 compiler then makes a symbol that its verifier refuses.
  struct Node: BitwiseCopyable {
    var list: UInt32 = SlotLists.none
    var previous = SlotLists.none
    var next = SlotLists.none
    var order: Int64 = 0
  }

  struct Ends: BitwiseCopyable {
    var first = SlotLists.none
    var last = SlotLists.none
    var count = 0
  }

  private var nodes = UniqueArray<Node>()
  private var ends: UniqueArray<Ends>

  init(listCount: Int) { ends = UniqueArray(repeating: Ends(), count: listCount) }

  /// Makes room for one more slot, which is in no list.
  mutating func addSlot() { nodes.append(Node()) }

  /// The first slot of a list.
  func first(of list: Int) -> Int? {
    let slot = ends[list].first
    return slot == Self.none ? nil : Int(slot)
  }

  /// The slot behind one in its list.
  func slot(after slot: Int) -> Int? {
    let next = nodes[slot].next
    return next == Self.none ? nil : Int(next)
  }

  /// Slots in a list.
  func count(of list: Int) -> Int { ends[list].count }

  /// What a slot is sorted by, while it is in a list.
  func order(of slot: Int) -> Int64 { nodes[slot].order }

  /// The list that a slot is in.
  func list(of slot: Int) -> Int? {
    let list = nodes[slot].list
    return list == Self.none ? nil : Int(list)
  }

  /// Puts a slot in a list, out of the one that it is in.
  ///
  /// - Complexity: O(slots of a higher order there).
  mutating func insert(_ slot: Int, in list: Int, order: Int64 = 0) {
    remove(slot)
    var previous = ends[list].last
    while previous != Self.none, nodes[Int(previous)].order > order {
      previous = nodes[Int(previous)].previous
    }
    let next = previous == Self.none ? ends[list].first : nodes[Int(previous)].next
    let place = UInt32(slot)
    nodes[slot] = Node(list: UInt32(list), previous: previous, next: next, order: order)
    if previous == Self.none {
      ends[list].first = place
    } else {
      nodes[Int(previous)].next = place
    }
    if next == Self.none { ends[list].last = place } else { nodes[Int(next)].previous = place }
    ends[list].count += 1
  }

  /// Takes a slot out of its list, if it is in one.
  mutating func remove(_ slot: Int) {
    let node = nodes[slot]
    guard node.list != Self.none else { return }
    let list = Int(node.list)
    if node.previous == Self.none {
      ends[list].first = node.next
    } else {
      nodes[Int(node.previous)].next = node.next
    }
    if node.next == Self.none {
      ends[list].last = node.previous
    } else {
      nodes[Int(node.next)].previous = node.previous
    }
    ends[list].count -= 1
    nodes[slot] = Node()
  }

  /// Traps if a list is broken, out of order or miscounted.
  func checkInvariants() {
    var listed = 0
    for list in ends.indices {
      var previous = Self.none
      var place = ends[list].first
      var count = 0
      while place != Self.none {
        let node = nodes[Int(place)]
        precondition(
          node.list == UInt32(list) && node.previous == previous,
          "slot \(place) behind \(previous) is in list \(node.list) behind \(node.previous)")
        if previous != Self.none {
          let order = nodes[Int(previous)].order
          precondition(order <= node.order, "\(node.order) of slot \(place) behind \(order)")
        }
        count += 1
        precondition(count <= nodes.count, "list \(list) has no end")
        previous = place
        place = node.next
      }
      precondition(
        previous == ends[list].last && count == ends[list].count,
        "list \(list) ends with \(previous), not \(ends[list].last); \(count) slots")
      listed += count
    }
    var members = 0
    for slot in nodes.indices where nodes[slot].list != Self.none { members += 1 }
    precondition(members == listed, "\(members) slots in lists, \(listed) found there")
  }
}
