// SPDX-License-Identifier: BSD-2-Clause

/// The header of a TCP segment (RFC 9293 section 3.1), recognised but not acted upon.
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     +-------------------------------+-------------------------------+
///     |          source port          |       destination port        |
///     +-------------------------------+-------------------------------+
///     |                        sequence number                        |
///     +---------------------------------------------------------------+
///     |                    acknowledgment number                      |
///     +-------+-------+---------------+-------------------------------+
///     | offset|   0   |C E U A P R S F|            window             |
///     +-------+-------+---------------+-------------------------------+
///     |           checksum            |        urgent pointer         |
///     +-------------------------------+-------------------------------+
///     |              options, offset * 4 - 20 bytes ...               |
///     +---------------------------------------------------------------+
@frozen
public struct TCPHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<20>
  @usableFromInline let bytes: RawSpan

  /// Bytes of the header without options.
  @inlinable
  public static var byteCount: Int { 20 }

  /// Where the checksum stands.
  @inlinable
  package static var checksumOffset: Int { 16 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .tcp }

  /// Reads the header that begins at `offset`, and its options as far as there are bytes.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
    self.bytes = bytes.extracting(droppingFirst: offset)
  }

  /// Port of the sender.
  @inlinable
  public var sourcePort: UInt16 { window.uint16(at: 0) }

  /// Port of the receiver.
  @inlinable
  public var destinationPort: UInt16 { window.uint16(at: 2) }

  /// Number of the first byte of payload.
  @inlinable
  public var sequence: UInt32 { window.uint32(at: 4) }

  /// Number of the next byte awaited.
  @inlinable
  public var acknowledgment: UInt32 { window.uint32(at: 8) }

  /// Bytes of header and options as the header claims: 0...60, a multiple of 4.
  @inlinable
  public var headerByteCount: Int { Int(window.uint8(at: 12) >> 4) &* 4 }

  /// The control bits.
  @inlinable
  public var flags: TCPFlags { TCPFlags(rawValue: window.uint8(at: 13)) }

  /// Bytes the sender is ready to take, before scaling.
  @inlinable
  public var windowByteCount: UInt16 { window.uint16(at: 14) }

  /// Over pseudo-header, header and payload.
  @inlinable
  public var checksum: UInt16 { window.uint16(at: Self.checksumOffset) }

  /// End of urgent data, if the flag is set.
  @inlinable
  public var urgentPointer: UInt16 { window.uint16(at: 18) }

  /// The options, as far as they lie within the bytes.
  @inlinable
  public var options: RawSpan {
    @_lifetime(copy self)
    get {
      let end = min(max(headerByteCount, 20), bytes.byteCount)
      return bytes.extracting(20..<end)
    }
  }
}

/// TCP's control bits.
@frozen
public struct TCPFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  /// The bits as on the wire.
  public let rawValue: UInt8

  /// Takes the bits as on the wire.
  @inlinable
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// No more data from the sender.
  @inlinable public static var fin: TCPFlags { TCPFlags(rawValue: 1) }
  /// Synchronise sequence numbers.
  @inlinable public static var syn: TCPFlags { TCPFlags(rawValue: 2) }
  /// Reset the connection.
  @inlinable public static var rst: TCPFlags { TCPFlags(rawValue: 4) }
  /// Push the data to the reader.
  @inlinable public static var psh: TCPFlags { TCPFlags(rawValue: 8) }
  /// The acknowledgment number counts.
  @inlinable public static var ack: TCPFlags { TCPFlags(rawValue: 16) }
  /// The urgent pointer counts.
  @inlinable public static var urg: TCPFlags { TCPFlags(rawValue: 32) }
  /// Congestion was seen.
  @inlinable public static var ece: TCPFlags { TCPFlags(rawValue: 64) }
  /// The congestion window was reduced.
  @inlinable public static var cwr: TCPFlags { TCPFlags(rawValue: 128) }
}
