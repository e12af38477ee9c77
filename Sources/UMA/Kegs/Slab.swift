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
//
// A `Slab` exists only for memory that `make` wrote a header into and that is a header still: a
// slab's own bytes until its pages go back, or an entry of a pool, whose pages stay mapped for good.
// What lies where follows from the layout, which is the same for all slabs of a keg.

import Synchronization

struct SlabHeader {
  var next: Slab?
  var previous: Slab?
  var items: Item
  var freeCount: UInt16
  var list: SlabList.Name
  var kegNumber: UInt32
}

/// One slab by the address of its header.
@safe
struct Slab: Equatable, Sendable {
  let header: Item

  /// - Precondition: a header stands there.
  init(header: Item) { self.header = header }

  /// The slab that a page is tagged with; nil for 0.
  ///
  /// - Precondition: the word is a slab's, or 0.
  init?(word: UInt) {
    guard let header = Item(number: word) else { return nil }
    self.header = header
  }

  /// What its pages are tagged with.
  var word: UInt { header.number }

  /// Writes a fresh header: every item free, every counter zero, no item tagged.
  ///
  /// - Precondition: the caller holds `layout.headerByteCount` bytes at `header`.
  static func make(at header: Item, items: Item, layout: SlabLayout, kegNumber: UInt32 = 0) -> Slab
  {
    header.fill(layout.headerByteCount)
    let slab = make(at: header, items: items, itemCount: layout.itemCount, kegNumber: kegNumber)
    for index in 0..<layout.bitmapWordCount {
      let count = Swift.min(64, layout.itemCount - index * 64)
      unsafe slab.word(index, layout).pointee = .max >> UInt64(64 - count)
    }
    return slab
  }

  /// Writes the fields of a header, and no more.
  ///
  /// - Precondition: the caller holds `SlabLayout.slabFieldsByteCount` bytes at `header`.
  static func make(at header: Item, items: Item, itemCount: Int, kegNumber: UInt32) -> Slab {
    unsafe header.address.initializeMemory(
      as: SlabHeader.self,
      to: SlabHeader(
        next: nil, previous: nil, items: items, freeCount: UInt16(itemCount), list: .none,
        kegNumber: kegNumber))
    return Slab(header: header)
  }

  private var fields: UnsafeMutablePointer<SlabHeader> {
    unsafe header.address.assumingMemoryBound(to: SlabHeader.self)
  }

  // MARK: Fields

  fileprivate(set) var next: Slab? {
    get { unsafe fields.pointee.next }
    nonmutating set { unsafe fields.pointee.next = newValue }
  }

  fileprivate(set) var previous: Slab? {
    get { unsafe fields.pointee.previous }
    nonmutating set { unsafe fields.pointee.previous = newValue }
  }

  /// The first item.
  var items: Item { unsafe fields.pointee.items }

  private(set) var freeCount: Int {
    get { unsafe Int(fields.pointee.freeCount) }
    nonmutating set { unsafe fields.pointee.freeCount = UInt16(newValue) }
  }

  /// The list it is on.
  fileprivate(set) var list: SlabList.Name {
    get { unsafe fields.pointee.list }
    nonmutating set { unsafe fields.pointee.list = newValue }
  }

  var kegNumber: UInt32 {
    get { unsafe fields.pointee.kegNumber }
    nonmutating set { unsafe fields.pointee.kegNumber = newValue }
  }

  /// The next slab of its hash chain.
  ///
  /// - Precondition: the layout has a hash link.
  var nextInChain: Slab? {
    get { unsafe chainLink.pointee }
    nonmutating set { unsafe chainLink.pointee = newValue }
  }

  private var chainLink: UnsafeMutablePointer<Slab?> {
    unsafe (header.address + SlabLayout.slabFieldsByteCount).assumingMemoryBound(to: Slab?.self)
  }

  // MARK: Items

  /// One word of the free map, which the layout has `bitmapWordCount` of.
  private func word(_ index: Int, _ layout: SlabLayout) -> UnsafeMutablePointer<UInt64> {
    unsafe (header.address + (layout.mapOffset + index * 8)).assumingMemoryBound(to: UInt64.self)
  }

  /// Takes free items, those at or after place `start` first, then those before.
  ///
  /// - Returns: how many: as many as there are places, or free items.
  /// - Precondition: `start` is the place of an item.
  func takeItems(into places: ItemPlaces, _ layout: SlabLayout, from start: Int = 0) -> Int {
    let (first, low) = (start >> 6, UInt64(1) << UInt64(start & 63) - 1)
    let items = items
    var taken = 0
    // The word of `start` comes twice: its upper part first, all of it last.
    for step in 0...layout.bitmapWordCount where taken < places.count {
      let index = (first + step) % layout.bitmapWordCount
      let word = unsafe word(index, layout)
      let spared = step == 0 ? unsafe word.pointee & low : 0
      var free = unsafe word.pointee & ~spared
      while free != 0, taken < places.count {
        let place = index << 6 + free.trailingZeroBitCount
        places[taken] = items.advanced(by: place * layout.stride)
        taken += 1
        free &= free - 1
      }
      unsafe word.pointee = free | spared
    }
    freeCount -= taken
    return taken
  }

  /// Marks an item free.
  ///
  /// - Precondition: the address is that of an item of this slab, and the item is not free.
  func putItem(_ item: Item, _ layout: SlabLayout) {
    let index = index(of: item, layout)
    let word = unsafe word(index >> 6, layout)
    let bit = UInt64(1) << UInt64(index & 63)
    unsafe precondition(word.pointee & bit == 0, "item \(item) is freed twice")
    unsafe word.pointee |= bit
    freeCount += 1
  }

  func index(of item: Item, _ layout: SlabLayout) -> Int {
    guard let index = indexIfItem(item, layout) else {
      preconditionFailure("\(item) is no item of its slab")
    }
    return index
  }

  /// Which item of the slab starts at an address, or nil.
  func indexIfItem(_ address: Item, _ layout: SlabLayout) -> Int? {
    let (index, rest) = address.distance(from: items)
      .quotientAndRemainder(dividingBy: layout.stride)
    return rest == 0 && index >= 0 && index < layout.itemCount ? index : nil
  }

  // MARK: What belongs to whoever holds an item

  /// The reference counter of an item, a 32-bit word alone on its cache line.
  func counter(of item: Item, _ layout: SlabLayout) -> Item {
    precondition(layout.hasReferenceCounters, "this keg has no reference counters")
    let index = index(of: item, layout)
    return header.advanced(by: layout.counterOffset + index * SlabLayout.lineByteCount)
  }

  /// The tag of item `index`.
  ///
  /// - Precondition: the layout has tags, and as many items.
  func tag(_ index: Int, _ layout: SlabLayout) -> ItemTag {
    precondition(layout.hasTags, "this keg has no tags")
    precondition(index >= 0 && index < layout.itemCount, "item \(index) of \(layout.itemCount)")
    return ItemTag(at: header.advanced(by: layout.tagOffset + index * 2))
  }

  /// Traps if the free map and its count differ.
  func checkInvariants(_ layout: SlabLayout) {
    let bits = (0..<layout.bitmapWordCount).reduce(0) {
      unsafe $0 + word($1, layout).pointee.nonzeroBitCount
    }
    precondition(bits == freeCount, "\(bits) bits set, \(freeCount) items counted")
  }
}

/// Sixteen bits of a header that whoever holds an item writes, in one step each.
@safe
struct ItemTag {
  private let at: UnsafeMutablePointer<Atomic<UInt16>>

  /// - Precondition: two bytes of a header that nothing but tags touch.
  init(at place: Item) {
    unsafe at = place.address.assumingMemoryBound(to: Atomic<UInt16>.self)
  }

  /// Writes a value, and returns the one before.
  func exchange(_ value: UInt16) -> UInt16 {
    unsafe at.pointee.exchange(value, ordering: .relaxed)
  }

  /// Writes a value if another is there; returns the one that was.
  func replace(_ expected: UInt16, by value: UInt16) -> UInt16 {
    unsafe at.pointee.compareExchange(expected: expected, desired: value, ordering: .relaxed)
      .original
  }
}

/// A list of slabs, linked through their headers.
struct SlabList: ~Copyable {
  enum Name: UInt8 { case none, partial, empty, full }

  let name: Name
  private(set) var first: Slab?
  private(set) var count = 0

  init(_ name: Name) { self.name = name }

  mutating func push(_ slab: Slab) {
    slab.previous = nil
    slab.next = first
    first?.previous = slab
    slab.list = name
    first = slab
    count += 1
  }

  mutating func remove(_ slab: Slab) {
    assert(slab.list == name)
    if let previous = slab.previous { previous.next = slab.next } else { first = slab.next }
    slab.next?.previous = slab.previous
    slab.list = .none
    count -= 1
  }

  /// Runs `body` on each; it may change the list that the slab is on.
  borrowing func forEach(_ body: (Slab) -> Void) {
    var slab = first
    while let here = slab {
      slab = here.next
      body(here)
    }
  }
}
