// SPDX-License-Identifier: BSD-2-Clause

/// What an IP packet carries: IPv4's protocol field, IPv6's next header.
@frozen
public struct IPProtocol: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire.
  public let rawValue: UInt8

  /// Takes any number: what is not known is simply not equal to anything known.
  @inlinable @inline(__always)
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// IPv6 hop-by-hop options.
  @inlinable public static var hopByHop: IPProtocol { IPProtocol(rawValue: 0) }
  /// Internet Control Message Protocol.
  @inlinable public static var icmp: IPProtocol { IPProtocol(rawValue: 1) }
  /// Internet Group Management Protocol.
  @inlinable public static var igmp: IPProtocol { IPProtocol(rawValue: 2) }
  /// IPv4 inside IP.
  @inlinable public static var ipv4: IPProtocol { IPProtocol(rawValue: 4) }
  /// Transmission Control Protocol.
  @inlinable public static var tcp: IPProtocol { IPProtocol(rawValue: 6) }
  /// User Datagram Protocol.
  @inlinable public static var udp: IPProtocol { IPProtocol(rawValue: 17) }
  /// IPv6 inside IP.
  @inlinable public static var ipv6: IPProtocol { IPProtocol(rawValue: 41) }
  /// IPv6 routing header.
  @inlinable public static var routing: IPProtocol { IPProtocol(rawValue: 43) }
  /// IPv6 fragment header.
  @inlinable public static var fragment: IPProtocol { IPProtocol(rawValue: 44) }
  /// Generic Routing Encapsulation.
  @inlinable public static var gre: IPProtocol { IPProtocol(rawValue: 47) }
  /// Encapsulating Security Payload.
  @inlinable public static var esp: IPProtocol { IPProtocol(rawValue: 50) }
  /// Authentication Header.
  @inlinable public static var authentication: IPProtocol { IPProtocol(rawValue: 51) }
  /// ICMP for IPv6.
  @inlinable public static var icmpv6: IPProtocol { IPProtocol(rawValue: 58) }
  /// Nothing follows the IPv6 header.
  @inlinable public static var noNextHeader: IPProtocol { IPProtocol(rawValue: 59) }
  /// IPv6 destination options.
  @inlinable public static var destinationOptions: IPProtocol { IPProtocol(rawValue: 60) }
  /// Stream Control Transmission Protocol.
  @inlinable public static var sctp: IPProtocol { IPProtocol(rawValue: 132) }
  /// Host Identity Protocol, an IPv6 extension header (RFC 7401).
  @inlinable public static var hostIdentity: IPProtocol { IPProtocol(rawValue: 139) }
  /// Shim6, an IPv6 extension header (RFC 5533).
  @inlinable public static var shim6: IPProtocol { IPProtocol(rawValue: 140) }
  /// UDP-Lite, which is not UDP: its length field is a checksum coverage.
  @inlinable public static var udpLite: IPProtocol { IPProtocol(rawValue: 136) }

  /// Whether an IPv6 extension header that can be stepped over follows.
  @inlinable
  public var isIPv6Extension: Bool {
    switch self {
    case .hopByHop, .routing, .fragment, .authentication, .destinationOptions, .hostIdentity,
      .shim6:
      true
    default: false
    }
  }
}

extension IPProtocol: CustomStringConvertible {
  /// The name of a known protocol, else the number.
  public var description: String {
    switch self {
    case .hopByHop: "hop-by-hop"
    case .icmp: "ICMP"
    case .igmp: "IGMP"
    case .ipv4: "IPv4"
    case .tcp: "TCP"
    case .udp: "UDP"
    case .ipv6: "IPv6"
    case .routing: "routing"
    case .fragment: "fragment"
    case .gre: "GRE"
    case .esp: "ESP"
    case .authentication: "AH"
    case .icmpv6: "ICMPv6"
    case .noNextHeader: "none"
    case .destinationOptions: "destination options"
    case .sctp: "SCTP"
    case .hostIdentity: "HIP"
    case .shim6: "Shim6"
    case .udpLite: "UDP-Lite"
    default: "\(rawValue)"
    }
  }
}
