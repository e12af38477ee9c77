// SPDX-License-Identifier: BSD-2-Clause

/// The addresses that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32`.
@frozen
public struct IPPrefix: Hashable, Sendable, BitwiseCopyable {
  /// The first of them: all bits behind the prefix are 0.
  public let address: IPAddress
  /// Bits that they share: 0...32 of IPv4, 0...128 of IPv6.
  public let length: Int

  /// The prefix of so many bits that an address lies in.
  ///
  /// - Returns: nil if an address of this family has fewer bits.
  public init?(_ address: IPAddress, length: Int) {
    guard 0...Self.bitCount(address) ~= length else { return nil }
    self.length = length
    switch address {
    case .v4(let address): self.address = .v4(IPv4Address(address.bits & Self.mask32(length)))
    case .v6(let address):
      let mask = Self.mask128(length)
      self.address = .v6(
        IPv6Address(high: address.high & mask.high, low: address.low & mask.low))
    }
  }

  /// Reads an address, a slash and a number of bits; without the last two, an address alone.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(parts[0]) else { return nil }
    guard parts.count == 2 else {
      self.init(address, length: Self.bitCount(address))
      return
    }
    guard parts[1].utf8.allSatisfy({ 48...57 ~= $0 }), let length = Int(parts[1]) else {
      return nil
    }
    self.init(address, length: length)
  }

  /// Whether an address lies in the prefix; those of the other family do not.
  public func contains(_ address: IPAddress) -> Bool {
    switch (self.address, address) {
    case (.v4(let first), .v4(let other)): first.bits == other.bits & Self.mask32(length)
    case (.v6(let first), .v6(let other)):
      first.high == other.high & Self.mask128(length).high
        && first.low == other.low & Self.mask128(length).low
    default: false
    }
  }

  private static func bitCount(_ address: IPAddress) -> Int {
    if case .v4 = address { 32 } else { 128 }
  }

  private static func mask32(_ length: Int) -> UInt32 { UInt32.max << UInt32(32 - length) }

  private static func mask128(_ length: Int) -> IPv6Address {
    IPv6Address(
      high: UInt64.max << UInt64(64 - min(length, 64)),
      low: UInt64.max << UInt64(64 - max(length - 64, 0)))
  }
}

extension IPPrefix: CustomStringConvertible {
  /// The address, a slash and the number of bits.
  public var description: String { "\(address)/\(length)" }
}
