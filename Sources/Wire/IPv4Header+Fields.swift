// SPDX-License-Identifier: BSD-2-Clause

extension IPv4Header {
  /// The values of the header; version and header length follow from the rest.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// Differentiated services and congestion notification together.
    public var trafficClass: UInt8
    /// Bytes of header, options and payload.
    public var totalLength: UInt16
    /// Same in all fragments of one datagram.
    public var identification: UInt16
    /// The three bits before the fragment offset.
    public var flags: IPv4Flags
    /// Where the fragment lies in its datagram, in bytes; a multiple of 8 up to 65528.
    public var fragmentOffset: Int
    /// Hops left: each router takes one off.
    public var timeToLive: UInt8
    /// What the datagram carries.
    public var `protocol`: IPProtocol
    /// Over header and options; see `emitWithChecksum(into:)`.
    public var checksum: UInt16
    /// Address of the sender.
    public var source: IPv4Address
    /// Address of the receiver.
    public var destination: IPv4Address
    /// 0 to 40 bytes.
    public var options: HeaderOptions

    /// Makes the values of a header, of a whole datagram unless told.
    @inlinable
    public init(
      trafficClass: UInt8 = 0, totalLength: UInt16, identification: UInt16 = 0,
      flags: IPv4Flags = [], fragmentOffset: Int = 0, timeToLive: UInt8 = 64,
      protocol: IPProtocol, checksum: UInt16 = 0, source: IPv4Address, destination: IPv4Address,
      options: HeaderOptions = HeaderOptions()
    ) {
      self.trafficClass = trafficClass
      self.totalLength = totalLength
      self.identification = identification
      self.flags = flags
      self.fragmentOffset = fragmentOffset
      self.timeToLive = timeToLive
      self.protocol = `protocol`
      self.checksum = checksum
      self.source = source
      self.destination = destination
      self.options = options
    }

    /// Takes the values out of a view.
    ///
    /// - Throws: `ParseError` `.badVersion` unless it is 4; `.badHeaderLength` below 20; `.tooShort`
    ///   if options are missing; `.badLength` if the total is less than the header.
    @inlinable
    public init(_ header: borrowing IPv4Header) throws(ParseError) {
      guard header.version == 4 else {
        throw ParseError(.ipv4, .badVersion, wanted: 4, available: header.version)
      }
      let headerByteCount = header.headerByteCount
      guard headerByteCount >= 20 else {
        throw ParseError(.ipv4, .badHeaderLength, wanted: 20, available: headerByteCount)
      }
      guard headerByteCount <= header.bytes.byteCount else {
        throw ParseError(
          .ipv4, .tooShort, wanted: headerByteCount, available: header.bytes.byteCount)
      }
      guard Int(header.totalLength) >= headerByteCount else {
        throw ParseError(
          .ipv4, .badLength, wanted: headerByteCount, available: Int(header.totalLength),
          limitedBy: .ipTotalLength)
      }
      self.init(
        trafficClass: header.trafficClass, totalLength: header.totalLength,
        identification: header.identification, flags: header.flags,
        fragmentOffset: header.fragmentOffset, timeToLive: header.timeToLive,
        protocol: header.protocol, checksum: header.checksum,
        source: header.source, destination: header.destination,
        options: headerByteCount == 20
          ? HeaderOptions() : HeaderOptions(copying: header.options))
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try IPv4Header(bytes))
    }

    /// Bytes that `emit` writes: 20...60.
    @inlinable
    public var byteCount: Int { 20 + options.byteCount }

    /// Writes the header into the first `byteCount` bytes, the checksum as it stands.
    ///
    /// - Precondition: there are as many; the fragment offset is a multiple of 8 up to 65528.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= byteCount, "emit \(byteCount) bytes into \(bytes.byteCount)")
      precondition(
        fragmentOffset & 7 == 0 && 0...65_528 ~= fragmentOffset, "fragment offset \(fragmentOffset)"
      )
      bytes.store(0x40 | UInt8(truncatingIfNeeded: byteCount / 4), at: 0)
      bytes.store(trafficClass, at: 1)
      bytes.store(totalLength, at: 2)
      bytes.store(identification, at: 4)
      bytes.store(UInt16(flags.rawValue) << 13 | UInt16(fragmentOffset / 8), at: 6)
      bytes.store(timeToLive, at: 8)
      bytes.store(`protocol`.rawValue, at: 9)
      bytes.store(checksum, at: 10)
      bytes.store(source, at: 12)
      bytes.store(destination, at: 16)
      if options.byteCount > 0 {
        options.emit(into: &bytes, at: 20)
      }
    }

    /// Writes the header into the first `byteCount` bytes with a checksum made for it.
    ///
    /// - Precondition: as for `emit(into:)`.
    @inlinable
    public func emitWithChecksum(into bytes: inout MutableRawSpan) {
      if options.byteCount == 0 { return emitPlain(into: &bytes) }
      withChecksum.emit(into: &bytes)
    }

    /// Writes the header behind what was written before, with a checksum made for it.
    ///
    /// - Precondition: as for `emit(into:)`.
    @inlinable
    @_lifetime(output: copy output)
    public func emitWithChecksum(into output: inout OutputRawSpan) {
      if options.byteCount == 0 {
        return output.append(20) { bytes in emitPlain(into: &bytes) }
      }
      withChecksum.emit(into: &output)
    }

    /// Writes a header without options, as three numbers that are summed before they are stored.
    @inlinable @inline(__always)
    func emitPlain(into bytes: inout MutableRawSpan) {
      precondition(
        fragmentOffset & 7 == 0 && 0...65_528 ~= fragmentOffset, "fragment offset \(fragmentOffset)"
      )
      let fragment = UInt16(flags.rawValue) << 13 | UInt16(truncatingIfNeeded: fragmentOffset / 8)
      let first =
        0x45 << 56 | UInt64(trafficClass) << 48 | UInt64(totalLength) << 32
        | UInt64(identification) << 16 | UInt64(fragment)
      let second =
        UInt64(timeToLive) << 56 | UInt64(`protocol`.rawValue) << 48 | UInt64(source.bits)
      var sum = InternetChecksum()
      sum.add(first)
      sum.add(second)
      sum.add(destination.bits)
      bytes.store(first, at: 0)
      bytes.store(second | UInt64(sum.complement) << 32, at: 8)
      bytes.store(destination.bits, at: 16)
    }

    /// The same values with the checksum that belongs to them.
    @inlinable
    public var withChecksum: Fields {
      var sum = InternetChecksum()
      sum.add(UInt16(0x40 | UInt8(truncatingIfNeeded: byteCount / 4)) << 8 | UInt16(trafficClass))
      sum.add(totalLength)
      sum.add(identification)
      sum.add(UInt16(flags.rawValue) << 13 | UInt16(truncatingIfNeeded: fragmentOffset / 8))
      sum.add(UInt16(timeToLive) << 8 | UInt16(`protocol`.rawValue))
      sum.add(source.bits)
      sum.add(destination.bits)
      if options.byteCount > 0 { options.add(to: &sum) }
      var fields = self
      fields.checksum = sum.complement
      return fields
    }
  }
}
