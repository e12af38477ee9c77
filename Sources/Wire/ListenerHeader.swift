// SPDX-License-Identifier: BSD-2-Clause

/// What MLD queries begin with, and all there is of a message of version 1 (RFC 2710).
///
///     +---------------+---------------+-------------------------------+
///     | type, 130-132 |    code, 0    |           checksum            |
///     +---------------+---------------+-------------------------------+
///     |         response code         |           reserved            |
///     +-------------------------------+-------------------------------+
///     |                    group address, 16 bytes                    |
///     +---------------------------------------------------------------+
@frozen
public struct ListenerHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<24>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 24 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .icmpv6 }

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
  public var type: ICMPv6Type { ICMPv6Type(rawValue: window.uint8(at: 0)) }

  /// 0.
  @inlinable
  public var code: UInt8 { window.uint8(at: 1) }

  /// Over the whole message and a pseudo-header.
  @inlinable
  public var checksum: UInt16 { window.uint16(at: 2) }

  /// The longest delay of an answer to a query, as a code; see `GroupQuery`.
  @inlinable
  public var responseCode: UInt16 { window.uint16(at: 4) }

  /// The group that it is about; in a general query, `::`.
  @inlinable
  public var group: IPv6Address { window.ipv6Address(at: 8) }
}

extension ListenerHeader {
  /// The values of the header; the code is 0.
  @frozen
  public struct Fields: HeaderFields, Hashable, Sendable, BitwiseCopyable {
    /// Query, report of version 1, or done.
    public var type: ICMPv6Type
    /// The longest delay of an answer to a query, as a code; see `GroupTimeCode`.
    public var responseCode: UInt16
    /// Over the whole message and a pseudo-header.
    public var checksum: UInt16
    /// The group that it is about; in a general query, `::`.
    public var group: IPv6Address

    /// Makes the values of a header, the checksum 0 for now unless told.
    ///
    /// - Precondition: `type` is one of the three.
    @inlinable
    public init(
      type: ICMPv6Type, responseCode: UInt16 = 0, checksum: UInt16 = 0, group: IPv6Address
    ) {
      precondition(130...132 ~= type.rawValue, "no listener message: \(type.rawValue)")
      self.type = type
      self.responseCode = responseCode
      self.checksum = checksum
      self.group = group
    }

    /// Takes the values out of a view.
    ///
    /// - Throws: `ParseError` `.unsupported` unless the type is one of the three. The code is not
    ///   looked at (RFC 3810 section 5.1.1).
    @inlinable
    public init(_ header: borrowing ListenerHeader) throws(ParseError) {
      guard 130...132 ~= header.type.rawValue else {
        throw ParseError(
          .icmpv6, .unsupported, wanted: 130, available: Int(header.type.rawValue))
      }
      self.init(
        type: header.type, responseCode: header.responseCode, checksum: header.checksum,
        group: header.group)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try ListenerHeader(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 24 }

    /// Writes the header into the first 24 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 24, "emit 24 bytes into \(bytes.byteCount)")
      bytes.store(type.rawValue, at: 0)
      bytes.store(UInt8(0), at: 1)
      bytes.store(checksum, at: 2)
      bytes.store(responseCode, at: 4)
      bytes.store(UInt16(0), at: 6)
      bytes.store(group, at: 8)
    }
  }
}
