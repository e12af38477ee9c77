// SPDX-License-Identifier: BSD-2-Clause
//
// A query for groups, of IGMP and MLD alike. Which version asks is told by the length alone
// (RFC 3376 section 7.1, RFC 3810 section 8.1), and with it how the longest delay is said:
//
//               IGMP, bytes   delay                MLD, bytes    delay
//     v1        8, code 0     10 s
//     v2        8             code / 10 s          24 (v1)       code ms
//     v3        12 or more    floating / 10 s      28 or more    floating ms     (v2)
//
// In between is no query. Behind the header of the newest version:
//
//     +-------+-+-----+---------------+-------------------------------+
//     |reserve|S| QRV |     QQIC      |       number of sources       |
//     +-------+-+-----+---------------+-------------------------------+
//     |                   sources, 4 or 16 bytes each                 |
//     +---------------------------------------------------------------+
//
//     sourceCount * Address.byteCount <= bytes behind the suffix

/// What a query of the newest version has behind the group.
@frozen
public struct GroupQuerySuffix: Hashable, Sendable, BitwiseCopyable {
  /// S: routers that hear this are not to shorten their timers.
  public var suppressesRouters: Bool
  /// QRV: how many times a message is sent, lest one be lost; 0 if it does not fit 3 bits.
  public var robustness: UInt8
  /// QQIC: time between general queries in seconds, as a code; see `GroupTimeCode`.
  public var intervalCode: UInt8
  /// How many sources follow.
  public var sourceCount: UInt16

  /// Makes a suffix.
  ///
  /// - Precondition: `robustness` is at most 7.
  public init(
    suppressesRouters: Bool = false, robustness: UInt8 = 2, intervalCode: UInt8 = 125,
    sourceCount: UInt16 = 0
  ) {
    precondition(robustness <= 7, "robustness \(robustness)")
    self.suppressesRouters = suppressesRouters
    self.robustness = robustness
    self.intervalCode = intervalCode
    self.sourceCount = sourceCount
  }

  init(_ window: borrowing FixedBytes<4>) {
    suppressesRouters = window.uint8(at: 0) & 8 != 0
    robustness = window.uint8(at: 0) & 7
    intervalCode = window.uint8(at: 1)
    sourceCount = window.uint16(at: 2)
  }

  /// Bytes that `emit` writes.
  public static var byteCount: Int { 4 }

  /// Time between general queries.
  public var intervalInSeconds: Int { GroupTimeCode.value(of: intervalCode) }

  /// Writes the suffix at `offset`; sources are to follow.
  ///
  /// - Precondition: 4 bytes lie behind `offset`.
  public func emit(into bytes: inout MutableRawSpan, at offset: Int) {
    precondition(robustness <= 7, "robustness \(robustness)")
    bytes.store((suppressesRouters ? 8 : 0) | robustness, at: offset)
    bytes.store(intervalCode, at: offset + 1)
    bytes.store(sourceCount, at: offset + 2)
  }
}

/// A query for groups, whole and of any version.
@frozen
public struct GroupQuery<Address: NetworkAddress>: ~Escapable {
  /// The version that asks: 1...3 of IGMP, 1...2 of MLD.
  public let version: Int
  /// The group asked for; all zeros in a general query.
  public let group: Address
  /// The longest time before an answer.
  public let responseMilliseconds: Int
  /// What the newest version says; nil of older ones.
  public let suffix: GroupQuerySuffix?
  // Invariant: sourceBytes.byteCount == sourceCount * Address.byteCount.
  let sourceBytes: RawSpan

  @_lifetime(copy sourceBytes)
  init(
    version: Int, group: Address, responseMilliseconds: Int, suffix: GroupQuerySuffix?,
    sourceBytes: RawSpan
  ) {
    self.version = version
    self.group = group
    self.responseMilliseconds = responseMilliseconds
    self.suffix = suffix
    self.sourceBytes = sourceBytes
  }

  /// How many sources are asked for.
  public var sourceCount: Int { sourceBytes.byteCount / Address.byteCount }

  /// The source `index`.
  ///
  /// - Precondition: 0..<`sourceCount`.
  public func source(_ index: Int) -> Address {
    precondition(0..<sourceCount ~= index, "source \(index) of \(sourceCount)")
    return Address(sourceBytes, at: index * Address.byteCount)
  }

  /// Whether every group is asked for.
  public var isGeneral: Bool { group.isAny }
}

extension GroupQuery where Address == IPv4Address {
  /// Reads a query of IGMP; who asks, and whether the checksum is right, is the caller's to check.
  ///
  /// - Throws: `ParseError` of layer `.igmp`: `.tooShort`, `.unsupported` if it is no query,
  ///   `.badLength` if sources are missing.
  @_lifetime(copy message)
  public init(igmp message: RawSpan) throws(ParseError) {
    let header = try IGMPHeader(message)
    guard header.type == .query else {
      throw ParseError(.igmp, .unsupported, wanted: 0x11, available: Int(header.type.rawValue))
    }
    let code = header.responseCode
    guard message.byteCount > 8 else {
      self.init(
        version: code == 0 ? 1 : 2, group: header.group,
        responseMilliseconds: code == 0 ? 10_000 : Int(code) * 100, suffix: nil,
        sourceBytes: message.extracting(8..<8))
      return
    }
    let suffix = try GroupQuerySuffix(message, at: 8, of: Address.self)
    self.init(
      version: 3, group: header.group, responseMilliseconds: GroupTimeCode.value(of: code) * 100,
      suffix: suffix, sourceBytes: message.extracting(12..<12 + 4 * Int(suffix.sourceCount)))
  }
}

extension GroupQuery where Address == IPv6Address {
  /// Reads a query of MLD; who asks, and whether the checksum is right, is the caller's to check.
  ///
  /// - Throws: `ParseError` of layer `.icmpv6`: `.tooShort`, `.unsupported` if it is no query,
  ///   `.badLength` if sources are missing.
  @_lifetime(copy message)
  public init(icmpv6 message: RawSpan) throws(ParseError) {
    let header = try ListenerHeader(message)
    guard header.type == .listenerQuery else {
      throw ParseError(.icmpv6, .unsupported, wanted: 130, available: Int(header.type.rawValue))
    }
    guard message.byteCount > 24 else {
      self.init(
        version: 1, group: header.group, responseMilliseconds: Int(header.responseCode),
        suffix: nil, sourceBytes: message.extracting(24..<24))
      return
    }
    let suffix = try GroupQuerySuffix(message, at: 24, of: Address.self)
    self.init(
      version: 2, group: header.group,
      responseMilliseconds: GroupTimeCode.value(of: header.responseCode), suffix: suffix,
      sourceBytes: message.extracting(28..<28 + 16 * Int(suffix.sourceCount)))
  }
}

extension GroupQuerySuffix {
  /// Reads the suffix at `offset`, and checks that its sources are there.
  init<Address: NetworkAddress>(
    _ message: RawSpan, at offset: Int, of family: Address.Type
  ) throws(ParseError) {
    guard message.byteCount >= offset + 4 else {
      throw ParseError(
        Address.groupLayer, .tooShort, wanted: offset + 4, available: message.byteCount)
    }
    self.init(FixedBytes(message, at: offset))
    let wanted = Int(sourceCount) * Address.byteCount
    let left = message.byteCount - offset - 4
    guard wanted <= left else {
      throw ParseError(
        Address.groupLayer, .badLength, wanted: wanted, available: left, offset: offset)
    }
  }
}
