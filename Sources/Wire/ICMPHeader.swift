// SPDX-License-Identifier: BSD-2-Clause

/// What all ICMP messages begin with (RFC 792).
///
///     +---------------+---------------+-------------------------------+
///     |     type      |     code      |           checksum            |
///     +---------------+---------------+-------------------------------+
///     |      rest: identifier and sequence number, MTU, pointer       |
///     +---------------------------------------------------------------+
@frozen
public struct ICMPHeader: ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<8>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 8 }

  /// Looks at the first 8 bytes.
  ///
  /// - Throws: `ParseError` `.tooShort` if there are fewer.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan) throws(ParseError) {
    window = try FixedBytes(bytes, layer: .icmp)
  }

  /// What kind of message.
  @inlinable
  public var type: MessageType { MessageType(rawValue: window.uint8(at: 0)) }

  /// Which of its kind.
  @inlinable
  public var code: UInt8 { window.uint8(at: 1) }

  /// Over the whole message; no pseudo-header.
  @inlinable
  public var checksum: UInt16 { window.uint16(at: 2) }

  /// Meaning depends on the type.
  @inlinable
  public var rest: UInt32 { window.uint32(at: 4) }
}

extension ICMPHeader {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// What kind of message.
    public var type: MessageType
    /// Which of its kind.
    public var code: UInt8
    /// Over the whole message; no pseudo-header.
    public var checksum: UInt16
    /// Meaning depends on the type.
    public var rest: UInt32

    /// Makes the values of a header.
    @inlinable
    public init(type: MessageType, code: UInt8, checksum: UInt16, rest: UInt32) {
      self.type = type
      self.code = code
      self.checksum = checksum
      self.rest = rest
    }

    /// Takes the values out of a view.
    @inlinable
    public init(_ header: borrowing ICMPHeader) {
      self.init(type: header.type, code: header.code, checksum: header.checksum, rest: header.rest)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` `.tooShort` if there are fewer than 8.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      self.init(try ICMPHeader(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 8 }

    /// Writes the header into the first 8 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 8, "emit 8 bytes into \(bytes.byteCount)")
      bytes.store(type.rawValue, at: 0)
      bytes.store(code, at: 1)
      bytes.store(checksum, at: 2)
      bytes.store(rest, at: 4)
    }
  }
}

extension ICMPHeader {
  /// The kinds of message that are known by name.
  @frozen
  public struct MessageType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire.
    public let rawValue: UInt8

    /// Takes any number.
    @inlinable
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// The answer to `echo`.
    @inlinable public static var echoReply: MessageType { MessageType(rawValue: 0) }
    /// The datagram could not be delivered; the code says why.
    @inlinable public static var unreachable: MessageType { MessageType(rawValue: 3) }
    /// There is a better way.
    @inlinable public static var redirect: MessageType { MessageType(rawValue: 5) }
    /// Asks for an answer.
    @inlinable public static var echo: MessageType { MessageType(rawValue: 8) }
    /// Time to live, or time for reassembly, ran out.
    @inlinable public static var timeExceeded: MessageType { MessageType(rawValue: 11) }
    /// The header made no sense.
    @inlinable public static var parameterProblem: MessageType { MessageType(rawValue: 12) }
  }
}
