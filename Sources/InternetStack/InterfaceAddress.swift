// SPDX-License-Identifier: BSD-2-Clause
public import Wire

/// An address of the stack and the network it lies in, as in 192.0.2.1/24.
///
/// BSD: `struct in_ifaddr`.
public struct InterfaceAddress: Hashable, Sendable, BitwiseCopyable {
  /// The address.
  public let address: IPv4Address
  /// Bits of it that name the network, 0...32.
  public let prefixBitCount: Int

  /// Names an address and its network.
  public init(_ address: IPv4Address, prefixBitCount: Int = 32) {
    precondition((0...32).contains(prefixBitCount), "a prefix of \(prefixBitCount) bits")
    self.address = address
    self.prefixBitCount = prefixBitCount
  }

  var hostMask: UInt32 { prefixBitCount == 32 ? 0 : .max >> UInt32(prefixBitCount) }

  /// Whether `other` is in the same network.
  public func isNeighbour(_ other: IPv4Address) -> Bool {
    (address.bits ^ other.bits) & ~hostMask == 0
  }

  /// The address of every host of the network; the address itself where a network has one or two.
  public var broadcast: IPv4Address {
    prefixBitCount >= 31 ? address : IPv4Address(address.bits | hostMask)
  }
}

/// The addresses of a stack, at most eight: they lie in the stack itself, and every packet asks.
struct LocalAddresses {
  static var limit: Int { 8 }
  private var entries = InlineArray<8, InterfaceAddress>(repeating: InterfaceAddress(.any))
  private(set) var count = 0

  init(_ addresses: [InterfaceAddress]) {
    precondition(
      addresses.count <= Self.limit, "\(addresses.count) addresses, at most \(Self.limit)")
    for address in addresses {
      entries[count] = address
      count += 1
    }
  }

  /// Whether a datagram for `address` is for us: ours, or a broadcast we are among.
  func accept(_ address: IPv4Address) -> Bool {
    for index in 0..<count
    where entries[index].address == address || entries[index].broadcast == address {
      return true
    }
    return address.isBroadcast
  }

  /// Whether `address` is ours to send from.
  func contains(_ address: IPv4Address) -> Bool {
    for index in 0..<count where entries[index].address == address { return true }
    return false
  }

  /// The address to send from: the one in the destination's network, else the first.
  func source(for destination: IPv4Address) -> IPv4Address? {
    for index in 0..<count where entries[index].isNeighbour(destination) {
      return entries[index].address
    }
    return count > 0 ? entries[0].address : nil
  }
}
