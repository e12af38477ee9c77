// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a packet should be: its bytes in an array, every operation done the obvious way.
public struct PacketModel: Sendable {
  /// The bytes of the packet.
  public var bytes: [UInt8]
  /// What its header should say; the lengths in it are not used.
  public var header: PacketHeader
  /// Bytes on the wire as the source said, nil if nobody did.
  public var wireByteCount: Int?
  /// Whether a record ends with the last byte, or with the packet if it has none.
  public var endsRecord = false

  /// The packet's tags, the one added last first; nil if nobody keeps track of them.
  public var tags: [TagModel]?

  /// A model of a packet with these bytes.
  public init(
    _ bytes: [UInt8] = [], header: PacketHeader = PacketHeader(), wireByteCount: Int? = nil
  ) {
    self.bytes = bytes
    self.header = header
    self.wireByteCount = wireByteCount
  }

  /// Bytes of the packet.
  public var byteCount: Int { bytes.count }

  /// Puts zeroes in front.
  public mutating func prepend(_ byteCount: Int) {
    prepend([UInt8](repeating: 0, count: byteCount))
  }

  /// Puts bytes in front.
  public mutating func prepend(_ more: [UInt8]) { bytes.insert(contentsOf: more, at: 0) }

  /// Puts bytes behind.
  public mutating func append(_ more: [UInt8]) { bytes += more }

  /// Puts zeroes behind.
  public mutating func appendZeroes(_ byteCount: Int) {
    bytes += [UInt8](repeating: 0, count: byteCount)
  }

  /// Takes bytes off the front.
  public mutating func trimFront(_ byteCount: Int) { bytes.removeFirst(byteCount) }

  /// Takes bytes off the back.
  public mutating func trimBack(_ byteCount: Int) { bytes.removeLast(byteCount) }

  /// Puts another packet's bytes behind, with which the record goes on, unless they are none.
  public mutating func join(_ other: PacketModel) {
    endsRecord = other.endsRecord || endsRecord && other.bytes.isEmpty
    bytes += other.bytes
  }

  /// Keeps `offset` bytes and returns the rest; the tags stay, and so does the mark of a record's
  /// end if the rest has no bytes.
  public mutating func split(at offset: Int) -> PacketModel {
    var rest = copy(offset..<byteCount)
    rest.tags = tags.map { _ in [] }
    bytes.removeLast(rest.byteCount)
    if rest.bytes.isEmpty { rest.endsRecord = false } else { endsRecord = false }
    return rest
  }

  /// A copy of a range.
  ///
  /// Only one from the first byte on keeps what is said of offsets. Only one with the last byte ends
  /// a record.
  public func copy(_ range: Range<Int>) -> PacketModel {
    var copy = PacketModel([UInt8](bytes[range]), header: header, wireByteCount: wireByteCount)
    copy.tags = tags
    copy.endsRecord =
      endsRecord && range.upperBound == byteCount && (!range.isEmpty || bytes.isEmpty)
    if range.lowerBound > 0 {
      copy.tags = tags.map { _ in [] }
      copy.wireByteCount = nil
      copy.header.networkOffset = 0
      copy.header.transportOffset = 0
    }
    return copy
  }

  /// Overwrites bytes, and lengthens the packet if need be.
  public mutating func copyIn(_ other: [UInt8], at offset: Int) {
    if other.isEmpty { return }
    if offset > byteCount { appendZeroes(offset - byteCount) }
    for (index, byte) in other.enumerated() {
      if offset + index < byteCount { bytes[offset + index] = byte } else { bytes.append(byte) }
    }
  }

  /// The first thing in which `packet` is not this, or nil.
  public func difference(from packet: borrowing Packet) -> String? {
    if packet.byteCount != byteCount { return "\(packet.byteCount) bytes, not \(byteCount)" }
    if !isEqual(to: packet) { return "bytes \(packet.allBytes), not \(bytes)" }
    let front = packet.bytes.byteCount
    if front > byteCount { return "first segment of \(front) bytes, not \(byteCount) at most" }
    if packet.endsRecord != endsRecord {
      return "\(endsRecord ? "does not end" : "ends") the record"
    }
    if let tags, tags != packet.allTags { return "tags \(packet.allTags), not \(tags)" }
    return differenceInHeader(packet.header, packet.wireByteCount)
  }

  /// Whether the packet has these bytes, compared as fast as memory can be.
  private func isEqual(to packet: borrowing Packet) -> Bool {
    unsafe bytes.withUnsafeBytes { wanted in
      var offset = 0
      var isEqual = true
      packet.forEachSegment { segment in
        unsafe segment.withUnsafeBytes { found in
          guard let one = found.baseAddress, isEqual, offset + found.count <= wanted.count,
            let other = wanted.baseAddress
          else {
            isEqual = false
            return
          }
          // In bounds: both have found.count bytes there.
          isEqual = unsafe memcmp(one, other + offset, found.count) == 0
          offset += found.count
        }
      }
      return isEqual && offset == wanted.count
    }
  }

  private func differenceInHeader(_ found: PacketHeader, _ wireByteCount: Int) -> String? {
    let wanted = self.wireByteCount ?? byteCount
    if wireByteCount != wanted { return "\(wireByteCount) on the wire, not \(wanted)" }
    // The length and the wire's are compared; what is left must be equal field by field.
    var expected = found
    expected.timestampInNanoseconds = header.timestampInNanoseconds
    expected.interfaceIndex = header.interfaceIndex
    expected.linkType = header.linkType
    expected.checksumState = header.checksumState
    expected.vlanTag = header.vlanTag
    expected.flowHash = header.flowHash
    expected.networkOffset = header.networkOffset
    expected.transportOffset = header.transportOffset
    return expected == found ? nil : "header \(found), not \(expected)"
  }
}

/// What a tag should be.
public struct TagModel: Equatable, Sendable {
  /// Its description.
  public var tag: PacketTag
  /// Its payload.
  public var bytes: [UInt8]

  /// A tag with this payload.
  public init(_ tag: PacketTag, _ bytes: [UInt8]) {
    self.tag = tag
    self.bytes = bytes
  }
}

extension Packet {
  /// The tags, the one added last first.
  public var allTags: [TagModel] {
    (0..<tagCount).map { index in
      TagModel(tag(at: index), unsafe tagBytes(at: index).withUnsafeBytes { unsafe [UInt8]($0) })
    }
  }

  /// The bytes of all segments.
  public var allBytes: [UInt8] {
    var all: [UInt8] = []
    all.reserveCapacity(byteCount)
    forEachSegment { segment in
      unsafe segment.withUnsafeBytes { bytes in unsafe all.append(contentsOf: bytes) }
    }
    return all
  }

  /// Appends an array.
  public mutating func append(_ bytes: [UInt8]) throws(MbufError) {
    try append(unsafe bytes.span.bytes)
  }

  /// Copies an array in.
  public mutating func copyIn(_ bytes: [UInt8], at offset: Int) throws(MbufError) {
    try copyIn(unsafe bytes.span.bytes, at: offset)
  }
}
