// SPDX-License-Identifier: BSD-2-Clause
public import Wire

/// An address of the stack and the network it lies in, as in 192.0.2.1/24.
///
/// BSD: `struct in_ifaddr`.
public struct InterfaceAddress: Hashable, Sendable, BitwiseCopyable {
  /// The address.
  let address: IPv4Address
  // The bits that number the hosts of the network: ones at the end.
  let hostMask: UInt32

  /// Names an address and its network.
  ///
  /// - Parameters:
  ///   - address: the address.
  ///   - prefixBitCount: bits of it that name the network, 0...32.
  public init(_ address: IPv4Address, prefixBitCount: Int = 32) {
    precondition((0...32).contains(prefixBitCount), "a prefix of \(prefixBitCount) bits")
    self.address = address
    hostMask = prefixBitCount == 32 ? 0 : .max >> UInt32(prefixBitCount)
  }

  /// Whether `other` is in the same network.
  func isNeighbour(_ other: IPv4Address) -> Bool {
    address.bits ^ other.bits <= hostMask
  }

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

/// The addresses of a stack.
struct LocalAddresses {
  private let entries: [InterfaceAddress]

  init(_ addresses: [InterfaceAddress]) { entries = addresses }

  /// Whether a datagram for `address` is for us: ours, or a broadcast we are among.
  func accept(_ address: IPv4Address) -> Bool {
    for entry in entries where entry.address == address || entry.broadcast == address {
      return true
    }
    return address.isBroadcast
  }

  /// Whether every host of a link hears what is sent to `address`.
  func isBroadcast(_ address: IPv4Address) -> Bool {
    for entry in entries where entry.hostMask > 1 && entry.broadcast == address { return true }
    return address.isBroadcast
  }

  /// Whether no other host sends from `address`, as far as our networks tell.
  ///
  /// - Parameter acceptsOwn: another program of this host may, from one of our addresses.
  @inline(__always)
  func excludes(_ address: IPv4Address, acceptsOwn: Bool) -> Bool {
    for entry in entries where entry.isNeighbour(address) {
      if entry.isNetworkOrBroadcast(address) { return true }
      if entry.address == address { return !acceptsOwn }
    }
    return false
  }

  /// Whether `address` is ours to send from.
  func contains(_ address: IPv4Address) -> Bool {
    for entry in entries where entry.address == address { return true }
    return false
  }

  /// The address to send from: the one in the destination's network, else the first.
  func source(for destination: IPv4Address) -> IPv4Address? {
    for entry in entries where entry.isNeighbour(destination) { return entry.address }
    return entries.first?.address
  }
}
