// SPDX-License-Identifier: BSD-2-Clause

extension TCPHeader {
  /// The values of the header; the data offset follows from the options.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// Port of the sender.
    public var sourcePort: UInt16
    /// Port of the receiver.
    public var destinationPort: UInt16
    /// Number of the first byte of payload.
    public var sequence: UInt32
    /// Number of the next byte awaited.
    public var acknowledgment: UInt32
    /// The control bits.
    public var flags: TCPFlags
    /// Bytes the sender is ready to take, before scaling.
    public var windowByteCount: UInt16
    /// Over pseudo-header, header and payload.
    public var checksum: UInt16
    /// End of urgent data, if the flag is set.
    public var urgentPointer: UInt16
    /// 0 to 40 bytes.
    public var options: HeaderOptions

    /// Makes the values of a header.
    @inlinable
    public init(
      sourcePort: UInt16, destinationPort: UInt16, sequence: UInt32, acknowledgment: UInt32 = 0,
      flags: TCPFlags, windowByteCount: UInt16, checksum: UInt16 = 0, urgentPointer: UInt16 = 0,
      options: HeaderOptions = HeaderOptions()
    ) {
      self.sourcePort = sourcePort
      self.destinationPort = destinationPort
      self.sequence = sequence
      self.acknowledgment = acknowledgment
      self.flags = flags
      self.windowByteCount = windowByteCount
      self.checksum = checksum
      self.urgentPointer = urgentPointer
      self.options = options
    }

    /// Takes the values out of a view; the four reserved bits are left behind.
    ///
    /// - Throws: `ParseError` `.badHeaderLength` below 20; `.tooShort` if options are missing.
    @inlinable
    public init(_ header: borrowing TCPHeader) throws(ParseError) {
      let headerByteCount = header.headerByteCount
      guard headerByteCount >= 20 else {
        throw ParseError(.tcp, .badHeaderLength, wanted: 20, available: headerByteCount)
      }
      guard headerByteCount <= header.bytes.byteCount else {
        throw ParseError(
          .tcp, .tooShort, wanted: headerByteCount, available: header.bytes.byteCount)
      }
      self.init(
        sourcePort: header.sourcePort, destinationPort: header.destinationPort,
        sequence: header.sequence, acknowledgment: header.acknowledgment, flags: header.flags,
        windowByteCount: header.windowByteCount, checksum: header.checksum,
        urgentPointer: header.urgentPointer, options: HeaderOptions(copying: header.options))
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try TCPHeader(bytes))
    }

    /// Bytes that `emit` writes: 20...60.
    @inlinable
    public var byteCount: Int { 20 + options.byteCount }

    /// Writes the header into the first `byteCount` bytes, the checksum as it stands.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= byteCount, "emit \(byteCount) bytes into \(bytes.byteCount)")
      bytes.store(sourcePort, at: 0)
      bytes.store(destinationPort, at: 2)
      bytes.store(sequence, at: 4)
      bytes.store(acknowledgment, at: 8)
      bytes.store(UInt8(truncatingIfNeeded: byteCount / 4) << 4, at: 12)
      bytes.store(flags.rawValue, at: 13)
      bytes.store(windowByteCount, at: 14)
      bytes.store(checksum, at: TCPHeader.checksumOffset)
      bytes.store(urgentPointer, at: 18)
      options.emit(into: &bytes, at: 20)
    }
  }
}
