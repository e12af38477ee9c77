// SPDX-License-Identifier: BSD-2-Clause

/// The four bytes before a packet on BSD's loopback: an address family (LINKTYPE_NULL and _LOOP).
///
///     +---------------------------------------------------------------+
///     |   address family: NULL in the host's order, LOOP in network's |
///     +---------------------------------------------------------------+
///
/// NULL does not say which host; but families are small numbers, so the order shows itself.
@frozen
public struct LoopbackHeader: ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<4>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 4 }

  /// Looks at the first 4 bytes.
  ///
  /// - Throws: `ParseError` `.tooShort` if there are fewer.
  @_lifetime(copy bytes)
  @inlinable
  public init(_ bytes: RawSpan) throws(ParseError) {
    window = try FixedBytes(bytes, layer: .link)
  }

  /// The family in network order (LOOP).
  @inlinable
  public var family: UInt32 { window.uint32(at: 0) }

  /// The family in whichever order makes it small (NULL).
  @inlinable
  public var hostOrderFamily: UInt32 { min(family, family.byteSwapped) }

  /// What a packet of a family is: 2 is IPv4 everywhere; IPv6 has a number on each system.
  @inlinable
  public static func etherType(ofFamily family: UInt32) -> EtherType? {
    switch family {
    case 2: .ipv4
    // Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin.
    case 10, 23, 24, 28, 30: .ipv6
    default: nil
    }
  }
}

extension LoopbackHeader {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// The address family.
    public var family: UInt32

    /// Makes the values of a header.
    @inlinable
    public init(family: UInt32) {
      self.family = family
    }

    /// Takes the values out of a view on a LOOP header.
    @inlinable
    public init(_ header: borrowing LoopbackHeader) {
      family = header.family
    }

    /// Takes the values out of the bytes of a LOOP header.
    ///
    /// - Throws: `ParseError` `.tooShort` if there are fewer than 4.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      self.init(try LoopbackHeader(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 4 }

    /// Writes the family in network order, which is right for LOOP and readable as NULL.
    ///
    /// - Precondition: there are 4 bytes.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 4, "emit 4 bytes into \(bytes.byteCount)")
      bytes.store(family, at: 0)
    }
  }
}
