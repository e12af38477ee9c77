// SPDX-License-Identifier: BSD-2-Clause
//
// A report of groups: version 3 of IGMP (RFC 3376 section 4.2), version 2 of MLD (RFC 3810
// section 5.2). They differ by type and by the width of addresses alone:
//
//     +---------------+---------------+-------------------------------+
//     | type, 34, 143 |   reserved    |           checksum            |
//     +---------------+---------------+-------------------------------+
//     |           reserved            |       number of records       |
//     +===============+===============+===============================+
//     |  record kind  | aux, 4 bytes  |       number of sources       |
//     +---------------+---------------+-------------------------------+
//     |                    group, 4 or 16 bytes                       |
//     +---------------------------------------------------------------+
//     |                    sources, 4 or 16 bytes each                |
//     +---------------------------------------------------------------+
//     |                    auxiliary data, to be ignored              |
//     +===============================================================+
//
//     bytes of a record == 4 + Address.byteCount * (1 + sources) + 4 * aux
//     the walk goes forward by that at each step, and never leaves the message

/// What a record says of its group.
@frozen
public struct GroupRecordKind: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire.
  public let rawValue: UInt8

  /// Takes any number.
  @inlinable
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// These sources are wanted: answers a query.
  @inlinable public static var isInclude: GroupRecordKind { GroupRecordKind(rawValue: 1) }
  /// All but these sources are wanted: answers a query.
  @inlinable public static var isExclude: GroupRecordKind { GroupRecordKind(rawValue: 2) }
  /// From now on only these sources are wanted; none of them is to leave the group.
  @inlinable public static var toInclude: GroupRecordKind { GroupRecordKind(rawValue: 3) }
  /// From now on all but these sources are wanted; none of them is to join the group.
  @inlinable public static var toExclude: GroupRecordKind { GroupRecordKind(rawValue: 4) }
  /// These sources are wanted too.
  @inlinable public static var allowNew: GroupRecordKind { GroupRecordKind(rawValue: 5) }
  /// These sources are no longer wanted.
  @inlinable public static var blockOld: GroupRecordKind { GroupRecordKind(rawValue: 6) }
}

/// One record of a report, whole.
@frozen
public struct GroupRecord<Address: NetworkAddress>: ~Escapable {
  /// What it says of the group.
  public let kind: GroupRecordKind
  /// The group.
  public let group: Address
  // Invariant: sourceBytes.byteCount == sourceCount * Address.byteCount.
  let sourceBytes: RawSpan

  @_lifetime(copy sourceBytes)
  init(kind: GroupRecordKind, group: Address, sourceBytes: RawSpan) {
    self.kind = kind
    self.group = group
    self.sourceBytes = sourceBytes
  }

  /// How many sources it names.
  public var sourceCount: Int { sourceBytes.byteCount / Address.byteCount }

  /// The source `index`.
  ///
  /// - Precondition: 0..<`sourceCount`.
  public func source(_ index: Int) -> Address {
    precondition(0..<sourceCount ~= index, "source \(index) of \(sourceCount)")
    return Address(sourceBytes, at: index * Address.byteCount)
  }
}

/// Steps through the records of a report and never leaves it.
@frozen
public struct GroupReportWalk<Address: NetworkAddress>: ~Escapable {
  let bytes: RawSpan
  /// How many records are still to come, as the report claims.
  public private(set) var recordsLeft: Int
  /// Where the next begins, in bytes from the start of the message.
  public private(set) var offset: Int

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, type: UInt8) throws(ParseError) {
    guard bytes.byteCount >= 8 else {
      throw ParseError(Address.groupLayer, .tooShort, wanted: 8, available: bytes.byteCount)
    }
    let header = FixedBytes<8>(bytes, at: 0)
    guard header.uint8(at: 0) == type else {
      throw ParseError(
        Address.groupLayer, .unsupported, wanted: Int(type), available: Int(header.uint8(at: 0)))
    }
    self.bytes = bytes
    recordsLeft = Int(header.uint16(at: 6))
    offset = 8
  }

  /// The next record; nil after the last.
  ///
  /// - Throws: `ParseError` `.tooShort` if the message ends before the record does; the walk stays
  ///   where it was.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  public mutating func next() throws(ParseError) -> GroupRecord<Address>? {
    guard recordsLeft > 0 else { return nil }
    let (width, left) = (Address.byteCount, bytes.byteCount - offset)
    guard left >= 4 + width else {
      throw ParseError(
        Address.groupLayer, .tooShort, wanted: 4 + width, available: left, offset: offset)
    }
    let head = FixedBytes<4>(bytes, at: offset)
    let sourceByteCount = width * Int(head.uint16(at: 2))
    let count = 4 + width + sourceByteCount + 4 * Int(head.uint8(at: 1))
    guard left >= count else {
      throw ParseError(
        Address.groupLayer, .tooShort, wanted: count, available: left, offset: offset)
    }
    let start = offset
    offset += count
    recordsLeft -= 1
    return GroupRecord(
      kind: GroupRecordKind(rawValue: head.uint8(at: 0)), group: Address(bytes, at: start + 4),
      sourceBytes: bytes.extracting(start + 4 + width..<start + 4 + width + sourceByteCount))
  }
}

extension GroupReportWalk where Address == IPv4Address {
  /// Begins before the first record of an IGMP message.
  ///
  /// - Throws: `ParseError` of layer `.igmp`: `.tooShort`, `.unsupported` if it is no such report.
  @_lifetime(copy message)
  public init(igmp message: RawSpan) throws(ParseError) {
    try self.init(message, type: IGMPType.reportV3.rawValue)
  }
}

extension GroupReportWalk where Address == IPv6Address {
  /// Begins before the first record of an ICMPv6 message.
  ///
  /// - Throws: `ParseError` of layer `.icmpv6`: `.tooShort`, `.unsupported` if it is no such report.
  @_lifetime(copy message)
  public init(icmpv6 message: RawSpan) throws(ParseError) {
    try self.init(message, type: ICMPv6Type.listenerReport.rawValue)
  }
}

// MARK: - Writing

/// Writes a report of groups from front to back; the checksum is 0 until the caller stores it.
public struct GroupReportWriter<Address: NetworkAddress> {
  /// Bytes written so far.
  public private(set) var byteCount = 8
  /// Records written so far.
  public private(set) var recordCount: UInt16 = 0

  /// Writes the header of a report without records into the first 8 bytes.
  ///
  /// - Precondition: there are as many.
  public init(into bytes: inout MutableRawSpan) {
    precondition(bytes.byteCount >= 8, "emit 8 bytes into \(bytes.byteCount)")
    let type =
      Address.groupLayer == .igmp
      ? IGMPType.reportV3.rawValue : ICMPv6Type.listenerReport.rawValue
    bytes.store(UInt64(type) << 56, at: 0)
  }

  /// Bytes that a record takes.
  public static func recordByteCount(sourceCount: Int) -> Int {
    4 + Address.byteCount * (1 + sourceCount)
  }

  /// Writes a record behind those written before, and counts it in the header.
  ///
  /// - Returns: whether there was room; if not, nothing is written.
  /// - Precondition: at most 65535 sources, and as many records.
  public mutating func append(
    _ kind: GroupRecordKind, _ group: Address, sources: Span<Address>,
    into bytes: inout MutableRawSpan
  ) -> Bool {
    let count = Self.recordByteCount(sourceCount: sources.count)
    guard bytes.byteCount - byteCount >= count else { return false }
    precondition(sources.count <= 65_535, "\(sources.count) sources")
    precondition(recordCount < 65_535, "a record behind \(recordCount)")
    bytes.store(kind.rawValue, at: byteCount)
    bytes.store(UInt8(0), at: byteCount + 1)
    bytes.store(UInt16(truncatingIfNeeded: sources.count), at: byteCount + 2)
    group.emit(into: &bytes, at: byteCount + 4)
    for index in sources.indices {
      sources[index].emit(into: &bytes, at: byteCount + 4 + Address.byteCount * (1 + index))
    }
    byteCount += count
    recordCount += 1
    bytes.store(recordCount, at: 6)
    return true
  }
}
