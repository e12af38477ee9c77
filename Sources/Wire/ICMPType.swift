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

  /// Whether this tells of a datagram that went wrong, and quotes it.
  var isError: Bool { get }

  /// Whether this asks or answers, and quotes nothing.
  var isQuery: Bool { get }

  /// Whether no error may be sent about a message of this kind, lest errors breed errors.
  var forbidsErrors: Bool { get }

  /// Every message that has a name, by type and code.
  static var messages: [ICMPMessageRow<Self>] { get }
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
  /// Asks to send slower; neither sent nor heeded any more (RFC 6633).
  @inlinable public static var sourceQuench: ICMPType { ICMPType(rawValue: 4) }
  /// Another router is nearer.
  @inlinable public static var redirect: ICMPType { ICMPType(rawValue: 5) }
  /// Asks for an answer.
  @inlinable public static var echo: ICMPType { ICMPType(rawValue: 8) }
  /// Announces a router (RFC 1256).
  @inlinable public static var routerAdvertisement: ICMPType { ICMPType(rawValue: 9) }
  /// Asks for a router (RFC 1256).
  @inlinable public static var routerSolicitation: ICMPType { ICMPType(rawValue: 10) }
  /// Time to live, or time for reassembly, ran out.
  @inlinable public static var timeExceeded: ICMPType { ICMPType(rawValue: 11) }
  /// A field of the header is wrong; `rest` points at it.
  @inlinable public static var parameterProblem: ICMPType { ICMPType(rawValue: 12) }
  /// Asks for the time of day.
  @inlinable public static var timestamp: ICMPType { ICMPType(rawValue: 13) }
  /// The answer to `timestamp`.
  @inlinable public static var timestampReply: ICMPType { ICMPType(rawValue: 14) }
  /// Asks which network this is; no longer used (RFC 6918).
  @inlinable public static var informationRequest: ICMPType { ICMPType(rawValue: 15) }
  /// The answer to `informationRequest`.
  @inlinable public static var informationReply: ICMPType { ICMPType(rawValue: 16) }
  /// Asks for the mask of the subnet (RFC 950); no longer used (RFC 6918).
  @inlinable public static var addressMask: ICMPType { ICMPType(rawValue: 17) }
  /// The answer to `addressMask`.
  @inlinable public static var addressMaskReply: ICMPType { ICMPType(rawValue: 18) }

  /// Whether this tells of a datagram that went wrong, and quotes it (RFC 1122 section 3.2.2).
  @inlinable
  public var isError: Bool {
    switch self {
    case .unreachable, .sourceQuench, .redirect, .timeExceeded, .parameterProblem: true
    default: false
    }
  }

  /// Whether this asks or answers, and quotes nothing (RFC 1122 section 3.2.2).
  ///
  /// A kind without a name is neither an error nor a query.
  @inlinable
  public var isQuery: Bool {
    switch self {
    case .echo, .echoReply, .routerAdvertisement, .routerSolicitation, .timestamp,
      .timestampReply, .informationRequest, .informationReply, .addressMask, .addressMaskReply:
      true
    default: false
    }
  }

  /// Whether no error may be sent about a message of this kind, lest errors breed errors.
  ///
  /// A kind without a name may be an error that was named later, and so forbids them too.
  @inlinable
  public var forbidsErrors: Bool { !isQuery }
}
