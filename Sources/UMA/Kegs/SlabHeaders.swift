// SPDX-License-Identifier: BSD-2-Clause

/// Where the headers of slabs come from that stand off their slabs: one keg per header size.
///
/// A header's size follows from how many items its slab really has, so a keg that is told to keep
/// its headers outside cannot outgrow them. The pools' own kegs keep theirs in the page, which
/// ends the recursion. The pages stay mapped for good: a stale look-up reads a free header, and
/// never what is no header.
///
/// BSD: `slabzone`, `slabrefzone` (sys/vm/uma_core.c), of one size each.
enum SlabHeaders {
  private static let pools = Guarded<[Int: Keg]>([:])
  private static let pages = PageArena(reservingByteCount: 4 << 30)
  /// Each header is charged to the budget of the keg that has it, so not here again.
  private static let budget = MemoryBudget()

  /// The pool of headers of a length.
  static func pool(byteCount: Int) -> Keg {
    pools.withLock { pools in
      if let pool = pools[byteCount] { return pool }
      let layout = SlabLayout(
        itemByteCount: byteCount, alignment: SlabLayout.lineByteCount, flags: .internalZone)
      let pool = Keg(
        layout: layout, pages: pages, hooks: ItemHooks(), flags: .internalZone,
        budget: budget)
      pools[byteCount] = pool
      return pool
    }
  }
}
