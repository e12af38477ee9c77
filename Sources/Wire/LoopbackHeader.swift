// SPDX-License-Identifier: BSD-2-Clause

/// The four bytes before a packet on BSD's loopback: an address family (LINKTYPE_NULL and _LOOP).
///
///     +---------------------------------------------------------------+
///     |   address family: NULL in the host's order, LOOP in network's |
///     +---------------------------------------------------------------+
///
/// NULL does not say which host; but families are small numbers, so the order shows itself. Some systems
/// write 16 bits of family, or an EtherType in the last two bytes.
@frozen
public struct LoopbackHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<4>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 4 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .link }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// The family in network order (LOOP).
  @inlinable
  public var family: UInt32 { window.uint32(at: 0) }

  /// The family in whichever order and half makes it small (NULL).
  @inlinable
  public var hostOrderFamily: UInt32 {
    let least = min(family, family.byteSwapped)
    // 16 bits of it, in either half and order, with nothing in the other half.
    return least & 0xff == 0 && least <= 0xffff ? least >> 8 : least
  }

  /// What follows a LOOP header; 0 for a family that is neither IPv4 nor IPv6.
  @inlinable
  public var etherType: EtherType { Self.etherType(ofFamily: family) }

  /// What follows a NULL header, whichever host wrote it.
  @inlinable
  public var etherTypeInAnyOrder: EtherType {
    let byFamily = Self.etherType(ofFamily: hostOrderFamily)
    if byFamily.rawValue != 0 { return byFamily }
    let swapped = family.byteSwapped
    let type = EtherType(
      rawValue: swapped <= 0xffff ? UInt16(truncatingIfNeeded: swapped) : window.uint16(at: 2))
    return switch type {
    case .ipv4, .ipv6, .arp: type
    default: byFamily
    }
  }

  /// What a packet of a family is: 2 is IPv4 everywhere; IPv6 has a number on each system.
  @inlinable
  static func etherType(ofFamily family: UInt32) -> EtherType {
    switch family {
    case 2: .ipv4
    // Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin.
    case 10, 23, 24, 28, 30: .ipv6
    default: EtherType(rawValue: 0)
    }
  }
}
