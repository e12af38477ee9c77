// SPDX-License-Identifier: BSD-2-Clause

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
  /// Asks listeners for their groups (RFC 2710, 3810); `rest` begins with the longest delay.
  @inlinable public static var listenerQuery: ICMPv6Type { ICMPv6Type(rawValue: 130) }
  /// Says that a group is wanted, in the first version (RFC 2710).
  @inlinable public static var listenerReportV1: ICMPv6Type { ICMPv6Type(rawValue: 131) }
  /// Says that a group is no longer wanted (RFC 2710).
  @inlinable public static var listenerDone: ICMPv6Type { ICMPv6Type(rawValue: 132) }
  /// Asks for a router.
  @inlinable public static var routerSolicitation: ICMPv6Type { ICMPv6Type(rawValue: 133) }
  /// Announces a router.
  @inlinable public static var routerAdvertisement: ICMPv6Type { ICMPv6Type(rawValue: 134) }
  /// Asks who has an address.
  @inlinable public static var neighborSolicitation: ICMPv6Type { ICMPv6Type(rawValue: 135) }
  /// Says who has an address.
  @inlinable public static var neighborAdvertisement: ICMPv6Type { ICMPv6Type(rawValue: 136) }
  /// Another router, or the destination itself, is nearer.
  @inlinable public static var redirect: ICMPv6Type { ICMPv6Type(rawValue: 137) }
  /// Says which groups a listener wants (RFC 3810); the low half of `rest` counts them.
  @inlinable public static var listenerReport: ICMPv6Type { ICMPv6Type(rawValue: 143) }

  /// Whether this tells of a packet that went wrong, and quotes it: the top bit is clear.
  @inlinable
  public var isError: Bool { rawValue < 128 }

  /// Whether this asks, answers or announces: the top bit is set.
  @inlinable
  public var isQuery: Bool { rawValue >= 128 }

  /// Whether no error may be sent about a message of this kind (RFC 4443 section 2.4 (e)).
  @inlinable
  public var forbidsErrors: Bool { isError || self == .redirect }
}
