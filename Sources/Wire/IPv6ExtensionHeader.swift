// SPDX-License-Identifier: BSD-2-Clause

/// What all IPv6 extension headers begin with (RFC 8200 section 4, RFC 4302 section 2).
///
///     +---------------+---------------+-------------------------------+
///     |  next header  |    length     |          depends on kind      |
///     +---------------+---------------+                               +
///     |                                                               |
///     +---------------------------------------------------------------+
///       bytes in all: (length + 1) * 8; AH: (length + 2) * 4; fragment: 8
@frozen
public struct IPv6ExtensionHeader: ~Escapable, BitwiseCopyable {
  @usableFromInline let window: FixedBytes<8>

  /// Which kind this is, as the header before it said.
  public let kind: IPProtocol

  /// Bytes of the shortest.
  @inlinable
  public static var leastByteCount: Int { 8 }

  /// Reads the first 8 bytes of the header of this kind that begins at `offset`.
  ///
  /// - Precondition: 8 bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int, kind: IPProtocol) {
    window = FixedBytes(bytes, at: offset)
    self.kind = kind
  }

  /// What follows this header.
  @inlinable
  public var nextHeader: IPProtocol { IPProtocol(rawValue: window.uint8(at: 0)) }

  /// Bytes of the whole header as it claims: 8...2048.
  @inlinable
  public var byteCount: Int {
    let length = Int(window.uint8(at: 1))
    return switch kind {
    case .fragment: 8
    case .authentication: (length &+ 2) &* 4
    default: (length &+ 1) &* 8
    }
  }

  /// Routers still to be visited by a routing header; the destination is not the last before then.
  @inlinable
  public var segmentsLeft: UInt8 { kind == .routing ? window.uint8(at: 3) : 0 }

  /// Where the fragment lies in its datagram, in bytes; 0 if this is no fragment header.
  @inlinable
  public var fragmentOffset: Int { kind == .fragment ? Int(window.uint16(at: 2) & 0xfff8) : 0 }

  /// Whether more fragments follow; false if this is no fragment header.
  @inlinable
  public var moreFragments: Bool { kind == .fragment && window.uint16(at: 2) & 1 != 0 }
}

/// Steps over the extension headers of a packet and never leaves its bytes, however many there are.
///
///     IPv6 -> [ hop-by-hop ] -> [ routing ] -> [ fragment ] -> UDP
///                                                               nextHeader, offset
///
/// The walk ends behind a fragment header that is not the first: what follows is no header then.
@frozen
public struct IPv6ExtensionWalk: ~Escapable, BitwiseCopyable {
  let bytes: RawSpan
  var isInsideDatagram = false
  /// What follows the headers stepped over so far.
  public private(set) var nextHeader: IPProtocol
  /// Where that begins.
  public private(set) var offset: Int

  /// Begins with the header of kind `nextHeader` at `offset`.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, nextHeader: IPProtocol, at offset: Int = 0) {
    precondition(0...bytes.byteCount ~= offset, "offset \(offset) of \(bytes.byteCount)")
    self.bytes = bytes
    self.nextHeader = nextHeader
    self.offset = offset
  }

  /// Steps over one header and returns it, or nil if what follows is not an extension.
  ///
  /// - Throws: `ParseError` `.tooShort`; the walk stays where it was.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  public mutating func next() throws(ParseError) -> IPv6ExtensionHeader? {
    guard nextHeader.isIPv6Extension, !isInsideDatagram else { return nil }
    let left = bytes.byteCount - offset
    guard left >= 8 else {
      throw ParseError(.ipv6Extension, .tooShort, wanted: 8, available: left, offset: offset)
    }
    let header = IPv6ExtensionHeader(bytes, at: offset, kind: nextHeader)
    guard header.byteCount <= left else {
      throw ParseError(
        .ipv6Extension, .tooShort, wanted: header.byteCount, available: left, offset: offset)
    }
    isInsideDatagram = header.fragmentOffset != 0
    nextHeader = header.nextHeader
    offset += header.byteCount
    return header
  }
}
