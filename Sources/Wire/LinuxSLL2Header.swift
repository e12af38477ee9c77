// SPDX-License-Identifier: BSD-2-Clause

/// Linux "any" interface, version 2 (LINKTYPE_LINUX_SLL2).
///
///     +-------------------------------+-------------------------------+
///     |         protocol type         |         reserved, 0           |
///     +-------------------------------+-------------------------------+
///     |                       interface index                         |
///     +-------------------------------+---------------+---------------+
///     |          ARPHRD_ type         |  packet type  |  addr. bytes  |
///     +-------------------------------+---------------+---------------+
///     |                link address, 8 bytes, padded                  |
///     +                                                               +
///     |                                                               |
///     +---------------------------------------------------------------+
@frozen
public struct LinuxSLL2Header: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<20>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 20 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .linuxSLL2 }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// What follows.
  @inlinable
  public var etherType: EtherType { EtherType(rawValue: window.uint16(at: 0)) }

  /// Zero.
  @inlinable
  public var reserved: UInt16 { window.uint16(at: 2) }

  /// The interface, by the capturing host's number.
  @inlinable
  public var interfaceIndex: UInt32 { window.uint32(at: 4) }

  /// ARPHRD_ number of the interface.
  @inlinable
  public var hardwareType: UInt16 { window.uint16(at: 8) }

  /// To us 0, broadcast 1, multicast 2, to another 3, from us 4.
  @inlinable
  public var packetType: UInt8 { window.uint8(at: 10) }

  /// Bytes of `address` that count, from the left.
  @inlinable
  public var addressByteCount: UInt8 { window.uint8(at: 11) }

  /// Link address of the sender, first byte on top.
  @inlinable
  public var address: UInt64 { window.uint64(at: 12) }
}
