// SPDX-License-Identifier: BSD-2-Clause
//
// Lists of the slots of a table, which has them by number. The links stand here, one pair for each slot,
// so that putting a slot into a list and taking it out of its middle allocates nothing:
//
//     SlotList   first --> 4 <--> 0 <--> 7 <-- last        in the order they were added
//     SlotLinks  [ -1:4.. ][ ... ] ...                     previous and next, by slot
//
//     a slot is in one list of the same links at most
//     first == none  <=>  last == none  <=>  the list is empty
//
// HashChains are lists in one direction, headed by the upper bits of a hash; with as many heads as there
// may be slots, and a hash that is keyed, a chain has one slot on average, whoever sends.

import BasicContainers

/// No slot.
let noSlot: Int32 = -1

/// The ends of a list of slots.
struct SlotList: Sendable, BitwiseCopyable {
  fileprivate(set) var first = noSlot
  fileprivate(set) var last = noSlot
}

/// The links of any number of lists.
struct SlotLinks: ~Copyable, Sendable {
  // Not private: the 6.3 compiler then makes a symbol that its verifier refuses.
  struct Link: BitwiseCopyable {
    var previous = noSlot
    var next = noSlot
  }

  private var links = UniqueArray<Link>()

  /// Makes room for one more slot.
  mutating func grow() { links.append(Link()) }

  /// The slot behind another in its list.
  func next(_ slot: Int32) -> Int32 { links[Int(slot)].next }

  /// Puts a slot at the end of a list.
  mutating func append(_ slot: Int32, to list: inout SlotList) {
    links[Int(slot)] = Link(previous: list.last, next: noSlot)
    if list.last == noSlot { list.first = slot } else { links[Int(list.last)].next = slot }
    list.last = slot
  }

  /// Takes a slot out of the list that it is in.
  mutating func remove(_ slot: Int32, from list: inout SlotList) {
    let link = links[Int(slot)]
    if link.previous == noSlot {
      list.first = link.next
    } else {
      links[Int(link.previous)].next = link.next
    }
    if link.next == noSlot {
      list.last = link.previous
    } else {
      links[Int(link.next)].previous = link.previous
    }
    links[Int(slot)] = Link()
  }

  /// Traps if a list contradicts itself, and returns how many slots are in it.
  func checkedCount(_ list: SlotList) -> Int {
    var count = 0
    var previous = noSlot
    var slot = list.first
    while slot != noSlot {
      precondition(count < links.count, "a list of \(links.count) slots has no end")
      precondition(links[Int(slot)].previous == previous, "slot \(slot) is not behind \(previous)")
      count += 1
      (previous, slot) = (slot, links[Int(slot)].next)
    }
    precondition(list.last == previous, "the list ends with \(previous), not \(list.last)")
    return count
  }
}

/// Which slots have a hash.
struct HashChains: ~Copyable, Sendable {
  private var heads: UniqueArray<Int32>
  private var nexts = UniqueArray<Int32>()

  /// No slots, with as many heads as the next power of two.
  init(slotLimit: Int) {
    var count = 1
    while count < slotLimit { count *= 2 }
    heads = UniqueArray(repeating: noSlot, count: count)
  }

  /// Makes room for one more slot.
  mutating func grow() { nexts.append(noSlot) }

  private func head(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: hash & UInt64(truncatingIfNeeded: heads.count - 1))
  }

  /// The first slot that may have the hash.
  func first(_ hash: UInt64) -> Int32 { heads[head(hash)] }

  /// The next one.
  func next(_ slot: Int32) -> Int32 { nexts[Int(slot)] }

  mutating func insert(_ slot: Int32, _ hash: UInt64) {
    nexts[Int(slot)] = first(hash)
    heads[head(hash)] = slot
  }

  mutating func remove(_ slot: Int32, _ hash: UInt64) {
    var here = first(hash)
    if here == slot {
      heads[head(hash)] = nexts[Int(slot)]
      return
    }
    while here != noSlot {
      if nexts[Int(here)] == slot {
        nexts[Int(here)] = nexts[Int(slot)]
        return
      }
      here = nexts[Int(here)]
    }
    preconditionFailure("slot \(slot) is not in the chain of its hash")
  }
}
