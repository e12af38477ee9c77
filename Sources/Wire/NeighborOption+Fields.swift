// SPDX-License-Identifier: BSD-2-Clause

/// A prefix of addresses on the link, as a router announces it (RFC 4861 section 4.6.2).
///
///     +---------------+---------------+---------------+-+-+-----------+
///     |    kind, 3    |   length, 4   | prefix length |L|A|           |
///     +---------------+---------------+---------------+-+-+-----------+
///     |                      valid lifetime, s                        |
///     +---------------------------------------------------------------+
///     |                    preferred lifetime, s                      |
///     +---------------------------------------------------------------+
///     |                           reserved                            |
///     +---------------------------------------------------------------+
///     |                       prefix, 16 bytes                        |
///     +---------------------------------------------------------------+
@frozen
public struct PrefixInformation: HeaderFields, Hashable, Sendable, BitwiseCopyable {
  /// What the prefix is good for.
  @frozen
  public struct Flags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    /// The bits, all eight of them.
    public let rawValue: UInt8

    /// Takes all bits.
    @inlinable
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// Whoever has an address with this prefix is on the link.
    @inlinable public static var onLink: Flags { Flags(rawValue: 0x80) }
    /// Hosts may make themselves addresses with this prefix.
    @inlinable public static var autonomous: Flags { Flags(rawValue: 0x40) }
  }

  /// Bits of `prefix` that count: 0...128.
  public var prefixLength: UInt8
  /// What the prefix is good for.
  public var flags: Flags
  /// How long addresses with the prefix may be used; all ones for ever.
  public var validSeconds: UInt32
  /// How long addresses with the prefix are preferred; all ones for ever.
  public var preferredSeconds: UInt32
  /// The prefix; bits behind `prefixLength` mean nothing.
  public var prefix: IPv6Address

  /// Makes a prefix.
  ///
  /// - Precondition: `prefixLength` is at most 128.
  @inlinable
  public init(
    prefix: IPv6Address, prefixLength: UInt8, flags: Flags = [.onLink, .autonomous],
    validSeconds: UInt32, preferredSeconds: UInt32
  ) {
    precondition(prefixLength <= 128, "a prefix of \(prefixLength) bits")
    self.prefix = prefix
    self.prefixLength = prefixLength
    self.flags = flags
    self.validSeconds = validSeconds
    self.preferredSeconds = preferredSeconds
  }

  /// Takes the values out of bytes.
  ///
  /// - Throws: `ParseError` of layer `.icmpv6`: `.tooShort` below 32 bytes, `.unsupported` if it is
  ///   another option, `.badLength` if its length is not 4 or the prefix has more than 128 bits.
  @inlinable
  public init(parsing bytes: RawSpan) throws(ParseError) {
    guard bytes.byteCount >= 32 else {
      throw ParseError(.icmpv6, .tooShort, wanted: 32, available: bytes.byteCount)
    }
    let window = FixedBytes<32>(bytes, at: 0)
    guard window.uint8(at: 0) == NeighborOption.Kind.prefixInformation.rawValue else {
      throw ParseError(.icmpv6, .unsupported, wanted: 3, available: Int(window.uint8(at: 0)))
    }
    guard window.uint8(at: 1) == 4 else {
      throw ParseError(
        .icmpv6, .badLength, wanted: 32, available: Int(window.uint8(at: 1)) * 8)
    }
    guard window.uint8(at: 2) <= 128 else {
      throw ParseError(.icmpv6, .badLength, wanted: 128, available: Int(window.uint8(at: 2)))
    }
    self.init(
      prefix: window.ipv6Address(at: 16), prefixLength: window.uint8(at: 2),
      flags: Flags(rawValue: window.uint8(at: 3)), validSeconds: window.uint32(at: 4),
      preferredSeconds: window.uint32(at: 8))
  }

  /// Bytes that `emit` writes.
  @inlinable
  public var byteCount: Int { 32 }

  /// Writes the option into the first 32 bytes.
  ///
  /// - Precondition: there are as many; `prefixLength` is at most 128.
  @inlinable
  public func emit(into bytes: inout MutableRawSpan) {
    precondition(bytes.byteCount >= 32, "emit 32 bytes into \(bytes.byteCount)")
    precondition(prefixLength <= 128, "a prefix of \(prefixLength) bits")
    bytes.store(NeighborOption.Kind.prefixInformation.rawValue, at: 0)
    bytes.store(UInt8(4), at: 1)
    bytes.store(prefixLength, at: 2)
    bytes.store(flags.rawValue, at: 3)
    bytes.store(validSeconds, at: 4)
    bytes.store(preferredSeconds, at: 8)
    bytes.store(UInt32(0), at: 12)
    bytes.store(prefix, at: 16)
  }
}

/// The option that gives a link address of Ethernet (RFC 4861 section 4.6.1): 8 bytes.
///
///     +---------------+---------------+-------------------------------+
///     |  kind, 1 or 2 |   length, 1   |     link address, 6 bytes     |
///     +---------------+---------------+                               +
///     |                                                               |
///     +---------------------------------------------------------------+
@frozen
public struct LinkAddressOption: HeaderFields, Hashable, Sendable, BitwiseCopyable {
  /// The address.
  public var address: MACAddress
  /// Whether it is the sender's; else it is the target's.
  public var isSource: Bool

  /// Gives the link address of the sender.
  @inlinable
  public static func source(_ address: MACAddress) -> LinkAddressOption {
    LinkAddressOption(address: address, isSource: true)
  }

  /// Gives the link address of the target.
  @inlinable
  public static func target(_ address: MACAddress) -> LinkAddressOption {
    LinkAddressOption(address: address, isSource: false)
  }

  @inlinable
  init(address: MACAddress, isSource: Bool) {
    self.address = address
    self.isSource = isSource
  }

  /// Takes the values out of bytes.
  ///
  /// - Throws: `ParseError` of layer `.icmpv6`: `.tooShort` below 8 bytes, `.unsupported` if it is
  ///   another option, `.badLength` if its length is not 1.
  @inlinable
  public init(parsing bytes: RawSpan) throws(ParseError) {
    guard bytes.byteCount >= 8 else {
      throw ParseError(.icmpv6, .tooShort, wanted: 8, available: bytes.byteCount)
    }
    let window = FixedBytes<8>(bytes, at: 0)
    let kind = window.uint8(at: 0)
    guard 1...2 ~= kind else {
      throw ParseError(.icmpv6, .unsupported, wanted: 1, available: Int(kind))
    }
    guard window.uint8(at: 1) == 1 else {
      throw ParseError(.icmpv6, .badLength, wanted: 8, available: Int(window.uint8(at: 1)) * 8)
    }
    self.init(address: window.macAddress(at: 2), isSource: kind == 1)
  }

  /// Bytes that `emit` writes.
  @inlinable
  public var byteCount: Int { 8 }

  /// Writes the option into the first 8 bytes.
  ///
  /// - Precondition: there are as many.
  @inlinable
  public func emit(into bytes: inout MutableRawSpan) {
    precondition(bytes.byteCount >= 8, "emit 8 bytes into \(bytes.byteCount)")
    bytes.store(UInt8(isSource ? 1 : 2), at: 0)
    bytes.store(UInt8(1), at: 1)
    bytes.store(address, at: 2)
  }
}

/// The option that says how many bytes the link takes (RFC 4861 section 4.6.4): 8 bytes.
///
///     +---------------+---------------+-------------------------------+
///     |    kind, 5    |   length, 1   |           reserved            |
///     +---------------+---------------+-------------------------------+
///     |                              MTU                              |
///     +---------------------------------------------------------------+
@frozen
public struct MTUOption: HeaderFields, Hashable, Sendable, BitwiseCopyable {
  /// Bytes that the link takes.
  public var mtu: UInt32

  /// Says how many bytes the link takes.
  @inlinable
  public init(_ mtu: UInt32) {
    self.mtu = mtu
  }

  /// Takes the values out of bytes.
  ///
  /// - Throws: `ParseError` of layer `.icmpv6`: `.tooShort` below 8 bytes, `.unsupported` if it is
  ///   another option, `.badLength` if its length is not 1.
  @inlinable
  public init(parsing bytes: RawSpan) throws(ParseError) {
    guard bytes.byteCount >= 8 else {
      throw ParseError(.icmpv6, .tooShort, wanted: 8, available: bytes.byteCount)
    }
    let window = FixedBytes<8>(bytes, at: 0)
    guard window.uint8(at: 0) == NeighborOption.Kind.mtu.rawValue else {
      throw ParseError(.icmpv6, .unsupported, wanted: 5, available: Int(window.uint8(at: 0)))
    }
    guard window.uint8(at: 1) == 1 else {
      throw ParseError(.icmpv6, .badLength, wanted: 8, available: Int(window.uint8(at: 1)) * 8)
    }
    self.init(window.uint32(at: 4))
  }

  /// Bytes that `emit` writes.
  @inlinable
  public var byteCount: Int { 8 }

  /// Writes the option into the first 8 bytes.
  ///
  /// - Precondition: there are as many.
  @inlinable
  public func emit(into bytes: inout MutableRawSpan) {
    precondition(bytes.byteCount >= 8, "emit 8 bytes into \(bytes.byteCount)")
    bytes.store(NeighborOption.Kind.mtu.rawValue, at: 0)
    bytes.store(UInt8(1), at: 1)
    bytes.store(UInt16(0), at: 2)
    bytes.store(mtu, at: 4)
  }
}
