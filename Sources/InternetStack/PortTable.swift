// SPDX-License-Identifier: BSD-2-Clause
//
// Open addressing with linear probing, at most half full:
//
//     entries   [ . ][ 10.0.0.1:53 -> 7 ][ 0.0.0.0:53 -> 2 ][ . ] ...      port 0 is an empty entry
//
//     every entry lies between its home and the next empty entry
//     count == entries with a port;  count <= 256
//
// An entry that leaves is filled from behind, so that there are no tombstones and a search that
// finds nothing stays as short as the rule above allows.

import Wire

/// Which socket has which address and port.
///
/// BSD: `struct inpcbinfo` and its hash.
struct PortTable {
  struct Entry: BitwiseCopyable {
    var address: UInt32 = 0
    var port: UInt16 = 0
    var socket: UInt16 = 0
  }

  private static var mask: Int { 511 }
  private var entries = [Entry](repeating: Entry(), count: mask + 1)
  private(set) var count = 0

  /// The socket that takes datagrams for this address and port: one bound to exactly this address,
  /// else one bound to any.
  ///
  /// BSD: `in_pcblookup`.
  func socket(for address: IPv4Address, port: UInt16) -> Int? {
    exactSocket(for: address, port: port) ?? exactSocket(for: .any, port: port)
  }

  /// The socket bound to exactly this address and port.
  func exactSocket(for address: IPv4Address, port: UInt16) -> Int? {
    guard let slot = slot(of: address, port) else { return nil }
    return Int(entries[slot].socket)
  }

  /// Binds an address and a port that are free.
  mutating func insert(_ address: IPv4Address, port: UInt16, socket: Int) {
    precondition(port != 0 && count <= Self.mask / 2, "port \(port), \(count) bound")
    var slot = Self.home(address.bits, port)
    while entries[slot].port != 0 { slot = (slot + 1) & Self.mask }
    entries[slot] = Entry(address: address.bits, port: port, socket: UInt16(socket))
    count += 1
  }

  /// Frees an address and a port.
  mutating func remove(_ address: IPv4Address, port: UInt16) {
    guard var hole = slot(of: address, port) else {
      preconditionFailure("\(address):\(port) is not bound")
    }
    var slot = hole
    while true {
      slot = (slot + 1) & Self.mask
      let entry = entries[slot]
      if entry.port == 0 { break }
      // An entry may move back to the hole unless its home lies behind it.
      let distance = (slot - Self.home(entry.address, entry.port)) & Self.mask
      if distance >= (slot - hole) & Self.mask {
        entries[hole] = entry
        hole = slot
      }
    }
    entries[hole] = Entry()
    count -= 1
  }

  private func slot(of address: IPv4Address, _ port: UInt16) -> Int? {
    var slot = Self.home(address.bits, port)
    while true {
      let entry = entries[slot]
      if entry.port == port, entry.address == address.bits { return slot }
      if entry.port == 0 { return nil }
      slot = (slot + 1) & Self.mask
    }
  }

  private static func home(_ address: UInt32, _ port: UInt16) -> Int {
    // Wrapping is what spreads the bits: Fibonacci hashing.
    let mixed = (UInt64(address) << 16 | UInt64(port)) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed >> 55)
  }

  /// Stops if an entry cannot be found, or is not counted.
  func checkInvariants() {
    var found = 0
    for index in 0...Self.mask where entries[index].port != 0 {
      found += 1
      let entry = entries[index]
      precondition(
        slot(of: IPv4Address(entry.address), entry.port) == index,
        "port \(entry.port) at \(index) cannot be found")
    }
    precondition(found == count, "\(found) entries, \(count) counted")
  }
}
