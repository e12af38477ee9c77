// SPDX-License-Identifier: BSD-2-Clause
//
// Open addressing with linear probing, at most half full, for things that lie in slots elsewhere:
//
//     entries   [ . ][ hash, slot 7 ][ hash, slot 2 ][ . ] ...           a power of two of them
//
//     2 * count <= entries.count
//     every entry lies between its home and the next empty entry
//
// An entry has the hash and the slot, not the key: a search looks at a key only where all 32 bits of
// the hash are the same, and growing looks at none. An entry that leaves is filled from behind, so
// that there are no tombstones. The hash is keyed by a seed, as the keys come from outside: who does
// not know the seed cannot choose them to lie in one place.

import BasicContainers
import Wire

/// A hash of an address that whoever does not know the seed cannot foresee.
struct AddressHash: BitwiseCopyable, Sendable {
  private let first: UInt64
  private let second: UInt64

  init(seed: UInt64) {
    // Wrapping is what spreads the bits; neither half is 0 but for one seed in 2^64.
    first = (seed ^ 0xa076_1d64_78bd_642f) &* 0xe703_7ed1_a0b4_28db
    second = (seed ^ 0x8ebc_6af0_9c88_c6e3) &* 0x5899_65cc_7537_4cc3
  }

  @inline(__always)
  func callAsFunction(_ address: IPv6Address, _ other: UInt32) -> UInt32 {
    let mixed = Self.fold(
      address.high ^ first, address.low ^ second ^ UInt64(other) << 48)
    return UInt32(truncatingIfNeeded: Self.fold(mixed ^ second, 0x9e37_79b9_7f4a_7c15) >> 32)
  }

  /// The halves of a product of 128 bits, one over the other.
  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (high, low) = left.multipliedFullWidth(by: right)
    return high ^ low
  }
}

/// Which slots hold something of a given hash.
struct SlotIndex: ~Copyable, Sendable {
  // Not private: the 6.3 compiler then makes a symbol that its verifier refuses.
  struct Entry: BitwiseCopyable {
    var hash: UInt32 = 0
    /// The slot and 1; 0 is no entry.
    var place: UInt32 = 0
  }

  private var entries = UniqueArray<Entry>(repeating: Entry(), count: 16)
  /// The upper bits of a hash that make an index.
  private var shift: UInt32 = 28
  private(set) var count = 0

  private var mask: Int { entries.count - 1 }

  /// Where a search for something of this hash begins.
  @inline(__always)
  func home(_ hash: UInt32) -> Int { Int(hash >> shift) }

  /// The next slot that holds something of this hash, from `position` on, which moves behind it.
  @inline(__always)
  func next(_ hash: UInt32, _ position: inout Int) -> Int? {
    while true {
      let entry = entries[position]
      if entry.place == 0 { return nil }
      position = (position + 1) & mask
      if entry.hash == hash { return Int(entry.place) - 1 }
    }
  }

  /// Notes that a slot holds something of this hash.
  ///
  /// - Complexity: O(1), amortized; allocates to grow.
  mutating func insert(_ hash: UInt32, slot: Int) {
    if 2 * (count + 1) > entries.count { grow() }
    place(Entry(hash: hash, place: UInt32(slot + 1)))
    count += 1
  }

  private mutating func place(_ entry: Entry) {
    var position = home(entry.hash)
    while entries[position].place != 0 { position = (position + 1) & mask }
    entries[position] = entry
  }

  private mutating func grow() {
    var old = UniqueArray<Entry>(repeating: Entry(), count: 2 * entries.count)
    swap(&entries, &old)
    shift -= 1
    for position in old.indices where old[position].place != 0 { place(old[position]) }
  }

  /// Forgets that a slot holds something of this hash.
  mutating func remove(_ hash: UInt32, slot: Int) {
    var hole = home(hash)
    while entries[hole].place != UInt32(slot + 1) {
      precondition(entries[hole].place != 0, "slot \(slot) of hash \(hash) is not in the index")
      hole = (hole + 1) & mask
    }
    var position = hole
    while true {
      position = (position + 1) & mask
      let entry = entries[position]
      if entry.place == 0 { break }
      // An entry may move back to the hole unless its home lies behind it.
      let distance = (position - home(entry.hash)) & mask
      if distance >= (position - hole) & mask {
        entries[hole] = entry
        hole = position
      }
    }
    entries[hole] = Entry()
    count -= 1
  }

  /// Traps if an entry cannot be found, or is not counted.
  func checkInvariants() {
    precondition(entries.count == 1 << (32 - shift), "\(entries.count) entries, shift \(shift)")
    precondition(2 * count <= entries.count, "\(count) of \(entries.count) entries")
    var found = 0
    for position in entries.indices where entries[position].place != 0 {
      found += 1
      var way = home(entries[position].hash)
      while way != position {
        precondition(entries[way].place != 0, "the entry at \(position) is not found")
        way = (way + 1) & mask
      }
    }
    precondition(found == count, "\(found) entries, \(count) counted")
  }
}
