// SPDX-License-Identifier: BSD-2-Clause

/// The header of an ICMP message (RFC 792).
public typealias ICMPHeader = ICMPMessageHeader<ICMPType>
/// The header of an ICMPv6 message (RFC 4443).
public typealias ICMPv6Header = ICMPMessageHeader<ICMPv6Type>

/// The kinds of message of one of the two protocols.
public protocol ICMPMessageType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// What errors call the protocol.
  static var layer: ParseError.Layer { get }

  /// The number on the wire.
  var rawValue: UInt8 { get }

  /// Takes any number.
  init(rawValue: UInt8)
}

/// The kinds of ICMP message that are known by name.
@frozen
public struct ICMPType: ICMPMessageType {
  /// What errors call the protocol.
  @inlinable
  public static var layer: ParseError.Layer { .icmp }

  /// The number on the wire.
  public let rawValue: UInt8

  /// Takes any number.
  @inlinable
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The answer to `echo`.
  @inlinable public static var echoReply: ICMPType { ICMPType(rawValue: 0) }
  /// The datagram could not be delivered; the code says why.
  @inlinable public static var unreachable: ICMPType { ICMPType(rawValue: 3) }
  /// Another router is nearer.
  @inlinable public static var redirect: ICMPType { ICMPType(rawValue: 5) }
  /// Asks for an answer.
  @inlinable public static var echo: ICMPType { ICMPType(rawValue: 8) }
  /// Time to live, or time for reassembly, ran out.
  @inlinable public static var timeExceeded: ICMPType { ICMPType(rawValue: 11) }
  /// A field of the header is wrong; `rest` points at it.
  @inlinable public static var parameterProblem: ICMPType { ICMPType(rawValue: 12) }
}

/// The kinds of ICMPv6 message that are known by name.
@frozen
public struct ICMPv6Type: ICMPMessageType {
  /// What errors call the protocol.
  @inlinable
  public static var layer: ParseError.Layer { .icmpv6 }

  /// The number on the wire.
  public let rawValue: UInt8

  /// Takes any number.
  @inlinable
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The packet could not be delivered; the code says why.
  @inlinable public static var unreachable: ICMPv6Type { ICMPv6Type(rawValue: 1) }
  /// The next link takes no more than `rest` bytes.
  @inlinable public static var packetTooBig: ICMPv6Type { ICMPv6Type(rawValue: 2) }
  /// Hop limit, or time for reassembly, ran out.
  @inlinable public static var timeExceeded: ICMPv6Type { ICMPv6Type(rawValue: 3) }
  /// A field of a header is wrong; `rest` points at it.
  @inlinable public static var parameterProblem: ICMPv6Type { ICMPv6Type(rawValue: 4) }
  /// Asks for an answer.
  @inlinable public static var echo: ICMPv6Type { ICMPv6Type(rawValue: 128) }
  /// The answer to `echo`.
  @inlinable public static var echoReply: ICMPv6Type { ICMPv6Type(rawValue: 129) }
  /// Asks for a router.
  @inlinable public static var routerSolicitation: ICMPv6Type { ICMPv6Type(rawValue: 133) }
  /// Announces a router.
  @inlinable public static var routerAdvertisement: ICMPv6Type { ICMPv6Type(rawValue: 134) }
  /// Asks who has an address.
  @inlinable public static var neighborSolicitation: ICMPv6Type { ICMPv6Type(rawValue: 135) }
  /// Says who has an address.
  @inlinable public static var neighborAdvertisement: ICMPv6Type { ICMPv6Type(rawValue: 136) }
  /// Says which groups a listener wants (RFC 3810); the low half of `rest` counts them.
  @inlinable public static var listenerReport: ICMPv6Type { ICMPv6Type(rawValue: 143) }
}
