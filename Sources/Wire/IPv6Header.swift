// SPDX-License-Identifier: BSD-2-Clause

/// The IPv6 header (RFC 8200 section 3).
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     +-------+---------------+---------------------------------------+
///     |   6   | traffic class |              flow label               |
///     +-------+---------------+-------+---------------+---------------+
///     |        payload length         |  next header  |   hop limit   |
///     +-------------------------------+---------------+---------------+
///     |                   source address, 16 bytes                    |
///     +---------------------------------------------------------------+
///     |                 destination address, 16 bytes                 |
///     +---------------------------------------------------------------+
@frozen
public struct IPv6Header: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<40>

  /// Bytes of the header without extensions.
  @inlinable
  public static var byteCount: Int { 40 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .ipv6 }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// 6, if this is IPv6.
  @inlinable
  public var version: Int { Int(window.uint8(at: 0) >> 4) }

  /// Differentiated services and congestion notification together.
  @inlinable
  public var trafficClass: UInt8 { UInt8(truncatingIfNeeded: window.uint16(at: 0) >> 4) }

  /// Names a flow of packets, 20 bits.
  @inlinable
  public var flowLabel: UInt32 { window.uint32(at: 0) & 0xf_ffff }

  /// Bytes behind this header, extensions included; 0 in a jumbogram.
  @inlinable
  public var payloadLength: UInt16 { window.uint16(at: 4) }

  /// What follows.
  @inlinable
  public var nextHeader: IPProtocol { IPProtocol(rawValue: window.uint8(at: 6)) }

  /// Hops left: each router takes one off.
  @inlinable
  public var hopLimit: UInt8 { window.uint8(at: 7) }

  /// Address of the sender.
  @inlinable
  public var source: IPv6Address { window.ipv6Address(at: 8) }

  /// Address of the receiver.
  @inlinable
  public var destination: IPv6Address { window.ipv6Address(at: 24) }
}

extension IPv6Header {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// Differentiated services and congestion notification together.
    public var trafficClass: UInt8
    /// Names a flow of packets, 20 bits.
    public var flowLabel: UInt32
    /// Bytes behind this header, extensions included.
    public var payloadLength: UInt16
    /// What follows.
    public var nextHeader: IPProtocol
    /// Hops left: each router takes one off.
    public var hopLimit: UInt8
    /// Address of the sender.
    public var source: IPv6Address
    /// Address of the receiver.
    public var destination: IPv6Address

    /// Makes the values of a header.
    @inlinable
    public init(
      trafficClass: UInt8 = 0, flowLabel: UInt32 = 0, payloadLength: UInt16,
      nextHeader: IPProtocol, hopLimit: UInt8 = 64, source: IPv6Address, destination: IPv6Address
    ) {
      self.trafficClass = trafficClass
      self.flowLabel = flowLabel
      self.payloadLength = payloadLength
      self.nextHeader = nextHeader
      self.hopLimit = hopLimit
      self.source = source
      self.destination = destination
    }

    /// Takes the values out of a view.
    ///
    /// - Throws: `ParseError` `.badVersion` unless it is 6.
    @inlinable
    public init(_ header: borrowing IPv6Header) throws(ParseError) {
      guard header.version == 6 else {
        throw ParseError(.ipv6, .badVersion, wanted: 6, available: header.version)
      }
      self.init(
        trafficClass: header.trafficClass, flowLabel: header.flowLabel,
        payloadLength: header.payloadLength, nextHeader: header.nextHeader,
        hopLimit: header.hopLimit, source: header.source, destination: header.destination)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try IPv6Header(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 40 }

    /// Writes the header into the first 40 bytes.
    ///
    /// - Precondition: there are as many; the flow label has 20 bits.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 40, "emit 40 bytes into \(bytes.byteCount)")
      precondition(flowLabel <= 0xf_ffff, "flow label \(flowLabel)")
      bytes.store(0x6000_0000 | UInt32(trafficClass) << 20 | flowLabel, at: 0)
      bytes.store(payloadLength, at: 4)
      bytes.store(nextHeader.rawValue, at: 6)
      bytes.store(hopLimit, at: 7)
      bytes.store(source, at: 8)
      bytes.store(destination, at: 24)
    }
  }
}
