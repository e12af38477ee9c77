// SPDX-License-Identifier: BSD-2-Clause

/// The header of a UDP datagram (RFC 768).
///
///      0      7 8     15 16    23 24    31
///     +--------+--------+--------+--------+
///     |   source port   |  destination    |
///     +--------+--------+--------+--------+
///     |     length      |    checksum     |     length counts these 8 bytes too
///     +--------+--------+--------+--------+
@frozen
public struct UDPHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<8>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 8 }

  /// Where the checksum stands.
  @inlinable
  package static var checksumOffset: Int { 6 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .udp }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// Port of the sender, 0 if it wants no answer.
  @inlinable
  public var sourcePort: UInt16 { window.uint16(at: 0) }

  /// Port of the receiver.
  @inlinable
  public var destinationPort: UInt16 { window.uint16(at: 2) }

  /// Bytes of header and payload.
  @inlinable
  public var length: UInt16 { window.uint16(at: 4) }

  /// See `ChecksumResult.udp`; 0 means none was made.
  @inlinable
  public var checksum: UInt16 { window.uint16(at: Self.checksumOffset) }
}

extension UDPHeader {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// Port of the sender, 0 if it wants no answer.
    public var sourcePort: UInt16
    /// Port of the receiver.
    public var destinationPort: UInt16
    /// Bytes of header and payload.
    public var length: UInt16
    /// See `ChecksumResult.udp`; 0 means none was made.
    public var checksum: UInt16

    /// Makes the values of a header.
    @inlinable
    public init(sourcePort: UInt16, destinationPort: UInt16, length: UInt16, checksum: UInt16) {
      self.sourcePort = sourcePort
      self.destinationPort = destinationPort
      self.length = length
      self.checksum = checksum
    }

    /// Takes the values out of a view.
    ///
    /// - Throws: `ParseError` `.badLength` if the length is less than the header.
    @inlinable
    public init(_ header: borrowing UDPHeader) throws(ParseError) {
      guard header.length >= 8 else {
        throw ParseError(
          .udp, .badLength, wanted: 8, available: Int(header.length), limitedBy: .udpLength)
      }
      self.init(
        sourcePort: header.sourcePort, destinationPort: header.destinationPort,
        length: header.length, checksum: header.checksum)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try UDPHeader(bytes))
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
      bytes.store(sourcePort, at: 0)
      bytes.store(destinationPort, at: 2)
      bytes.store(length, at: 4)
      bytes.store(checksum, at: UDPHeader.checksumOffset)
    }

    /// Adds the header to a sum, as bytes that follow those added before; its checksum as 0.
    @inlinable
    public func add(to sum: inout InternetChecksum) {
      sum.add(sourcePort)
      sum.add(destinationPort)
      sum.add(length)
    }
  }
}
