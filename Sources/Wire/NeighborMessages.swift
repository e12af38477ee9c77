// SPDX-License-Identifier: BSD-2-Clause

/// Asks who has an IPv6 address (RFC 4861 section 4.3).
///
///     +---------------+---------------+-------------------------------+
///     |   type, 135   |    code, 0    |           checksum            |
///     +---------------+---------------+-------------------------------+
///     |                           reserved                            |
///     +---------------------------------------------------------------+
///     |                   target address, 16 bytes                    |
///     +---------------------------------------------------------------+
///     |  options: source link-layer address                           |
///     +---------------------------------------------------------------+
@frozen
public struct NeighborSolicitation: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<24>

  /// Bytes of the message without options.
  @inlinable
  public static var byteCount: Int { 24 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .icmpv6 }

  /// Reads the message that begins at `offset`.
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

  /// The address asked for.
  @inlinable
  public var target: IPv6Address { window.ipv6Address(at: 8) }
}

extension NeighborSolicitation {
  /// The values of the message; type and code follow.
  @frozen
  public struct Fields: HeaderFields, Hashable, Sendable, BitwiseCopyable {
    /// The address asked for.
    public var target: IPv6Address
    /// Over the whole message and a pseudo-header.
    public var checksum: UInt16

    /// Makes the values of a message, the checksum 0 for now unless told.
    @inlinable
    public init(target: IPv6Address, checksum: UInt16 = 0) {
      self.target = target
      self.checksum = checksum
    }

    /// Takes the values out of a view.
    ///
    /// - Throws: `ParseError` `.unsupported` unless type and code are those of this message.
    @inlinable
    public init(_ header: borrowing NeighborSolicitation) throws(ParseError) {
      try ParseError.require(header.type, .neighborSolicitation, code: header.code)
      self.init(target: header.target, checksum: header.checksum)
    }

    /// Takes the values out of bytes; options behind them are left alone.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try NeighborSolicitation(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 24 }

    /// Writes the message without options into the first 24 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 24, "emit 24 bytes into \(bytes.byteCount)")
      bytes.store(ICMPv6Type.neighborSolicitation.rawValue, at: 0)
      bytes.store(UInt8(0), at: 1)
      bytes.store(checksum, at: 2)
      bytes.store(UInt32(0), at: 4)
      bytes.store(target, at: 8)
    }
  }
}

/// Says who has an IPv6 address (RFC 4861 section 4.4).
///
///     +---------------+---------------+-------------------------------+
///     |   type, 136   |    code, 0    |           checksum            |
///     +-+-+-+---------------------------------------------------------+
///     |R|S|O|                      reserved                           |
///     +-+-+-+---------------------------------------------------------+
///     |                   target address, 16 bytes                    |
///     +---------------------------------------------------------------+
///     |  options: target link-layer address                           |
///     +---------------------------------------------------------------+
@frozen
public struct NeighborAdvertisement: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<24>

  /// Bytes of the message without options.
  @inlinable
  public static var byteCount: Int { 24 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .icmpv6 }

  /// Reads the message that begins at `offset`.
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

  /// Who says it, and why.
  @inlinable
  public var flags: Flags { Flags(rawValue: window.uint8(at: 4)) }

  /// The address that it is about.
  @inlinable
  public var target: IPv6Address { window.ipv6Address(at: 8) }
}

extension NeighborAdvertisement {
  /// Who says it, and why.
  @frozen
  public struct Flags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    /// The bits, high three.
    public let rawValue: UInt8

    /// Takes the high three bits.
    @inlinable
    public init(rawValue: UInt8) {
      self.rawValue = rawValue & 0xe0
    }

    /// The sender is a router.
    @inlinable public static var router: Flags { Flags(rawValue: 0x80) }
    /// The answer to a solicitation.
    @inlinable public static var solicited: Flags { Flags(rawValue: 0x40) }
    /// What was known of the link address is to be replaced.
    @inlinable public static var override: Flags { Flags(rawValue: 0x20) }
  }
}

extension NeighborAdvertisement {
  /// The values of the message; type and code follow.
  @frozen
  public struct Fields: HeaderFields, Hashable, Sendable, BitwiseCopyable {
    /// Who says it, and why.
    public var flags: Flags
    /// The address that it is about.
    public var target: IPv6Address
    /// Over the whole message and a pseudo-header.
    public var checksum: UInt16

    /// Makes the values of a message, the checksum 0 for now unless told.
    @inlinable
    public init(flags: Flags = [], target: IPv6Address, checksum: UInt16 = 0) {
      self.flags = flags
      self.target = target
      self.checksum = checksum
    }

    /// Takes the values out of a view.
    ///
    /// - Throws: `ParseError` `.unsupported` unless type and code are those of this message.
    @inlinable
    public init(_ header: borrowing NeighborAdvertisement) throws(ParseError) {
      try ParseError.require(header.type, .neighborAdvertisement, code: header.code)
      self.init(flags: header.flags, target: header.target, checksum: header.checksum)
    }

    /// Takes the values out of bytes; options behind them are left alone.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try NeighborAdvertisement(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 24 }

    /// Writes the message without options into the first 24 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 24, "emit 24 bytes into \(bytes.byteCount)")
      bytes.store(ICMPv6Type.neighborAdvertisement.rawValue, at: 0)
      bytes.store(UInt8(0), at: 1)
      bytes.store(checksum, at: 2)
      bytes.store(UInt32(flags.rawValue) << 24, at: 4)
      bytes.store(target, at: 8)
    }
  }
}

extension ParseError {
  /// Refuses a message that is not of the type asked for, or whose code is not 0.
  @usableFromInline
  static func require(
    _ type: ICMPv6Type, _ wanted: ICMPv6Type, code: UInt8
  ) throws(ParseError) {
    guard type == wanted else {
      throw ParseError(
        .icmpv6, .unsupported, wanted: Int(wanted.rawValue), available: Int(type.rawValue))
    }
    guard code == 0 else {
      throw ParseError(.icmpv6, .unsupported, wanted: 0, available: Int(code))
    }
  }
}
