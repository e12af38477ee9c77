// SPDX-License-Identifier: BSD-2-Clause
//
// One slab's life, all of it outside the keg's lock but for the two ends:
//
//     budget, header, pages, tags, header written, zeroes, `initialize` on each item   | lock: listed, hashed
//     lock: unlisted, unhashed |   `finalize` backwards, tags, header, pages, budget
//
// A failure on the way up goes the way down from there.

extension Keg {
  /// Makes one slab, empty.
  ///
  /// False if the pages ran out or an item's `initialize` failed, and then nothing is left behind.
  func grow() -> Bool {
    guard budget.charge(layout.costInBytes) else { return false }
    let pooled = unsafe headers?.takeItem()
    if unsafe headers != nil && pooled == nil {
      budget.refund(layout.costInBytes)
      return false
    }
    let alignment = layout.headerOffset == nil ? PageArena.pageByteCount : layout.byteCount
    guard let items = unsafe pages.allocatePages(layout.pageCount, alignment: alignment) else {
      if let pooled = unsafe pooled { unsafe headers?.putItem(pooled) }
      budget.refund(layout.costInBytes)
      return false
    }
    unsafe precondition(
      UInt(bitPattern: items) % UInt(alignment) == 0, "pages at \(items), not at \(alignment) bytes"
    )
    let header = unsafe pooled ?? items + (layout.headerOffset ?? 0)
    let slab = unsafe header.assumingMemoryBound(to: Slab.self)
    unsafe slab.initializeHeader(items: items, layout: layout, kegNumber: number)
    unsafe mapping?.setOwner(UInt(bitPattern: slab), of: items, layout.pageCount)
    if flags.contains(.noDump) { unsafe PageArena.setDumped(items, layout.byteCount, false) }
    if flags.contains(.zeroInitialize) {
      let byteCount = layout.itemCount * layout.stride
      unsafe items.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }
    if let initialize = unsafe hooks.initialize {
      for index in 0..<layout.itemCount where unsafe !initialize(items + index * layout.stride) {
        unsafe destroy(slab, initializedItemCount: index)
        return false
      }
    }
    let outgrown = slabs.withLock { slabs -> SlabHash? in
      unsafe slabs.empty.push(slab)
      slabs.freeItemCount += layout.itemCount
      slabs.initializations += layout.itemCount
      unsafe slabs.hash?.insert(slab)
      return slabs.hash.flatMap { $0.chainCount <= slabs.slabCount ? $0 : nil }
    }
    if let outgrown { growHash(from: outgrown) }
    return true
  }

  /// Doubles the hash table, unless somebody else has done it meanwhile.
  private func growHash(from outgrown: SlabHash) {
    let larger = outgrown.grown()
    let loser = slabs.withLock { slabs -> SlabHash in
      guard let current = slabs.hash, current.chainCount < larger.chainCount else { return larger }
      larger.rehash(current)
      slabs.hash = larger
      return current
    }
    loser.free()
  }

  /// Undoes a slab that is on no list, running `finalize` backwards over its first items.
  func destroy(_ slab: SlabPointer, initializedItemCount: Int) {
    let items = unsafe slab.pointee.items
    if let finalize = unsafe hooks.finalize {
      for index in (0..<initializedItemCount).reversed() {
        unsafe finalize(items + index * layout.stride)
      }
    }
    unsafe mapping?.setOwner(0, of: items, layout.pageCount)
    unsafe slab.pointee.kegNumber = 0
    unsafe headers?.putItem(UnsafeMutableRawPointer(slab))
    if flags.contains(.noDump) { unsafe PageArena.setDumped(items, layout.byteCount, true) }
    unsafe pages.freePages(items, layout.pageCount)
    budget.refund(layout.costInBytes)
  }

  /// Draws one item, or nil if there is none to be had.
  func takeItem(mayGrow: Bool = true) -> UnsafeMutableRawPointer? {
    unsafe withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: 1) { slot in
      guard let address = slot.baseAddress else { return nil }
      return unsafe takeItems(1, into: address, mayGrow: mayGrow) == 1 ? slot[0] : nil
    }
  }
}

// MARK: - Finding the slab

extension Keg {
  /// The slab of which an item starts at `address`, or nil if that is no item of this keg.
  ///
  /// For an address that may be anything. It is told exactly, by the page source's table or by hash
  /// where there is one; else by going through all slabs.
  func slab(containing address: UnsafeMutableRawPointer) -> SlabPointer? {
    let slab = unsafe slabs.withLock { slabs -> SlabPointer? in
      if mapping != nil || slabs.hash != nil { return unsafe slabHolding(address, slabs) }
      let header = UInt(bitPattern: unsafe header(inSlabOf: address))
      var found: SlabPointer?
      let look = { (slab: SlabPointer) in
        if UInt(bitPattern: slab) == header { unsafe found = slab }
      }
      unsafe slabs.partial.forEach(look)
      unsafe slabs.empty.forEach(look)
      unsafe slabs.full.forEach(look)
      return unsafe found
    }
    guard let slab = unsafe slab, unsafe slab.indexIfItem(address, layout) != nil else {
      return nil
    }
    return unsafe slab
  }

  /// The slab that holds the bytes at `address`, which is an item of some keg, with no lock held.
  func slabHolding(_ address: UnsafeMutableRawPointer) -> SlabPointer? {
    // The slab cannot go away while the item is out, so the table may be read without the lock.
    if mapping != nil { return unsafe mappedSlab(address) }
    return unsafe slabs.withLock { unsafe slabHolding(address, $0) }
  }

  /// The slab that holds the bytes at `address`, which is an item of some keg.
  func slabHolding(_ address: UnsafeMutableRawPointer, _ slabs: borrowing Slabs) -> SlabPointer? {
    if mapping != nil { return unsafe mappedSlab(address) }
    if let hash = slabs.hash {
      return unsafe hash.find(address, slabByteCount: layout.byteCount)
    }
    let slab = unsafe header(inSlabOf: address)
    let start = UInt(bitPattern: address) & ~UInt(layout.byteCount - 1)
    let isOurs =
      unsafe slab.pointee.kegNumber == number && UInt(bitPattern: slab.pointee.items) == start
    return unsafe isOurs ? slab : nil
  }

  /// The header of a slab that was mapped at a multiple of its own length.
  func header(inSlabOf item: UnsafeMutableRawPointer) -> SlabPointer {
    let start = UInt(bitPattern: item) & ~UInt(layout.byteCount - 1)
    let header = unsafe UnsafeMutableRawPointer(bitPattern: start + UInt(layout.headerOffset ?? 0))
    guard let header = unsafe header else { preconditionFailure("item 0 is no item") }
    return unsafe header.assumingMemoryBound(to: Slab.self)
  }
}
