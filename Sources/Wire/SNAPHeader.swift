// SPDX-License-Identifier: BSD-2-Clause

/// LLC and SNAP: how an IEEE 802.3 frame, which has a length where Ethernet II has a type, names one.
///
///     +-------+-------+-------+-------+-------+-------+---------------+
///     |  DSAP |  SSAP |control|      organization     |      type     |
///     |  0xaa |  0xaa |  0x03 |         0,0,0         |   EtherType   |
///     +-------+-------+-------+-------+-------+-------+---------------+
@frozen
public struct SNAPHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<8>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 8 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .snap }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// What follows, if the organization defines it so.
  @inlinable
  public var etherType: EtherType { EtherType(rawValue: window.uint16(at: 6)) }

  /// Whether `etherType` means what it says: SNAP, and organization 0, or that of bridges to networks
  /// without types (0x0000f8, IEEE 802.1H).
  @inlinable
  public var isEtherType: Bool {
    window.uint32(at: 0) == 0xaaaa_0300
      && (window.uint16(at: 4) == 0 || window.uint16(at: 4) == 0x00f8)
  }
}
