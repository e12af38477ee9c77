// SPDX-License-Identifier: BSD-2-Clause
//
// Open addressing with linear probing, at most half full:
//
//     entries   [ . ][ 10.0.0.1:53 -> 7 ][ 0.0.0.0:53 -> 2 ][ . ] ...      a power of two of them
//
//     an entry without a port is empty;   2 * count <= entries.count
//     every entry lies between its home and the next empty entry
//     exactCount == entries with an address <= count == entries with a port
//
// An entry that leaves is filled from behind, so that there are no tombstones and a search that
// finds nothing stays as short as the rule above allows: with keys well spread, 1.5 entries for a
// port that is bound and 2.5 for one that is not, however many there are (Knuth, 6.4). What comes in
// from outside chooses among the ports that are bound, but not which are.

import BasicContainers
import Wire

/// Which slot of the socket table has which address and port.
///
/// BSD: `ipi_hashbase` of `struct inpcbinfo`.
struct PortTable: ~Copyable, Sendable {
  /// What a socket is found by, as one number.
  ///
  /// It has an IPv4 address and a port. What IPv6 or connected sockets add makes it wider and
  /// changes nothing in the table.
  struct Key: Equatable, BitwiseCopyable {
    let bits: UInt64

    @inline(__always)
    init(_ address: IPv4Address, _ port: UInt16) {
      bits = UInt64(address.bits) << 16 | UInt64(port)
    }

    var address: IPv4Address { IPv4Address(UInt32(truncatingIfNeeded: bits >> 16)) }
    var port: UInt16 { UInt16(truncatingIfNeeded: bits) }
    /// Wrapping is what spreads the bits, upwards: Fibonacci hashing.
    @inline(__always)
    var hash: UInt64 { bits &* 0x9e37_79b9_7f4a_7c15 }
  }

  // Not private: the 6.3 compiler then makes a symbol that its verifier refuses.
  struct Entry: BitwiseCopyable {
    var key = Key(.any, 0)
    var slot: UInt32 = 0
  }

  private var entries = UniqueArray<Entry>(repeating: Entry(), count: 16)
  /// The upper bits of a hash that make an index.
  private var shift: UInt64 = 60
  /// Entries with a port.
  private(set) var count = 0
  /// Entries with an address that is not any.
  private(set) var exactCount = 0

  private var mask: Int { entries.count - 1 }

  @inline(__always)
  private func home(_ key: Key) -> Int { Int(truncatingIfNeeded: key.hash >> shift) }

  // MARK: Finding

  /// The slot that has this address and port.
  @inline(__always)
  func slot(of key: Key) -> Int? {
    guard let index = index(of: key) else { return nil }
    return Int(entries[index].slot)
  }

  @inline(__always)
  private func index(of key: Key) -> Int? {
    var index = home(key)
    while true {
      let found = entries[index].key
      if found == key { return index }
      if found.port == 0 { return nil }
      index = (index + 1) & mask
    }
  }

  /// Entries that a search for this address and port looks at.
  func probeCount(for key: Key) -> Int {
    var index = home(key)
    var count = 1
    while entries[index].key != key, entries[index].key.port != 0 {
      index = (index + 1) & mask
      count += 1
    }
    return count
  }

  // MARK: Changing

  /// Binds an address and a port that are free.
  ///
  /// - Precondition: the port is not 0.
  /// - Complexity: O(1), amortized; allocates to grow.
  mutating func insert(_ key: Key, slot: UInt32) {
    precondition(key.port != 0, "a socket without a port in the table of ports")
    if 2 * (count + 1) > entries.count { grow() }
    place(Entry(key: key, slot: slot))
    count += 1
    if !key.address.isAny { exactCount += 1 }
  }

  private mutating func place(_ entry: Entry) {
    var index = home(entry.key)
    while entries[index].key.port != 0 { index = (index + 1) & mask }
    entries[index] = entry
  }

  private mutating func grow() {
    var old = UniqueArray<Entry>(repeating: Entry(), count: 2 * entries.count)
    swap(&entries, &old)
    shift -= 1
    for index in old.indices where old[index].key.port != 0 { place(old[index]) }
  }

  /// Frees an address and a port.
  mutating func remove(_ key: Key) {
    guard var hole = index(of: key) else {
      preconditionFailure("\(key.address):\(key.port) is not bound")
    }
    var index = hole
    while true {
      index = (index + 1) & mask
      let entry = entries[index]
      if entry.key.port == 0 { break }
      // An entry may move back to the hole unless its home lies behind it.
      let distance = (index - home(entry.key)) & mask
      if distance >= (index - hole) & mask {
        entries[hole] = entry
        hole = index
      }
    }
    entries[hole] = Entry()
    count -= 1
    if !key.address.isAny { exactCount -= 1 }
  }

  /// Traps if an entry cannot be found, or is not counted.
  func checkInvariants() {
    precondition(entries.count == 1 << (64 - shift), "\(entries.count) entries, shift \(shift)")
    precondition(2 * count <= entries.count, "\(count) of \(entries.count) entries")
    var found = 0
    var exact = 0
    for position in entries.indices where entries[position].key.port != 0 {
      let key = entries[position].key
      found += 1
      if !key.address.isAny { exact += 1 }
      precondition(
        index(of: key) == position, "\(key.address):\(key.port) at \(position) is not found")
    }
    precondition(
      found == count && exact == exactCount,
      "\(found) entries, \(count) counted; \(exact) with an address, \(exactCount) counted")
  }
}
