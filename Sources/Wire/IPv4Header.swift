// SPDX-License-Identifier: BSD-2-Clause

/// The IPv4 header (RFC 791 section 3.1).
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     +-------+-------+---------------+-------------------------------+
///     |   4   |  IHL  |traffic class  |         total length          |
///     +-------+-------+---------------+-----+-------------------------+
///     |        identification         |0 D M|  offset in 8 bytes      |
///     +---------------+---------------+-----+-------------------------+
///     | time to live  |   protocol    |        header checksum        |
///     +---------------+---------------+-------------------------------+
///     |                        source address                         |
///     +---------------------------------------------------------------+
///     |                     destination address                       |
///     +---------------------------------------------------------------+
///     |              options, IHL * 4 - 20 bytes ...                  |
///     +---------------------------------------------------------------+
@frozen
public struct IPv4Header: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<20>
  @usableFromInline let bytes: RawSpan

  /// Bytes of the header without options.
  @inlinable
  public static var byteCount: Int { 20 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .ipv4 }

  /// Reads the header that begins at `offset`, and its options as far as there are bytes.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
    self.bytes = bytes.extracting(droppingFirst: offset)
  }

  /// 4, if this is IPv4.
  @inlinable
  public var version: Int { Int(window.uint8(at: 0) >> 4) }

  /// Bytes of header and options as the header claims: 0...60, a multiple of 4.
  @inlinable
  public var headerByteCount: Int { Int(window.uint8(at: 0) & 0xf) &* 4 }

  /// Whether this is version 4, without options.
  @inlinable
  var isPlain: Bool { window.uint8(at: 0) == 0x45 }

  /// Differentiated services and congestion notification together.
  @inlinable
  public var trafficClass: UInt8 { window.uint8(at: 1) }

  /// Bytes of header and payload; 0 in a frame that the sender's hardware has still to cut up.
  @inlinable
  public var totalLength: UInt16 { window.uint16(at: 2) }

  /// Same in all fragments of one datagram.
  @inlinable
  public var identification: UInt16 { window.uint16(at: 4) }

  /// The three bits before the fragment offset.
  @inlinable
  public var flags: IPv4Flags { IPv4Flags(rawValue: window.uint8(at: 6) >> 5) }

  /// Where the fragment lies in its datagram, in bytes.
  @inlinable
  public var fragmentOffset: Int { Int(window.uint16(at: 6) & 0x1fff) &* 8 }

  /// Whether this is one of several fragments.
  @inlinable
  public var isFragment: Bool { window.uint16(at: 6) & 0x3fff != 0 }

  /// Hops left: each router takes one off.
  @inlinable
  public var timeToLive: UInt8 { window.uint8(at: 8) }

  /// What the datagram carries.
  @inlinable
  public var `protocol`: IPProtocol { IPProtocol(rawValue: window.uint8(at: 9)) }

  /// Over header and options.
  @inlinable
  public var checksum: UInt16 { window.uint16(at: 10) }

  /// Address of the sender.
  @inlinable
  public var source: IPv4Address { window.ipv4Address(at: 12) }

  /// Address of the receiver.
  @inlinable
  public var destination: IPv4Address { window.ipv4Address(at: 16) }

  /// The options, as far as they lie within the bytes.
  @inlinable
  public var options: RawSpan {
    @_lifetime(copy self)
    get {
      let end = min(max(headerByteCount, 20), bytes.byteCount)
      return bytes.extracting(20..<end)
    }
  }

  /// Both addresses as this machine stores their bytes: for sums, which do not mind.
  @inlinable @inline(__always)
  var addressWord: UInt64 { window.load(UInt64.self, at: 12) }

  /// Whether the first 20 bytes sum to what a header without options must.
  @inlinable @inline(__always)
  var hasPlainChecksum: Bool {
    // Cannot wrap: five numbers of 32 bits. A sum of 16-bit words folds to 0xffff if it is a multiple
    // of that and not 0, in whichever order the bytes are and however wide the words.
    let sum =
      UInt64(window.load(UInt32.self, at: 0)) &+ UInt64(window.load(UInt32.self, at: 4))
      &+ UInt64(window.load(UInt32.self, at: 8)) &+ UInt64(window.load(UInt32.self, at: 12))
      &+ UInt64(window.load(UInt32.self, at: 16))
    return sum != 0 && sum % 0xffff == 0
  }

  /// Whether the header checksum is right; `.unverifiable` if the header is not all there.
  @inlinable
  public var checksumResult: ChecksumResult {
    guard headerByteCount >= 20, headerByteCount <= bytes.byteCount else { return .unverifiable }
    var sum = InternetChecksum()
    sum.add(bytes.extracting(0..<headerByteCount))
    return sum.isValid ? .valid : .invalid
  }
}

/// The three bits before IPv4's fragment offset.
@frozen
public struct IPv4Flags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  /// The bits, low three.
  public let rawValue: UInt8

  /// Takes the low three bits.
  @inlinable
  public init(rawValue: UInt8) {
    self.rawValue = rawValue & 7
  }

  /// More fragments follow.
  @inlinable public static var moreFragments: IPv4Flags { IPv4Flags(rawValue: 1) }
  /// Routers must not fragment.
  @inlinable public static var dontFragment: IPv4Flags { IPv4Flags(rawValue: 2) }
  /// Must be zero.
  @inlinable public static var reserved: IPv4Flags { IPv4Flags(rawValue: 4) }
}
