// SPDX-License-Identifier: BSD-2-Clause
//
// The options of neighbour discovery (RFC 4861 section 4.6), in units of 8 bytes:
//
//     +---------------+---------------+-------------------------------+
//     |     kind      |    length     |   length * 8 - 2 bytes ...    |      length counts kind and
//     +---------------+---------------+-------------------------------+      itself; 0 is an error
//
// An option that nobody knows is stepped over. The walk goes forward by 8 bytes or more at each step,
// and never leaves the bytes:
//
//     offset of an option + its byteCount <= bytes;  the offset of the next is that sum

/// One option of a neighbour discovery message, whole.
@frozen
public struct NeighborOption: ~Escapable, BitwiseCopyable {
  /// What an option says.
  @frozen
  public struct Kind: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire.
    public let rawValue: UInt8

    /// Takes any number.
    @inlinable
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// The link address of the sender.
    @inlinable public static var sourceLinkAddress: Kind { Kind(rawValue: 1) }
    /// The link address of the target.
    @inlinable public static var targetLinkAddress: Kind { Kind(rawValue: 2) }
    /// A prefix of addresses on the link.
    @inlinable public static var prefixInformation: Kind { Kind(rawValue: 3) }
    /// The packet that was redirected, or its front.
    @inlinable public static var redirectedHeader: Kind { Kind(rawValue: 4) }
    /// Bytes that all links of this kind take.
    @inlinable public static var mtu: Kind { Kind(rawValue: 5) }
    /// Name servers (RFC 8106).
    @inlinable public static var nameServers: Kind { Kind(rawValue: 25) }
  }

  /// What the option says.
  public let kind: Kind
  /// Where the option begins, in bytes from the start of the options.
  public let offset: Int
  /// The whole option, kind and length included: a multiple of 8 bytes, at least 8.
  public let bytes: RawSpan

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, kind: Kind, offset: Int) {
    self.bytes = bytes
    self.kind = kind
    self.offset = offset
  }

  /// The address, if this is a link address of Ethernet.
  public var linkAddress: MACAddress? {
    guard kind == .sourceLinkAddress || kind == .targetLinkAddress, bytes.byteCount == 8 else {
      return nil
    }
    return FixedBytes<8>(bytes, at: 0).macAddress(at: 2)
  }

  /// Bytes that the link takes, if this says so.
  public var mtu: UInt32? {
    guard kind == .mtu, bytes.byteCount == 8 else { return nil }
    return FixedBytes<8>(bytes, at: 0).uint32(at: 4)
  }

  /// The prefix, if this is one.
  public var prefixInformation: PrefixInformation? {
    try? PrefixInformation(parsing: bytes)
  }

  /// The front of the packet that was redirected, if this is one.
  public var redirectedPacket: RawSpan? {
    @_lifetime(copy self)
    get {
      guard kind == .redirectedHeader else { return nil }
      return bytes.extracting(8..<bytes.byteCount)
    }
  }

  /// How many name servers this names, 0 if it is no such option.
  public var nameServerCount: Int {
    kind == .nameServers && bytes.byteCount & 15 == 8 ? bytes.byteCount / 16 : 0
  }

  /// How long the name servers may be asked; nil if this names none.
  public var nameServerLifetimeInSeconds: UInt32? {
    nameServerCount > 0 ? FixedBytes<8>(bytes, at: 0).uint32(at: 4) : nil
  }

  /// The name server `index`.
  ///
  /// - Precondition: 0..<`nameServerCount`.
  public func nameServer(_ index: Int) -> IPv6Address {
    precondition(0..<nameServerCount ~= index, "name server \(index) of \(nameServerCount)")
    return FixedBytes<16>(bytes, at: 8 + 16 * index).ipv6Address(at: 0)
  }
}

/// Steps through the options of a neighbour discovery message and never leaves them.
@frozen
public struct NeighborOptionWalk: ~Escapable, BitwiseCopyable {
  let bytes: RawSpan
  /// Where the next option begins.
  public private(set) var offset = 0

  /// Begins before the first option, with what follows the message itself.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) {
    self.bytes = bytes
  }

  /// The next option; nil after the last.
  ///
  /// - Throws: `ParseError` `.badLength` for a length of 0, `.tooShort` for an option that goes on
  ///   behind the bytes; the walk stays where it was, and the message must be dropped.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  public mutating func next() throws(ParseError) -> NeighborOption? {
    let left = bytes.byteCount - offset
    guard left > 0 else { return nil }
    guard left >= 8 else {
      throw ParseError(.icmpv6, .tooShort, wanted: 8, available: left, offset: offset)
    }
    let head = FixedBytes<2>(bytes, at: offset)
    let count = Int(head.uint8(at: 1)) * 8
    guard count > 0 else {
      throw ParseError(.icmpv6, .badLength, wanted: 8, available: 0, offset: offset)
    }
    guard count <= left else {
      throw ParseError(.icmpv6, .tooShort, wanted: count, available: left, offset: offset)
    }
    let start = offset
    offset += count
    return NeighborOption(
      bytes.extracting(start..<start + count),
      kind: NeighborOption.Kind(rawValue: head.uint8(at: 0)), offset: start)
  }
}
