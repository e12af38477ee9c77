// SPDX-License-Identifier: BSD-2-Clause

/// What IGMP messages begin with, and all there is of one up to version 2 (RFC 2236).
///
///     +---------------+---------------+-------------------------------+
///     |     type      | response code |           checksum            |
///     +---------------+---------------+-------------------------------+
///     |    group address; 0, record count in a report of version 3    |
///     +---------------------------------------------------------------+
@frozen
public struct IGMPHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<8>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 8 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .igmp }

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
  public var type: IGMPType { IGMPType(rawValue: window.uint8(at: 0)) }

  /// The longest delay of an answer to a query, as a code; see `GroupQuery`.
  @inlinable
  public var responseCode: UInt8 { window.uint8(at: 1) }

  /// Over the whole message.
  @inlinable
  public var checksum: UInt16 { window.uint16(at: 2) }

  /// The group that it is about; in a general query, 0.
  @inlinable
  public var group: IPv4Address { window.ipv4Address(at: 4) }
}

/// The kinds of IGMP message that are known by name.
@frozen
public struct IGMPType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire.
  public let rawValue: UInt8

  /// Takes any number.
  @inlinable
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Asks hosts for their groups; all versions.
  @inlinable public static var query: IGMPType { IGMPType(rawValue: 0x11) }
  /// Says that a group is wanted (RFC 1112).
  @inlinable public static var reportV1: IGMPType { IGMPType(rawValue: 0x12) }
  /// Says that a group is wanted (RFC 2236).
  @inlinable public static var reportV2: IGMPType { IGMPType(rawValue: 0x16) }
  /// Says that a group is no longer wanted (RFC 2236).
  @inlinable public static var leave: IGMPType { IGMPType(rawValue: 0x17) }
  /// Says which groups a host wants, and from whom (RFC 3376).
  @inlinable public static var reportV3: IGMPType { IGMPType(rawValue: 0x22) }
}

extension IGMPHeader {
  /// The values of the header.
  @frozen
  public struct Fields: HeaderFields, Hashable, Sendable, BitwiseCopyable {
    /// What kind of message.
    public var type: IGMPType
    /// The longest delay of an answer to a query, as a code; see `GroupTimeCode`.
    public var responseCode: UInt8
    /// Over the whole message.
    public var checksum: UInt16
    /// The group that it is about; in a general query, 0.
    public var group: IPv4Address

    /// Makes the values of a header, the checksum 0 for now unless told.
    @inlinable
    public init(
      type: IGMPType, responseCode: UInt8 = 0, checksum: UInt16 = 0, group: IPv4Address
    ) {
      self.type = type
      self.responseCode = responseCode
      self.checksum = checksum
      self.group = group
    }

    /// Takes the values out of a view.
    @inlinable
    public init(_ header: borrowing IGMPHeader) {
      self.init(
        type: header.type, responseCode: header.responseCode, checksum: header.checksum,
        group: header.group)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` `.tooShort` if there are fewer than 8.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      self.init(try IGMPHeader(bytes))
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
      bytes.store(responseCode, at: 1)
      bytes.store(checksum, at: 2)
      bytes.store(group, at: 4)
    }

    /// The same values with the checksum of a message that ends here, as all up to version 2.
    @inlinable
    public var withChecksum: Fields {
      var sum = InternetChecksum()
      sum.add(UInt16(type.rawValue) << 8 | UInt16(responseCode))
      sum.add(group.bits)
      var fields = self
      fields.checksum = sum.complement
      return fields
    }
  }
}
