// SPDX-License-Identifier: BSD-2-Clause

/// The IPv6 fragment header (RFC 8200 section 4.5).
///
///     +---------------+---------------+-------------------------+---+-+
///     |  next header  |   reserved    |   offset in 8 bytes     |res|M|
///     +---------------+---------------+-------------------------+---+-+
///     |                         identification                        |
///     +---------------------------------------------------------------+
@frozen
public struct IPv6FragmentHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<8>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 8 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .ipv6Extension }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// What the datagram carries behind this header.
  @inlinable
  public var nextHeader: IPProtocol { IPProtocol(rawValue: window.uint8(at: 0)) }

  /// Zero.
  @inlinable
  public var reserved: UInt8 { window.uint8(at: 1) }

  /// Offset and the flag of more fragments together.
  @inlinable
  public var offsetAndFlags: UInt16 { window.uint16(at: 2) }

  /// Same in all fragments of one datagram.
  @inlinable
  public var identification: UInt32 { window.uint32(at: 4) }

  /// Where the fragment lies in its datagram, in bytes.
  @inlinable
  public var fragmentOffset: Int { Int(offsetAndFlags & 0xfff8) }

  /// Whether more fragments follow this one.
  @inlinable
  public var moreFragments: Bool { offsetAndFlags & 1 != 0 }
}

extension IPv6FragmentHeader {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// What the datagram carries behind this header.
    public var nextHeader: IPProtocol
    /// Zero.
    public var reserved: UInt8
    /// Offset and the flag of more fragments together.
    public var offsetAndFlags: UInt16
    /// Same in all fragments of one datagram.
    public var identification: UInt32

    /// Makes the values of a header.
    @inlinable
    public init(
      nextHeader: IPProtocol, reserved: UInt8, offsetAndFlags: UInt16, identification: UInt32
    ) {
      self.nextHeader = nextHeader
      self.reserved = reserved
      self.offsetAndFlags = offsetAndFlags
      self.identification = identification
    }

    /// Takes the values out of a view.
    @inlinable
    public init(_ header: borrowing IPv6FragmentHeader) {
      self.init(
        nextHeader: header.nextHeader, reserved: header.reserved,
        offsetAndFlags: header.offsetAndFlags, identification: header.identification)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` `.tooShort` if there are fewer than 8.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      self.init(try IPv6FragmentHeader(bytes))
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
      bytes.store(nextHeader.rawValue, at: 0)
      bytes.store(reserved, at: 1)
      bytes.store(offsetAndFlags, at: 2)
      bytes.store(identification, at: 4)
    }
  }
}

extension IPv6FragmentHeader.Fields {
  /// Makes the values from a byte offset, a multiple of 8 up to 65528.
  @inlinable
  public init(
    nextHeader: IPProtocol, fragmentOffset: Int, moreFragments: Bool, identification: UInt32
  ) {
    precondition(
      fragmentOffset & 7 == 0 && 0...65_528 ~= fragmentOffset, "fragment offset \(fragmentOffset)")
    self.init(
      nextHeader: nextHeader, reserved: 0,
      offsetAndFlags: UInt16(fragmentOffset) | (moreFragments ? 1 : 0),
      identification: identification)
  }

  /// Where the fragment lies in its datagram, in bytes.
  @inlinable
  public var fragmentOffset: Int { Int(offsetAndFlags & 0xfff8) }

  /// Whether more fragments follow this one.
  @inlinable
  public var moreFragments: Bool { offsetAndFlags & 1 != 0 }
}
