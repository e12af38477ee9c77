// SPDX-License-Identifier: BSD-2-Clause
//
// Open addressing with linear probing, at most half full:
//
//     entries   [ . ][ 10.0.0.1:53 -> 7 ][ any:53 -> 2 ][ . ] ...      a power of two of them
//
//     2 * count <= entries.count;   every entry lies between its home and the next empty entry
//
// An entry that leaves is filled from behind, so that there are no tombstones and a search that
// finds nothing stays as short as the rule above allows: with keys well spread, 1.5 entries for a
// key that is there and 2.5 for one that is not, however many there are (Knuth, 6.4). The keys are those
// of sockets: what comes in from outside chooses among them, but not which they are.

import BasicContainers

/// What a socket is found by.
protocol ProbeKey: Equatable, BitwiseCopyable, Sendable {
  /// The key of no socket.
  static var empty: Self { get }
  /// Whether this is the key of no socket.
  var isEmpty: Bool { get }
  /// A number whose upper bits are well spread.
  var hash: UInt64 { get }
}

/// Which slot of the socket table has which key.
struct ProbeTable<Key: ProbeKey>: ~Copyable, Sendable {
  // Not private: the 6.3 compiler then makes a symbol that its verifier refuses.
  struct Entry: BitwiseCopyable {
    var key = Key.empty
    var slot: UInt32 = 0
  }

  private var entries = UniqueArray<Entry>(repeating: Entry(), count: 16)
  /// The upper bits of a hash that make an index.
  private var shift: UInt64 = 60
  /// Entries with a key.
  private(set) var count = 0

  private var mask: Int { entries.count - 1 }

  @inline(__always)
  private func home(_ key: Key) -> Int { Int(truncatingIfNeeded: key.hash >> shift) }

  // MARK: Finding

  /// The slot that has this key.
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
      if found.isEmpty { return nil }
      index = (index + 1) & mask
    }
  }

  /// Entries that a search for this key looks at.
  func probeCount(for key: Key) -> Int {
    var index = home(key)
    var count = 1
    while entries[index].key != key, !entries[index].key.isEmpty {
      index = (index + 1) & mask
      count += 1
    }
    return count
  }

  // MARK: Changing

  /// Adds a key that is not there.
  ///
  /// - Precondition: the key is not empty.
  /// - Complexity: O(1), amortized; allocates to grow.
  mutating func insert(_ key: Key, slot: UInt32) {
    precondition(!key.isEmpty, "a socket without a port in the table of ports")
    if 2 * (count + 1) > entries.count { grow() }
    place(Entry(key: key, slot: slot))
    count += 1
  }

  private mutating func place(_ entry: Entry) {
    var index = home(entry.key)
    while !entries[index].key.isEmpty { index = (index + 1) & mask }
    entries[index] = entry
  }

  private mutating func grow() {
    var old = UniqueArray<Entry>(repeating: Entry(), count: 2 * entries.count)
    swap(&entries, &old)
    shift -= 1
    for index in old.indices where !old[index].key.isEmpty { place(old[index]) }
  }

  /// Takes a key out.
  ///
  /// - Precondition: it is there.
  mutating func remove(_ key: Key) {
    guard var hole = index(of: key) else { preconditionFailure("\(key) is not bound") }
    var index = hole
    while true {
      index = (index + 1) & mask
      let entry = entries[index]
      if entry.key.isEmpty { break }
      // An entry may move back to the hole unless its home lies behind it.
      let distance = (index - home(entry.key)) & mask
      if distance >= (index - hole) & mask {
        entries[hole] = entry
        hole = index
      }
    }
    entries[hole] = Entry()
    count -= 1
  }

  // MARK: Checking

  /// Visits every key.
  func forEachKey(_ body: (Key) -> Void) {
    for index in entries.indices where !entries[index].key.isEmpty { body(entries[index].key) }
  }

  /// Traps if an entry cannot be found, or is not counted.
  func checkInvariants() {
    precondition(entries.count == 1 << (64 - shift), "\(entries.count) entries, shift \(shift)")
    precondition(2 * count <= entries.count, "\(count) of \(entries.count) entries")
    var found = 0
    for position in entries.indices where !entries[position].key.isEmpty {
      found += 1
      let key = entries[position].key
      precondition(index(of: key) == position, "\(key) at \(position) is not found")
    }
    precondition(found == count, "\(found) entries, \(count) counted")
  }
}
