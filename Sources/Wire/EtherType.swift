// SPDX-License-Identifier: BSD-2-Clause

/// The two bytes that say what an Ethernet frame carries, or how long it is.
///
///     0...1500        a length: IEEE 802.3, an LLC header follows
///     1501...1535     nothing
///     1536...65535    a type: Ethernet II
@frozen
public struct EtherType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire.
  public let rawValue: UInt16

  /// Takes any number: what is not known is simply not equal to anything known.
  @inlinable @inline(__always)
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// Internet Protocol version 4.
  @inlinable public static var ipv4: EtherType { EtherType(rawValue: 0x0800) }
  /// Address Resolution Protocol.
  @inlinable public static var arp: EtherType { EtherType(rawValue: 0x0806) }
  /// Reverse ARP, which has ARP's header.
  @inlinable public static var reverseARP: EtherType { EtherType(rawValue: 0x8035) }
  /// A customer VLAN tag (IEEE 802.1Q).
  @inlinable public static var vlan: EtherType { EtherType(rawValue: 0x8100) }
  /// Internet Protocol version 6.
  @inlinable public static var ipv6: EtherType { EtherType(rawValue: 0x86dd) }
  /// A service VLAN tag (IEEE 802.1ad, "QinQ").
  @inlinable public static var serviceVLAN: EtherType { EtherType(rawValue: 0x88a8) }
  /// MPLS labels.
  @inlinable public static var mpls: EtherType { EtherType(rawValue: 0x8847) }
  /// MPLS labels, upstream-assigned or of multicast.
  @inlinable public static var mplsMulticast: EtherType { EtherType(rawValue: 0x8848) }
  /// A PPPoE session.
  @inlinable public static var pppoeSession: EtherType { EtherType(rawValue: 0x8864) }
  /// MACsec (IEEE 802.1AE).
  @inlinable public static var macsec: EtherType { EtherType(rawValue: 0x88e5) }
  /// A provider backbone's tag (IEEE 802.1ah).
  @inlinable public static var backboneTag: EtherType { EtherType(rawValue: 0x88e7) }
  /// Cisco FabricPath.
  @inlinable public static var fabricPath: EtherType { EtherType(rawValue: 0x8903) }
  /// A redundancy tag (IEEE 802.1CB).
  @inlinable public static var redundancyTag: EtherType { EtherType(rawValue: 0xf1c1) }
  /// A service VLAN tag as it was written before 802.1ad.
  @inlinable public static var oldServiceVLAN: EtherType { EtherType(rawValue: 0x9100) }

  /// Whether this is a length and not a type.
  @inlinable
  public var isLength: Bool { rawValue <= 1500 }

  /// Whether four bytes of VLAN tag and another type follow.
  @inlinable
  public var isVLANTag: Bool { self == .vlan || isServiceVLANTag }

  /// Whether a service tag follows, of the standard or the old kind.
  @inlinable
  public var isServiceVLANTag: Bool { self == .serviceVLAN || self == .oldServiceVLAN }
}

extension EtherType: CustomStringConvertible {
  /// The name of a known type, else the number in hex.
  public var description: String {
    switch self {
    case .ipv4: "IPv4"
    case .arp: "ARP"
    case .reverseARP: "RARP"
    case .vlan: "802.1Q"
    case .ipv6: "IPv6"
    case .serviceVLAN: "802.1ad"
    case .oldServiceVLAN: "QinQ"
    case .mpls, .mplsMulticast: "MPLS"
    case .pppoeSession: "PPPoE"
    case .macsec: "MACsec"
    case .backboneTag: "802.1ah"
    case .fabricPath: "FabricPath"
    case .redundancyTag: "802.1CB"
    default: isLength ? "length \(rawValue)" : "0x" + String(rawValue, radix: 16)
    }
  }
}
