// SPDX-License-Identifier: BSD-2-Clause

/// Says that another router, or the destination itself, is nearer (RFC 4861 section 4.5).
///
///     +---------------+---------------+-------------------------------+
///     |   type, 137   |    code, 0    |           checksum            |
///     +---------------+---------------+-------------------------------+
///     |                           reserved                            |
///     +---------------------------------------------------------------+
///     |                   target address, 16 bytes                    |
///     +---------------------------------------------------------------+
///     |                 destination address, 16 bytes                 |
///     +---------------------------------------------------------------+
///     |  options: target link-layer address, redirected packet        |
///     +---------------------------------------------------------------+
@frozen
public struct NeighborRedirect: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<40>

  /// Bytes of the message without options.
  @inlinable
  public static var byteCount: Int { 40 }

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

  /// The router that is nearer; the destination itself, if that is on the link.
  @inlinable
  public var target: IPv6Address { window.ipv6Address(at: 8) }

  /// What it is nearer to.
  @inlinable
  public var destination: IPv6Address { window.ipv6Address(at: 24) }
}
