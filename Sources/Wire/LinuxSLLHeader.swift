// SPDX-License-Identifier: BSD-2-Clause

/// Linux "any" interface, version 1 (LINKTYPE_LINUX_SLL).
///
///     +-------------------------------+-------------------------------+
///     |          packet type          |        ARPHRD_ type           |
///     +-------------------------------+-------------------------------+
///     |      address byte count       |                               |
///     +-------------------------------+                               +
///     |                link address, 8 bytes, padded                  |
///     +                               +-------------------------------+
///     |                               |         protocol type         |
///     +-------------------------------+-------------------------------+
@frozen
public struct LinuxSLLHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<16>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 16 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .linuxSLL }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// To us 0, broadcast 1, multicast 2, to another 3, from us 4.
  @inlinable
  public var packetType: UInt16 { window.uint16(at: 0) }

  /// ARPHRD_ number of the interface.
  @inlinable
  public var hardwareType: UInt16 { window.uint16(at: 2) }

  /// Bytes of `address` that count, from the left.
  @inlinable
  public var addressByteCount: UInt16 { window.uint16(at: 4) }

  /// Link address of the sender, first byte on top.
  @inlinable
  public var address: UInt64 { window.uint64(at: 6) }

  /// What follows.
  @inlinable
  public var etherType: EtherType { EtherType(rawValue: window.uint16(at: 14)) }
}
