// SPDX-License-Identifier: BSD-2-Clause
public import Wire

/// An address of the stack and the network it lies in, as in 192.0.2.1/24 and 2001:db8::1/64.
///
/// BSD: `struct in_ifaddr`, `struct in6_ifaddr`.
public struct InterfaceAddress: Hashable, Sendable, BitwiseCopyable {
  /// The address.
  public let address: IPAddress
  /// Bits of it that name the network.
  public let prefixBitCount: Int

  /// Names an address and its network.
  ///
  /// - Parameters:
  ///   - address: the address.
  ///   - prefixBitCount: bits of it that name the network, 0...32.
  public init(_ address: IPv4Address, prefixBitCount: Int = 32) {
    precondition((0...32).contains(prefixBitCount), "a prefix of \(prefixBitCount) bits")
    self.address = .v4(address)
    self.prefixBitCount = prefixBitCount
  }

  /// Names an IPv6 address and its network.
  ///
  /// - Parameters:
  ///   - address: the address.
  ///   - prefixBitCount: bits of it that name the network, 0...128.
  public init(_ address: IPv6Address, prefixBitCount: Int = 128) {
    precondition((0...128).contains(prefixBitCount), "a prefix of \(prefixBitCount) bits")
    self.address = .v6(address)
    self.prefixBitCount = prefixBitCount
  }

  /// Reads an address with the bits of its network, or without: then it is alone.
  ///
  /// - Parameter text: as `192.0.2.1/24`, `2001:db8::1/64` or `192.0.2.1`; nil if it is neither.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let address = IPAddress(first) else { return nil }
    let limit = if case .v4 = address { 32 } else { 128 }
    var count = limit
    if parts.count == 2 {
      guard let given = Int(parts[1]), (0...limit).contains(given) else { return nil }
      count = given
    }
    self.address = address
    prefixBitCount = count
  }
}

extension InterfaceAddress {
  /// The network.
  var prefix: IPPrefix {
    guard let prefix = IPPrefix(address, length: prefixBitCount) else {
      preconditionFailure("a prefix of \(prefixBitCount) bits")
    }
    return prefix
  }
}

extension InterfaceAddress: CustomStringConvertible {
  /// The address with the bits of its network.
  public var description: String { "\(address)/\(prefixBitCount)" }
}
