// SPDX-License-Identifier: BSD-2-Clause
//
// The addresses of a stack, of all its interfaces: a host is meant by each of them wherever a packet
// comes in (the weak model of RFC 1122, 3.3.4.2).
//
//     v4     address, host mask, interface          a datagram looks at each, and few have more than two
//     v6     address, prefix, interface, state
//
//     a tentative IPv6 address is nobody's yet: nothing is sent from it, and nothing taken for it but
//     what tells whether another host has it (RFC 4862, 5.4)

import Wire

/// An IPv4 address of the stack.
struct IPv4Local: BitwiseCopyable {
  let address: IPv4Address
  /// The bits that number the hosts of the network: ones at the end.
  let hostMask: UInt32
  let interface: UInt16
  /// Whether the link has been told.
  var isAnnounced = false

  init(_ address: IPv4Address, prefixBitCount: Int, interface: UInt16) {
    self.address = address
    hostMask = prefixBitCount == 32 ? 0 : .max >> UInt32(prefixBitCount)
    self.interface = interface
  }

  /// Whether `other` is in the same network.
  @inline(__always)
  func isNeighbour(_ other: IPv4Address) -> Bool { address.bits ^ other.bits <= hostMask }

  /// The address of every host of the network; the address itself where a network has one or two.
  var broadcast: IPv4Address {
    hostMask <= 1 ? address : IPv4Address(address.bits | hostMask)
  }

  /// Whether `other` is the first or the last address of the network, which no host has.
  ///
  /// A network of one or two addresses gives all of them to hosts (RFC 3021).
  func isNetworkOrBroadcast(_ other: IPv4Address) -> Bool {
    let host = other.bits & hostMask
    return isNeighbour(other) && hostMask > 1 && (host == 0 || host == hostMask)
  }
}

/// An IPv6 address of the stack.
struct IPv6Local: BitwiseCopyable {
  /// How far it is ours.
  enum State: UInt8 {
    /// Nobody may have it yet.
    case tentative
    /// Ours.
    case preferred
    /// Another host has it.
    case duplicated
  }

  let address: IPv6Address
  let prefixBitCount: Int
  let interface: UInt16
  var state: State
  /// When it is ours, if it is asked about and nobody claims it.
  var tentativeEnd: Int64?

  /// Whether `other` is in the same network.
  func isNeighbour(_ other: IPv6Address) -> Bool {
    address.commonPrefixBitCount(with: other) >= prefixBitCount
  }
}

extension IPv6Address {
  /// Bits from the front that are the same.
  func commonPrefixBitCount(with other: IPv6Address) -> Int {
    high == other.high
      ? 64 + (low ^ other.low).leadingZeroBitCount : (high ^ other.high).leadingZeroBitCount
  }
}

/// The addresses of a stack.
struct LocalAddresses {
  private(set) var v4: [IPv4Local] = []
  private(set) var v6: [IPv6Local] = []

  /// Adds an address of an interface.
  mutating func add(_ address: InterfaceAddress, interface: UInt16, isTentative: Bool) {
    switch address.address {
    case .v4(let v4):
      self.v4.append(
        IPv4Local(v4, prefixBitCount: address.prefixBitCount, interface: interface))
    case .v6(let v6):
      self.v6.append(
        IPv6Local(
          address: v6, prefixBitCount: address.prefixBitCount, interface: interface,
          state: isTentative ? .tentative : .preferred))
    }
  }

  /// Says how far an IPv6 address is ours.
  mutating func set(_ state: IPv6Local.State, at index: Int) { v6[index].state = state }

  /// Notes when a tentative address is ours.
  mutating func setTentativeEnd(_ end: Int64, at index: Int) { v6[index].tentativeEnd = end }

  /// Notes that a link has been told of an IPv4 address.
  mutating func setAnnounced(at index: Int) { v4[index].isAnnounced = true }

  // MARK: IPv4

  /// Whether a datagram for `address` is for us: ours, or a broadcast we are among.
  func accept(_ address: IPv4Address) -> Bool {
    for entry in v4 where entry.address == address || entry.broadcast == address { return true }
    return address.isBroadcast
  }

  /// Whether every host of a link hears what is sent to `address`.
  func isBroadcast(_ address: IPv4Address) -> Bool {
    for entry in v4 where entry.hostMask > 1 && entry.broadcast == address { return true }
    return address.isBroadcast
  }

  /// Whether no other host sends from `address`, as far as our networks tell.
  ///
  /// - Parameter acceptsOwn: another program of this host may, from one of our addresses.
  @inline(__always)
  func excludes(_ address: IPv4Address, acceptsOwn: Bool) -> Bool {
    for entry in v4 where entry.isNeighbour(address) {
      if entry.isNetworkOrBroadcast(address) { return true }
      if entry.address == address { return !acceptsOwn }
    }
    return false
  }

  /// Whether `address` is ours to send from.
  func contains(_ address: IPv4Address) -> Bool {
    for entry in v4 where entry.address == address { return true }
    return false
  }

  /// Whether `address` is ours on an interface.
  func contains(_ address: IPv4Address, on interface: UInt16) -> Bool {
    for entry in v4 where entry.address == address && entry.interface == interface { return true }
    return false
  }

  /// The address to send from: the one in the destination's network, else the first of the interface,
  /// else the first of all.
  func source(for destination: IPv4Address, on interface: UInt16) -> IPv4Address? {
    for entry in v4 where entry.isNeighbour(destination) { return entry.address }
    for entry in v4 where entry.interface == interface { return entry.address }
    return v4.first?.address
  }

  // MARK: IPv6

  /// The address among ours; nil if it is not.
  func index(of address: IPv6Address) -> Int? {
    v6.firstIndex { $0.address == address }
  }

  /// Whether `address` is ours to send from.
  func contains(_ address: IPv6Address) -> Bool {
    for entry in v6 where entry.address == address { return entry.state == .preferred }
    return false
  }

  /// Whether an address is ours, of either family.
  func contains(_ address: IPAddress) -> Bool {
    switch address {
    case .v4(let v4): contains(v4)
    case .v6(let v6): contains(v6)
    }
  }

  /// Whether the group is the solicited-node group of an address of ours (RFC 4291, 2.7.1).
  func isSolicited(_ group: IPv6Address) -> Bool {
    for entry in v6 where entry.address.solicitedNodeGroup == group { return true }
    return false
  }

  /// The address to send from.
  ///
  /// By rules 1, 2 and 8 of RFC 6724, section 5: the destination itself, the smallest scope that is not
  /// less than the destination's, the interface it leaves by, the longest prefix in common.
  func source(for destination: IPv6Address, on interface: UInt16) -> IPv6Address? {
    var best: IPv6Local?
    for entry in v6 where entry.state == .preferred {
      if entry.address == destination { return destination }
      guard let old = best else {
        best = entry
        continue
      }
      if isBetter(entry, than: old, for: destination, on: interface) { best = entry }
    }
    return best?.address
  }

  private func isBetter(
    _ new: IPv6Local, than old: IPv6Local, for destination: IPv6Address, on interface: UInt16
  ) -> Bool {
    let wanted = destination.scope
    let (newScope, oldScope) = (new.address.scope, old.address.scope)
    if newScope != oldScope {
      return newScope < oldScope ? newScope >= wanted : oldScope < wanted
    }
    let (isNewHere, isOldHere) = (new.interface == interface, old.interface == interface)
    if isNewHere != isOldHere { return isNewHere }
    return new.address.commonPrefixBitCount(with: destination)
      > old.address.commonPrefixBitCount(with: destination)
  }
}

extension IPv6Address {
  /// How far the address reaches, as the scope of a group counts it (RFC 4291, 2.7): 2 a link, 5 a site,
  /// 14 the world.
  var scope: UInt8 {
    if isMulticast { return UInt8(truncatingIfNeeded: high >> 48) & 15 }
    return isLinkLocal || isLoopback ? 2 : 14
  }
}
