// SPDX-License-Identifier: BSD-2-Clause
//
// One slab's life, all of it outside the keg's lock except the two ends:
//
//     budget, header, pages, tags, header written, zeroes, `initialize` on each item   | lock: listed, hashed
//     lock: unlisted, unhashed |   `finalize` backwards, tags, header, pages, budget
//
// A failure on the way up goes the way down from there.

extension Keg {
  /// How an attempt to make a slab ended.
  enum Growth {
    case made
    /// The budget refused the bytes.
    case noBytes
    /// The page source had no pages.
    case noPages
    /// An item's `initialize` failed.
    case refused

    var isMade: Bool {
      if case .made = self { true } else { false }
    }
  }

  /// Makes one slab, empty; if it cannot, nothing is left behind.
  func grow() -> Growth {
    guard budget.charge(layout.costInBytes) else { return .noBytes }
    let pooled = headers?.takeItem()
    guard headers == nil || pooled != nil, let items = takePages() else {
      if let pooled { headers?.putItem(pooled) }
      budget.refund(layout.costInBytes)
      return .noPages
    }
    let header = pooled ?? items.advanced(by: layout.headerOffset ?? 0)
    let slab = Slab.make(at: header, items: items, layout: layout, kegNumber: number)
    tag(items, slab.word)
    if flags.contains(.noDump) { PageArena.setDumped(items, layout.byteCount, false) }
    if flags.contains(.zeroInitialize) { items.fill(layout.itemCount * layout.stride) }
    let hooks = hooks
    for index in 0..<layout.itemCount
    where !hooks.runInitialize(items.advanced(by: index * layout.stride)) {
      destroy(slab, initializedItemCount: index)
      return .refused
    }
    let outgrown = slabs.withLock { slabs -> SlabHash? in
      slabs.empty.push(slab)
      slabs.freeItemCount += layout.itemCount
      slabs.initializations += layout.itemCount
      slabs.hash?.insert(slab)
      return slabs.hash.flatMap { $0.chainCount <= slabs.slabCount ? $0 : nil }
    }
    if let outgrown { growHash(from: outgrown) }
    return .made
  }

  /// Doubles the hash table, unless another thread has done it meanwhile.
  private func growHash(from outgrown: SlabHash) {
    let larger = outgrown.grown()
    let discarded = slabs.withLock { slabs -> SlabHash in
      guard let current = slabs.hash, current.chainCount < larger.chainCount else { return larger }
      larger.rehash(current)
      slabs.hash = larger
      return current
    }
    discarded.free()
  }

  /// Undoes a slab that is on no list, running `finalize` backwards over its first items.
  func destroy(_ slab: Slab, initializedItemCount: Int) {
    let (items, hooks) = (slab.items, hooks)
    for index in (0..<initializedItemCount).reversed() {
      hooks.runFinalize(items.advanced(by: index * layout.stride))
    }
    tag(items, 0)
    slab.kegNumber = 0
    headers?.putItem(slab.header)
    if flags.contains(.noDump) { PageArena.setDumped(items, layout.byteCount, true) }
    unsafe pages.freePages(items.address, layout.pageCount)
    budget.refund(layout.costInBytes)
  }

  /// Pages for a slab, aligned as its layout wants them.
  private func takePages() -> Item? {
    let alignment = layout.headerOffset == nil ? PageArena.pageByteCount : layout.byteCount
    guard let pages = unsafe Item(pages.allocatePages(layout.pageCount, alignment: alignment))
    else { return nil }
    precondition(
      pages.number % UInt(alignment) == 0, "pages at \(pages), not at \(alignment) bytes")
    return pages
  }

  /// Has the page source remember a word for every page of a slab, if it remembers any.
  private func tag(_ items: Item, _ word: UInt) {
    unsafe mapping?.setOwner(word, of: items.address, layout.pageCount)
  }
}

// MARK: - Finding the slab

extension Keg {
  /// The slab that holds the bytes at `address`, which is an item of some keg, with no lock held.
  func slabHolding(_ address: Item) -> Slab? {
    // The slab cannot go away while the item is out, so the table may be read without the lock.
    if mapping != nil { return mappedSlab(address) }
    return slabs.withLock { slabHolding(address, $0) }
  }

  /// The slab that holds the bytes at `address`, which is an item of some keg.
  func slabHolding(_ address: Item, _ slabs: borrowing Slabs) -> Slab? {
    if mapping != nil { return mappedSlab(address) }
    if let hash = slabs.hash { return hash.find(address, slabByteCount: layout.byteCount) }
    let slab = slabByHeader(holding: address)
    let start = address.number & ~UInt(layout.byteCount - 1)
    return slab.kegNumber == number && slab.items.number == start ? slab : nil
  }

  /// The slab that a page of `address` is tagged with, or nil if that is none of this keg.
  private func mappedSlab(_ address: Item) -> Slab? {
    let word = unsafe arena?.owner(of: address.address) ?? mapping?.owner(of: address.address) ?? 0
    guard let slab = Slab(word: word), slab.kegNumber == number else { return nil }
    return slab
  }

  /// The slab of an address, if slabs stand at multiples of their own length with the header in
  /// them; what is read of it means something only if the address is an item of such a slab.
  func slabByHeader(holding address: Item) -> Slab {
    let start = address.number & ~UInt(layout.byteCount - 1)
    guard let header = Item(number: start + UInt(layout.headerOffset ?? 0)) else {
      preconditionFailure("item 0 is no item")
    }
    return Slab(header: header)
  }
}
