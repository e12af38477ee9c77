// SPDX-License-Identifier: BSD-2-Clause
//
//     key                        gets
//     -----------------------    ------------------------------------------------------
//     address, port              what is for exactly these
//     any of IPv4, port          the rest of IPv4 for the port;   any of IPv6 likewise
//     any, port                  the rest of both
//
//     table.count == exactCount + familyCount + anyCount
//
// A search tries only kinds of key that are there, most sockets of a stack being of one.

import Wire

/// Which slot of the socket table has which address and port.
///
/// BSD: `ipi_hashbase` of `struct inpcbinfo`.
struct PortTable: ~Copyable, Sendable {
  /// What a socket is found by.
  ///
  /// An IPv4 address stands as ::ffff:a.b.c.d, and any address of both families as the unspecified one.
  struct Key: ProbeKey, Hashable {
    let address: IPv6Address
    /// The port, and 65,536 more for any address of IPv6 alone.
    let portAndFamily: UInt32

    static var empty: Key { Key(IPv6Address.any, 0) }

    @inline(__always)
    init(_ address: IPv6Address, _ port: UInt16) {
      self.address = address
      portAndFamily = UInt32(port)
    }

    @inline(__always)
    init(_ address: IPv4Address, _ port: UInt16) {
      self.init(IPv6Address(mapping: address), port)
    }

    /// Any address of IPv6, and none of IPv4.
    @inline(__always)
    init(anyIPv6 port: UInt16) {
      address = .any
      portAndFamily = UInt32(port) | 1 << 16
    }

    /// An address to bind to; nil is any of both families.
    init(_ address: IPAddress?, _ port: UInt16) {
      switch address {
      case nil: self.init(IPv6Address.any, port)
      case .v4(let v4): self.init(v4, port)
      case .v6(let v6) where v6.isAny: self.init(anyIPv6: port)
      case .v6(let v6): self.init(v6, port)
      }
    }

    var port: UInt16 { UInt16(truncatingIfNeeded: portAndFamily) }
    @inline(__always)
    var isEmpty: Bool { portAndFamily == 0 }
    /// Whether it is for any address of both families.
    var isAny: Bool { address.isAny && portAndFamily >> 16 == 0 }
    /// Whether it is for any address of one family.
    var isAnyOfFamily: Bool { portAndFamily >> 16 != 0 || address == IPv6Address(mapping: .any) }
    /// Whether it is for one address.
    var isExact: Bool { !isAny && !isAnyOfFamily }

    /// The address bound to; IPv4's any stands for both families'.
    var boundAddress: IPAddress {
      if isAny { return .v4(.any) }
      return address.mappedIPv4.map { .v4($0) } ?? .v6(address)
    }

    /// Spreads the bits upwards, by wrapping: Fibonacci hashing.
    ///
    /// The rotation puts the end of an IPv4 address beside the port.
    @inline(__always)
    var hash: UInt64 {
      let low = address.low << 16 | address.low >> 48
      return (address.high ^ low ^ UInt64(portAndFamily)) &* 0x9e37_79b9_7f4a_7c15
    }
  }

  private var table = ProbeTable<Key>()
  /// Entries for one address.
  private(set) var exactCount = 0
  /// Entries for any address of one family.
  private(set) var familyCount = 0
  /// Entries for any address of both.
  var anyCount: Int { table.count - exactCount - familyCount }
  /// All entries.
  var count: Int { table.count }

  // MARK: Finding

  /// The slot that has exactly this key.
  @inline(__always)
  func slot(of key: Key) -> Int? { table.slot(of: key) }

  /// Entries that a search for this key looks at.
  func probeCount(for key: Key) -> Int { table.probeCount(for: key) }

  /// The slot that gets what is for this address and port.
  @inline(__always)
  func slot(for address: IPAddress, port: UInt16) -> Int? {
    if exactCount > 0, let slot = table.slot(of: Key(IPv6Address(address), port)) { return slot }
    if familyCount > 0 {
      let key =
        if case .v4 = address { Key(IPv4Address.any, port) } else { Key(anyIPv6: port) }
      if let slot = table.slot(of: key) { return slot }
    }
    return anyCount > 0 ? table.slot(of: Key(IPv6Address.any, port)) : nil
  }

  /// The keys that a datagram for this address and port may be found by, in order.
  static func keys(for address: IPAddress, port: UInt16) -> InlineArray<3, Key> {
    let ofFamily = if case .v4 = address { Key(IPv4Address.any, port) } else { Key(anyIPv6: port) }
    return [Key(IPv6Address(address), port), ofFamily, Key(IPv6Address.any, port)]
  }

  /// Whether another socket has this key, or one that leaves it nothing.
  func isTaken(_ key: Key) -> Bool {
    let port = key.port
    if table.slot(of: key) != nil { return true }
    if key.isAny {
      return table.slot(of: Key(IPv4Address.any, port)) != nil
        && table.slot(of: Key(anyIPv6: port)) != nil
    }
    return false
  }

  // MARK: Changing

  /// Binds an address and a port that are free.
  ///
  /// - Precondition: the port is not 0.
  /// - Complexity: O(1), amortized; allocates to grow.
  mutating func insert(_ key: Key, slot: UInt32) {
    table.insert(key, slot: slot)
    count(key, 1)
  }

  /// Frees an address and a port.
  mutating func remove(_ key: Key) {
    table.remove(key)
    count(key, -1)
  }

  private mutating func count(_ key: Key, _ change: Int) {
    if key.isExact { exactCount += change }
    if key.isAnyOfFamily { familyCount += change }
  }

  /// Traps if an entry cannot be found, or is not counted.
  func checkInvariants() {
    table.checkInvariants()
    var exact = 0
    var family = 0
    table.forEachKey { key in
      if key.isExact { exact += 1 }
      if key.isAnyOfFamily { family += 1 }
    }
    precondition(
      exact == exactCount && family == familyCount,
      "\(exact) exact, \(exactCount) counted; \(family) of a family, \(familyCount) counted")
  }
}
