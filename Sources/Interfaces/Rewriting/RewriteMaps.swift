// SPDX-License-Identifier: BSD-2-Clause
public import Wire

// The entries of `RewriteRules`: plain numbers, so that going through them retains nothing.

/// A link address, and what stands in its place.
public struct LinkMap: Equatable, Sendable {
  /// The address in the packet.
  public var old: MACAddress
  /// The address in its place.
  public var new: MACAddress

  /// Puts one address in the place of another.
  public init(_ old: MACAddress, to new: MACAddress) {
    self.old = old
    self.new = new
  }
}

/// Ports, and the one that stands in their place.
public struct PortMap: Equatable, Sendable {
  /// The ports in the packet.
  public var old: ClosedRange<UInt16>
  /// The port in their place.
  public var new: UInt16

  /// Puts one port in the place of others.
  public init(_ old: ClosedRange<UInt16>, to new: UInt16) {
    self.old = old
    self.new = new
  }
}

/// A prefix, and what stands in its place.
///
///     10.0.0.0/8 to 192.168.0.0/16       10.20.30.40 becomes 192.168.30.40
///
/// The length of the new prefix says how many bits are replaced, whatever that of the old one, as
/// tcprewrite has it.
public struct PrefixMap: Equatable, Sendable {
  /// Addresses that are mapped.
  public let old: IPPrefix
  /// Where to.
  public let new: IPPrefix

  // The same as numbers; of IPv4 the low 32 bits.
  let isIPv6: Bool
  let oldBits: IPv6Address
  let oldMask: IPv6Address
  let newBits: IPv6Address
  let newMask: IPv6Address

  /// Puts one prefix in the place of another.
  ///
  /// - Returns: nil if they are of different families.
  public init?(_ old: IPPrefix, to new: IPPrefix) {
    self.old = old
    self.new = new
    switch (old.address, new.address) {
    case (.v4(let first), .v4(let second)):
      isIPv6 = false
      oldBits = IPv6Address(high: 0, low: UInt64(first.bits))
      newBits = IPv6Address(high: 0, low: UInt64(second.bits))
    case (.v6(let first), .v6(let second)):
      (isIPv6, oldBits, newBits) = (true, first, second)
    default: return nil
    }
    oldMask = Self.mask(old.length, isIPv6)
    newMask = Self.mask(new.length, isIPv6)
  }

  private static func mask(_ length: Int, _ isIPv6: Bool) -> IPv6Address {
    let length = isIPv6 ? length : length + 96
    let low = UInt64.max << UInt64(64 - Swift.max(length - 64, 0))
    return isIPv6
      ? IPv6Address(high: .max << UInt64(64 - Swift.min(length, 64)), low: low)
      : IPv6Address(high: 0, low: low & 0xffff_ffff)
  }

  /// The address that an address becomes; nil if it is not in the old prefix.
  @inline(__always)
  func mapped(_ address: IPv6Address, isIPv6: Bool) -> IPv6Address? {
    guard isIPv6 == self.isIPv6, address.high & oldMask.high == oldBits.high,
      address.low & oldMask.low == oldBits.low
    else { return nil }
    return IPv6Address(
      high: newBits.high | address.high & ~newMask.high,
      low: newBits.low | address.low & ~newMask.low)
  }
}

/// What becomes of the hops that a packet has left (IPv4's time to live, IPv6's hop limit).
public enum HopRule: Equatable, Sendable {
  /// This many.
  case set(UInt8)
  /// So many more, 255 at most.
  case raise(UInt8)
  /// So many fewer, but one at least, as tcprewrite has it.
  case lower(UInt8)

  /// The hops left afterwards.
  func applied(to hops: UInt8) -> UInt8 {
    switch self {
    case .set(let value): value
    case .raise(let count): hops.addingReportingOverflow(count).overflow ? 255 : hops + count
    case .lower(let count): hops > count ? hops - count : 1
    }
  }
}

/// What becomes of the outer VLAN tag of an Ethernet frame.
public enum TagRule: Equatable, Sendable {
  /// A new outer tag in front of those that are there.
  case push(TagValue)
  /// Other values in the outer tag; frames without one stay as they are.
  case set(TagValue)
  /// No outer tag; frames without one stay as they are.
  case pop
}

/// The values of a VLAN tag; what is nil stays, and is 0 in a new tag.
public struct TagValue: Equatable, Sendable {
  /// The number of the VLAN, 0...4095.
  public var identifier: UInt16?
  /// The priority code point, 0...7.
  public var priority: UInt8?

  /// Puts the values together.
  ///
  /// - Precondition: they have 12 bits and 3.
  public init(identifier: UInt16? = nil, priority: UInt8? = nil) {
    precondition(identifier ?? 0 <= 0xfff, "VLAN \(identifier ?? 0)")
    precondition(priority ?? 0 <= 7, "priority \(priority ?? 0)")
    self.identifier = identifier
    self.priority = priority
  }

  /// The tag's control word, made from another.
  func applied(to control: UInt16) -> UInt16 {
    var control = control
    if let identifier { control = control & 0xf000 | identifier }
    if let priority { control = control & 0x1fff | UInt16(priority) << 13 }
    return control
  }
}
