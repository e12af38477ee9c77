// SPDX-License-Identifier: BSD-2-Clause

/// Asks for a router (RFC 4861 section 4.1).
///
///     +---------------+---------------+-------------------------------+
///     |   type, 133   |    code, 0    |           checksum            |
///     +---------------+---------------+-------------------------------+
///     |                           reserved                            |
///     +---------------------------------------------------------------+
///     |  options: source link-layer address                           |
///     +---------------------------------------------------------------+
@frozen
public struct RouterSolicitation: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<8>

  /// Bytes of the message without options.
  @inlinable
  public static var byteCount: Int { 8 }

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
}

extension RouterSolicitation {
  /// The values of the message; type and code follow.
  @frozen
  public struct Fields: HeaderFields, Hashable, Sendable, BitwiseCopyable {
    /// Over the whole message and a pseudo-header.
    public var checksum: UInt16

    /// Makes the values of a message, the checksum 0 for now unless told.
    @inlinable
    public init(checksum: UInt16 = 0) {
      self.checksum = checksum
    }

    /// Takes the values out of a view.
    ///
    /// - Throws: `ParseError` `.unsupported` unless type and code are those of this message.
    @inlinable
    public init(_ header: borrowing RouterSolicitation) throws(ParseError) {
      try ParseError.require(header.type, .routerSolicitation, code: header.code)
      self.init(checksum: header.checksum)
    }

    /// Takes the values out of bytes; options behind them are left alone.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try RouterSolicitation(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 8 }

    /// Writes the message without options into the first 8 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 8, "emit 8 bytes into \(bytes.byteCount)")
      bytes.store(ICMPv6Type.routerSolicitation.rawValue, at: 0)
      bytes.store(UInt8(0), at: 1)
      bytes.store(checksum, at: 2)
      bytes.store(UInt32(0), at: 4)
    }
  }
}

/// Announces a router (RFC 4861 section 4.2).
///
///     +---------------+---------------+-------------------------------+
///     |   type, 134   |    code, 0    |           checksum            |
///     +---------------+-+-+-----------+-------------------------------+
///     |   hop limit   |M|O|           |    router lifetime, s         |
///     +---------------+-+-+-----------+-------------------------------+
///     |                      reachable time, ms                       |
///     +---------------------------------------------------------------+
///     |                      retransmit time, ms                      |
///     +---------------------------------------------------------------+
///     |  options: source link-layer address, MTU, prefixes ...        |
///     +---------------------------------------------------------------+
@frozen
public struct RouterAdvertisement: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<16>

  /// Bytes of the message without options.
  @inlinable
  public static var byteCount: Int { 16 }

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

  /// Hops that packets are to start with; 0 if the router does not say.
  @inlinable
  public var hopLimit: UInt8 { window.uint8(at: 4) }

  /// Where else to ask for configuration.
  @inlinable
  public var flags: Flags { Flags(rawValue: window.uint8(at: 5)) }

  /// How long this is a default router; 0 if it is none.
  @inlinable
  public var lifetimeInSeconds: UInt16 { window.uint16(at: 6) }

  /// How long a neighbour counts as there; 0 if the router does not say.
  @inlinable
  public var reachableMilliseconds: UInt32 { window.uint32(at: 8) }

  /// Time between solicitations; 0 if the router does not say.
  @inlinable
  public var retransmitMilliseconds: UInt32 { window.uint32(at: 12) }
}

extension RouterAdvertisement {
  /// Where else to ask for configuration.
  @frozen
  public struct Flags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    /// The bits, all eight of them.
    public let rawValue: UInt8

    /// Takes all bits: those without a name here have one elsewhere (RFC 5175).
    @inlinable
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// Addresses are given out by DHCPv6.
    @inlinable public static var managed: Flags { Flags(rawValue: 0x80) }
    /// Other configuration is given out by DHCPv6.
    @inlinable public static var otherConfiguration: Flags { Flags(rawValue: 0x40) }
  }
}

extension RouterAdvertisement {
  /// The values of the message; type and code follow.
  @frozen
  public struct Fields: HeaderFields, Hashable, Sendable, BitwiseCopyable {
    /// Hops that packets are to start with; 0 if the router does not say.
    public var hopLimit: UInt8
    /// Where else to ask for configuration.
    public var flags: Flags
    /// How long this is a default router; 0 if it is none.
    public var lifetimeInSeconds: UInt16
    /// How long a neighbour counts as there; 0 if the router does not say.
    public var reachableMilliseconds: UInt32
    /// Time between solicitations; 0 if the router does not say.
    public var retransmitMilliseconds: UInt32
    /// Over the whole message and a pseudo-header.
    public var checksum: UInt16

    /// Makes the values of a message, the checksum 0 for now unless told.
    @inlinable
    public init(
      hopLimit: UInt8 = 0, flags: Flags = [], lifetimeInSeconds: UInt16,
      reachableMilliseconds: UInt32 = 0, retransmitMilliseconds: UInt32 = 0, checksum: UInt16 = 0
    ) {
      self.hopLimit = hopLimit
      self.flags = flags
      self.lifetimeInSeconds = lifetimeInSeconds
      self.reachableMilliseconds = reachableMilliseconds
      self.retransmitMilliseconds = retransmitMilliseconds
      self.checksum = checksum
    }

    /// Takes the values out of a view.
    ///
    /// - Throws: `ParseError` `.unsupported` unless type and code are those of this message.
    @inlinable
    public init(_ header: borrowing RouterAdvertisement) throws(ParseError) {
      try ParseError.require(header.type, .routerAdvertisement, code: header.code)
      self.init(
        hopLimit: header.hopLimit, flags: header.flags,
        lifetimeInSeconds: header.lifetimeInSeconds,
        reachableMilliseconds: header.reachableMilliseconds,
        retransmitMilliseconds: header.retransmitMilliseconds, checksum: header.checksum)
    }

    /// Takes the values out of bytes; options behind them are left alone.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try RouterAdvertisement(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 16 }

    /// Writes the message without options into the first 16 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 16, "emit 16 bytes into \(bytes.byteCount)")
      bytes.store(ICMPv6Type.routerAdvertisement.rawValue, at: 0)
      bytes.store(UInt8(0), at: 1)
      bytes.store(checksum, at: 2)
      bytes.store(hopLimit, at: 4)
      bytes.store(flags.rawValue, at: 5)
      bytes.store(lifetimeInSeconds, at: 6)
      bytes.store(reachableMilliseconds, at: 8)
      bytes.store(retransmitMilliseconds, at: 12)
    }
  }
}
