// SPDX-License-Identifier: BSD-2-Clause

/// What all ICMP messages begin with, of IPv4 (RFC 792) and of IPv6 (RFC 4443).
///
///     +---------------+---------------+-------------------------------+
///     |     type      |     code      |           checksum            |
///     +---------------+---------------+-------------------------------+
///     |      rest: identifier and sequence number, MTU, pointer       |
///     +---------------------------------------------------------------+
///
/// The two share the layout and nothing else: neither the numbers of their types nor what the checksum
/// covers, which is the message alone for IPv4, and a pseudo-header with it for IPv6.
@frozen
public struct ICMPMessageHeader<MessageType: ICMPMessageType>: HeaderView, ~Escapable,
  BitwiseCopyable
{
  @usableFromInline
  let window: FixedBytes<8>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 8 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { MessageType.layer }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// What kind of message.
  @inlinable
  public var type: MessageType { MessageType(rawValue: window.uint8(at: 0)) }

  /// Which of its kind.
  @inlinable
  public var code: UInt8 { window.uint8(at: 1) }

  /// Over the whole message; for IPv6, over a pseudo-header too.
  @inlinable
  public var checksum: UInt16 { window.uint16(at: 2) }

  /// Meaning depends on the type.
  @inlinable
  public var rest: UInt32 { window.uint32(at: 4) }
}

extension ICMPMessageHeader {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// What kind of message.
    public var type: MessageType
    /// Which of its kind.
    public var code: UInt8
    /// Over the whole message; for IPv6, over a pseudo-header too.
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
    public init(_ header: borrowing ICMPMessageHeader) {
      self.init(type: header.type, code: header.code, checksum: header.checksum, rest: header.rest)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` `.tooShort` if there are fewer than 8.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      self.init(try ICMPMessageHeader(bytes))
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
