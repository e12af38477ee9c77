// SPDX-License-Identifier: BSD-2-Clause
//
// The header of one slab (SlabLayout draws it). It stands in the slab or in a pool of headers.
//
//     0        next slab of its list
//     8        previous slab of its list
//     16       first item
//     24       free items (16 bits), which list it is on (8 bits)
//     28       number of its keg (32 bits); 0 is none
//     32       next slab of its hash chain, if the layout has room for that
//     32, 40   free map: bit i set == item i is free
//     tags     16 bits per item, if the keg serves a general allocator: whoever holds the item
//              writes it; 0 if nobody has held it since the slab was made
//     counters one reference counter per item, a cache line apart, if the keg counts
//
//     freeCount == number of set bits
//     list == .full  <=>  freeCount == 0;   list == .empty  <=>  freeCount == itemCount
//
// Only the keg touches the links and the map, under its lock. The counters belong to whoever
// holds the items, and so do the tags.

import Synchronization

@unsafe
struct Slab {
  enum List: UInt8 { case none, partial, empty, full }

  var next: UnsafeMutablePointer<Slab>?
  var previous: UnsafeMutablePointer<Slab>?
  var items: UnsafeMutableRawPointer
  var freeCount: UInt16
  var list: UInt8
  var kegNumber: UInt32
}

typealias SlabPointer = UnsafeMutablePointer<Slab>

extension SlabPointer {
  /// The free map, which SlabLayout reserved the words for.
  private func map(_ layout: SlabLayout) -> UnsafeMutablePointer<UInt64> {
    unsafe UnsafeMutableRawPointer(self).advanced(by: layout.mapOffset)
      .assumingMemoryBound(to: UInt64.self)
  }

  /// Where the next slab of the hash chain is written.
  ///
  /// - Precondition: the layout has a hash link.
  var hashLink: UnsafeMutablePointer<SlabPointer?> {
    unsafe UnsafeMutableRawPointer(self).advanced(by: SlabLayout.slabFieldsByteCount)
      .assumingMemoryBound(to: SlabPointer?.self)
  }

  /// Writes a fresh header: every item free, every counter zero.
  func initializeHeader(
    items: UnsafeMutableRawPointer, layout: SlabLayout, kegNumber: UInt32 = 0
  ) {
    let header = UnsafeMutableRawPointer(self)
    unsafe header.initializeMemory(as: UInt8.self, repeating: 0, count: layout.headerByteCount)
    unsafe initialize(
      to: Slab(
        next: nil, previous: nil, items: items, freeCount: UInt16(layout.itemCount),
        list: Slab.List.none.rawValue, kegNumber: kegNumber))
    let map = unsafe map(layout)
    for index in 0..<layout.itemCount { unsafe map[index >> 6] |= 1 << UInt64(index & 63) }
  }

  /// Takes the first free item at or after place `start`, going round.
  ///
  /// - Precondition: `freeCount > 0`, and `start` is the place of an item.
  func takeItem(_ layout: SlabLayout, from start: Int = 0) -> UnsafeMutableRawPointer {
    let map = unsafe map(layout)
    let (first, low) = (start >> 6, UInt64(1) << UInt64(start & 63) - 1)
    for step in 0...layout.bitmapWordCount {
      // The word of `start` comes twice: its upper part first, all of it last.
      let word = (first + step) % layout.bitmapWordCount
      let free = unsafe step == 0 ? map[word] & ~low : map[word]
      if free == 0 { continue }
      let bit = free.trailingZeroBitCount
      unsafe map[word] &= ~(1 << UInt64(bit))
      unsafe pointee.freeCount -= 1
      return unsafe pointee.items + (word << 6 + bit) * layout.stride
    }
    preconditionFailure("a slab with no free item was asked for one")
  }

  /// Marks an item free.
  ///
  /// - Precondition: the address is that of an item of this slab, and the item is not free.
  func putItem(_ item: UnsafeMutableRawPointer, _ layout: SlabLayout) {
    let index = unsafe self.index(of: item, layout)
    let bit = UInt64(1) << UInt64(index & 63)
    let map = unsafe map(layout)
    let wasFree = unsafe map[index >> 6] & bit != 0
    unsafe precondition(!wasFree, "item \(item) is freed twice")
    unsafe map[index >> 6] |= bit
    unsafe pointee.freeCount += 1
  }

  func index(of item: UnsafeMutableRawPointer, _ layout: SlabLayout) -> Int {
    guard let index = unsafe indexIfItem(item, layout) else {
      unsafe preconditionFailure("\(item) is no item of its slab")
    }
    return index
  }

  /// Which item of the slab starts at an address, or nil.
  func indexIfItem(_ address: UnsafeMutableRawPointer, _ layout: SlabLayout) -> Int? {
    let distance = unsafe address - pointee.items
    let (index, rest) = distance.quotientAndRemainder(dividingBy: layout.stride)
    return rest == 0 && index >= 0 && index < layout.itemCount ? index : nil
  }

  /// Whether item `index` is free.
  func isFree(_ index: Int, _ layout: SlabLayout) -> Bool {
    unsafe map(layout)[index >> 6] & 1 << UInt64(index & 63) != 0
  }

  /// The reference counter of an item, a 32-bit word alone on its cache line.
  func counter(of item: UnsafeMutableRawPointer, _ layout: SlabLayout) -> UnsafeMutableRawPointer {
    precondition(layout.hasReferenceCounters, "this keg has no reference counters")
    let index = unsafe self.index(of: item, layout)
    return unsafe UnsafeMutableRawPointer(self)
      + (layout.counterOffset + index * SlabLayout.lineByteCount)
  }

  /// The tag of item `index`.
  ///
  /// - Precondition: the layout has tags.
  func tag(_ index: Int, _ layout: SlabLayout) -> UnsafeMutablePointer<Atomic<UInt16>> {
    precondition(layout.hasTags, "this keg has no tags")
    return unsafe UnsafeMutableRawPointer(self).advanced(by: layout.tagOffset + index * 2)
      .assumingMemoryBound(to: Atomic<UInt16>.self)
  }

  func checkInvariants(_ layout: SlabLayout) {
    let map = unsafe map(layout)
    let bits = (0..<layout.bitmapWordCount).reduce(0) { unsafe $0 + map[$1].nonzeroBitCount }
    let freeCount = unsafe Int(pointee.freeCount)
    precondition(bits == freeCount, "\(bits) bits set, \(freeCount) items counted")
  }
}

/// A list of slabs, linked through their headers.
@safe
struct SlabList: ~Copyable {
  let name: Slab.List
  private(set) var first: SlabPointer?
  private(set) var count = 0

  init(_ name: Slab.List) { self.name = name }

  mutating func push(_ slab: SlabPointer) {
    unsafe slab.pointee.previous = nil
    unsafe slab.pointee.next = first
    if let first = unsafe first { unsafe first.pointee.previous = slab }
    unsafe slab.pointee.list = name.rawValue
    unsafe first = slab
    count += 1
  }

  mutating func remove(_ slab: SlabPointer) {
    unsafe assert(slab.pointee.list == name.rawValue)
    if let previous = unsafe slab.pointee.previous {
      unsafe previous.pointee.next = slab.pointee.next
    } else {
      unsafe first = slab.pointee.next
    }
    if let next = unsafe slab.pointee.next { unsafe next.pointee.previous = slab.pointee.previous }
    unsafe slab.pointee.list = Slab.List.none.rawValue
    count -= 1
  }

  borrowing func forEach(_ body: (SlabPointer) -> Void) {
    var slab = unsafe first
    while let here = unsafe slab {
      unsafe slab = here.pointee.next
      unsafe body(here)
    }
  }
}
