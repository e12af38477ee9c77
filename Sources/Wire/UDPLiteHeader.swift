// SPDX-License-Identifier: BSD-2-Clause

/// The header of a UDP-Lite datagram (RFC 3828): UDP, with a coverage where UDP has its length.
///
///      0      7 8     15 16    23 24    31
///     +--------+--------+--------+--------+
///     |   source port   |  destination    |
///     +--------+--------+--------+--------+
///     |    coverage     |    checksum     |     coverage counts these 8 bytes too; 0 is all
///     +--------+--------+--------+--------+
///
/// The checksum is never 0, and covers the pseudo-header and `coveredByteCount(of:)` bytes. The
/// length in the pseudo-header is that of the whole datagram, whatever is covered.
@frozen
public struct UDPLiteHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<8>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 8 }

  /// What errors call the header, which differs from UDP's by one field.
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

  /// Port of the sender.
  @inlinable
  public var sourcePort: UInt16 { window.uint16(at: 0) }

  /// Port of the receiver.
  @inlinable
  public var destinationPort: UInt16 { window.uint16(at: 2) }

  /// Bytes from the start of the header that the checksum covers; 0 if all.
  @inlinable
  public var coverage: UInt16 { window.uint16(at: 4) }

  /// Over pseudo-header and covered bytes.
  @inlinable
  public var checksum: UInt16 { window.uint16(at: 6) }

  /// Bytes that the checksum covers of a datagram.
  ///
  /// - Parameter datagramByteCount: bytes of header and payload, as IP says.
  /// - Throws: `ParseError` `.badLength` for a coverage of 1...7, which must be dropped, and for one
  ///   beyond the datagram.
  @inlinable
  public func coveredByteCount(of datagramByteCount: Int) throws(ParseError) -> Int {
    try Self.coveredByteCount(coverage, of: datagramByteCount)
  }

  @inlinable
  static func coveredByteCount(
    _ coverage: UInt16, of datagramByteCount: Int
  ) throws(ParseError) -> Int {
    let covered = coverage == 0 ? datagramByteCount : Int(coverage)
    guard covered >= 8 else {
      throw ParseError(.udp, .badLength, wanted: 8, available: covered, limitedBy: .udpLength)
    }
    guard covered <= datagramByteCount else {
      throw ParseError(
        .udp, .badLength, wanted: covered, available: datagramByteCount, limitedBy: .udpLength)
    }
    return covered
  }
}

extension UDPLiteHeader {
  /// The values of the header.
  @frozen
  public struct Fields: HeaderFields, Hashable, Sendable, BitwiseCopyable {
    /// Port of the sender.
    public var sourcePort: UInt16
    /// Port of the receiver.
    public var destinationPort: UInt16
    /// Bytes from the start of the header that the checksum covers; 0 if all, else 8 or more.
    public var coverage: UInt16
    /// Over pseudo-header and covered bytes.
    public var checksum: UInt16

    /// Makes the values of a header, the checksum 0 for now unless told.
    @inlinable
    public init(
      sourcePort: UInt16, destinationPort: UInt16, coverage: UInt16 = 0, checksum: UInt16 = 0
    ) {
      self.sourcePort = sourcePort
      self.destinationPort = destinationPort
      self.coverage = coverage
      self.checksum = checksum
    }

    /// Takes the values out of a view.
    ///
    /// - Throws: `ParseError` `.badLength` for a coverage of 1...7.
    @inlinable
    public init(_ header: borrowing UDPLiteHeader) throws(ParseError) {
      _ = try UDPLiteHeader.coveredByteCount(header.coverage, of: 65_535)
      self.init(
        sourcePort: header.sourcePort, destinationPort: header.destinationPort,
        coverage: header.coverage, checksum: header.checksum)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try UDPLiteHeader(bytes))
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
      bytes.store(coverage, at: 4)
      bytes.store(checksum, at: 6)
    }
  }
}
