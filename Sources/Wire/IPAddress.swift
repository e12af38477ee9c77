// SPDX-License-Identifier: BSD-2-Clause

/// An address of either family.
@frozen
public enum IPAddress: Hashable, Sendable, BitwiseCopyable {
  /// An address of IPv4.
  case v4(IPv4Address)
  /// An address of IPv6.
  case v6(IPv6Address)

  /// Reads an address of either family.
  public init?(_ text: some StringProtocol) {
    if let address = IPv4Address(text) {
      self = .v4(address)
    } else if let address = IPv6Address(text) {
      self = .v6(address)
    } else {
      return nil
    }
  }

  /// Whether this is the unspecified address of its family.
  @inlinable
  public var isAny: Bool {
    switch self {
    case .v4(let address): address.isAny
    case .v6(let address): address.isAny
    }
  }

  /// Whether this names a group of hosts.
  @inlinable
  public var isMulticast: Bool {
    switch self {
    case .v4(let address): address.isMulticast
    case .v6(let address): address.isMulticast
    }
  }
}

extension IPAddress: CustomStringConvertible {
  /// The address in the text form of its family.
  public var description: String {
    switch self {
    case .v4(let address): address.description
    case .v6(let address): address.description
    }
  }
}
