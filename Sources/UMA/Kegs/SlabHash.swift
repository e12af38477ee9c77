// SPDX-License-Identifier: BSD-2-Clause
//
// A table of slabs by address, for slabs whose pages cannot be tagged.
//
//     chains   [0] -> slab -> slab     [1]     [2] -> slab     ...     [chainCount - 1]
//
// Let the granule be the largest power of two that fits in a slab. A slab is chained by the
// granule it starts in. Slabs do not overlap and are at least a granule long, so no two start in
// the same; and they are less than two granules long, so the slab of an address starts in the
// address's granule or in one of the two before it. A look-up walks three chains, each with one
// slab on average or less:
//
//     slabCount < chainCount, except while the table grows
//
// Growth has three steps, since no memory is asked for under the keg's lock: copy the descriptor
// under the lock; allocate twice its size without; under the lock again, rehash if the table is
// still smaller than the new one. Whichever of the two lost is freed last, without the lock.

/// The descriptor of a hash table of slabs; copies share the table.
///
/// BSD: `struct uma_hash`, `hash_alloc`, `hash_expand`, `hash_free`, `hash_sfind`
/// (sys/vm/uma_core.c).
@safe
struct SlabHash {
  static let initialChainCount = 32

  private let chains: UnsafeMutablePointer<Slab?>
  let chainCount: Int
  private let granuleShift: Int

  /// An empty table for slabs of some length.
  init(slabByteCount: Int) {
    precondition(slabByteCount > 0, "slabs of \(slabByteCount) bytes")
    self.init(
      Self.initialChainCount, slabByteCount.bitWidth - 1 - slabByteCount.leadingZeroBitCount)
  }

  private init(_ chainCount: Int, _ granuleShift: Int) {
    unsafe chains = .allocate(capacity: chainCount)
    unsafe chains.initialize(repeating: nil, count: chainCount)
    self.chainCount = chainCount
    self.granuleShift = granuleShift
  }

  /// An empty table of twice the size: the second step of growing.
  func grown() -> SlabHash { SlabHash(chainCount * 2, granuleShift) }

  /// Frees the table, not the slabs on it.
  func free() { unsafe chains.deallocate() }

  /// The first slab of a chain.
  private subscript(chain: Int) -> Slab? {
    // In bounds: `chain(of:)` masks, and the others count up to `chainCount`.
    get { unsafe chains[chain] }
    nonmutating set { unsafe chains[chain] = newValue }
  }

  /// Chains every slab of another table here: the third step of growing.
  ///
  /// - Precondition: the keg's lock is held.
  func rehash(_ old: SlabHash) {
    for index in 0..<old.chainCount {
      while let slab = old[index] {
        old[index] = slab.nextInChain
        insert(slab)
      }
    }
  }

  func insert(_ slab: Slab) {
    let index = chain(of: granule(of: slab.items))
    slab.nextInChain = self[index]
    self[index] = slab
  }

  /// Takes a slab off its chain.
  ///
  /// - Precondition: it is on it.
  func remove(_ slab: Slab) {
    let index = chain(of: granule(of: slab.items))
    if self[index] == slab {
      self[index] = slab.nextInChain
      return
    }
    var before = self[index]
    while let here = before {
      if here.nextInChain == slab {
        here.nextInChain = slab.nextInChain
        return
      }
      before = here.nextInChain
    }
    preconditionFailure("the slab at \(slab.items) is on no chain")
  }

  /// The slab that `address` lies in, or nil.
  func find(_ address: Item, slabByteCount: Int) -> Slab? {
    let granule = granule(of: address)
    for back: UInt in 0...2 {
      var slab = self[chain(of: granule &- back)]
      while let here = slab {
        // Wraps to more than any slab's length if the address is before the slab.
        let distance = address.number &- here.items.number
        if distance < UInt(slabByteCount) { return here }
        slab = here.nextInChain
      }
    }
    return nil
  }

  private func granule(of address: Item) -> UInt { address.number >> UInt(granuleShift) }

  /// Multiplicative hashing; the upper half of the product is the mixed one.
  private func chain(of granule: UInt) -> Int {
    Int((granule &* 0x9e37_79b9_7f4a_7c15) >> 32) & (chainCount - 1)
  }

  /// Slabs on all chains, and on the longest.
  func counts() -> (slabs: Int, longest: Int) {
    var (sum, longest) = (0, 0)
    for index in 0..<chainCount {
      var length = 0
      var slab = self[index]
      while let here = slab {
        length += 1
        slab = here.nextInChain
      }
      sum += length
      longest = Swift.max(longest, length)
    }
    return (sum, longest)
  }
}
