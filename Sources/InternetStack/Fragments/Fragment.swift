// SPDX-License-Identifier: BSD-2-Clause
//
// Where a fragment's data lies, in bytes from the start of its IP header:
//
//     IPv4   | header 20...60 | data ............ |
//     IPv6   | header | extensions | fragment header | data ............ |
//                                   8 bytes
//            0                                        headerByteCount    + payloadByteCount
//
// What it belongs to is told by source, destination, identification and, in IPv4 alone, the protocol:
// RFC 791, 3.2; RFC 8200, 4.5. IPv4's protocol is the field of the IP header, since what stands behind
// an authentication header is known of the first fragment only.

import Mbufs
import Wire

/// What a fragment says of itself.
struct Fragment: Equatable, Sendable, BitwiseCopyable {
  /// What all fragments of a datagram have in common, and those of no other.
  struct Key: Equatable, Sendable, BitwiseCopyable {
    /// IPv4 addresses are the low 32 bits.
    let source: IPv6Address
    let destination: IPv6Address
    let identification: UInt32
    /// 0 in IPv6.
    let `protocol`: IPProtocol
    let isIPv6: Bool

    /// The hash under a key.
    func hash(_ key: SipHash.Key) -> UInt64 {
      var hash = SipHash(key: key)
      hash.absorb(source.high)
      hash.absorb(source.low)
      hash.absorb(destination.high)
      hash.absorb(destination.low)
      hash.absorb(
        UInt64(identification) << 16 | UInt64(`protocol`.rawValue) << 8 | (isIPv6 ? 1 : 0))
      return hash.finish()
    }
  }

  let key: Key
  /// Where the data lies in its datagram.
  var offset: Int
  /// Bytes of it.
  var payloadByteCount: Int
  /// Bytes in front of it.
  var headerByteCount: Int
  var moreFragments: Bool
  /// The two bits that routers mark congestion with (RFC 3168).
  var congestion: UInt8 = 0
  /// What follows IPv6's fragment header.
  var nextHeader = IPProtocol(rawValue: 0)
  /// Where the byte stands that says that IPv6's fragment header follows.
  var nextHeaderOffset = 0
  /// Whether a first fragment has all headers down to the transport's (RFC 7112); true of others.
  var holdsHeaders = true

  /// Where the data ends in its datagram.
  var end: Int { offset + payloadByteCount }
  /// Whether the datagram has no other fragments; in IPv6 this is not to be held (RFC 6946).
  var isWhole: Bool { offset == 0 && !moreFragments }
  /// Bytes of the headers that the whole datagram has.
  var wholeHeaderByteCount: Int {
    key.isIPv6 ? headerByteCount - IPv6FragmentHeader.byteCount : headerByteCount
  }

  /// Bytes that the length field of a datagram that ends at `end` counts, with headers such as ours.
  func lengthField(end: Int) -> Int {
    end + wholeHeaderByteCount - (key.isIPv6 ? IPv6Header.byteCount : 0)
  }
}

extension Fragment {
  /// Reads a fragment; nil if it is none, or not all of it is there.
  ///
  /// - Parameters:
  ///   - packet: from its link header on, if it has one; padding may follow.
  ///   - frame: this packet, decoded.
  init?(_ packet: borrowing Packet, _ frame: DecodedFrame) {
    guard frame.isFragment, frame.hasNetworkHeader, !frame.isTruncated else { return nil }
    do throws(MbufError) {
      if frame.network == .ipv4 {
        try self.init(ipv4: packet, frame)
      } else {
        try self.init(ipv6: packet, frame)
      }
    } catch {
      return nil
    }
    guard payloadByteCount >= 0 else { return nil }
  }

  private init(ipv4 packet: borrowing Packet, _ frame: DecodedFrame) throws(MbufError) {
    let start = frame.networkOffset
    try frame.requireWhole(Int(try packet.uint16(at: start + 2)))
    key = Key(
      source: frame.ipv6Source, destination: frame.ipv6Destination,
      identification: UInt32(try packet.uint16(at: start + 4)),
      protocol: IPProtocol(rawValue: try packet.uint8(at: start + 9)), isIPv6: false)
    let field = try packet.uint16(at: start + 6)
    offset = Int(field & 0x1fff) * 8
    moreFragments = field & 0x2000 != 0
    congestion = try packet.uint8(at: start + 1) & 3
    headerByteCount = frame.ipHeaderByteCount
    payloadByteCount = frame.ipTotalByteCount - headerByteCount
  }

  private init(ipv6 packet: borrowing Packet, _ frame: DecodedFrame) throws(MbufError) {
    let start = frame.networkOffset
    try frame.requireWhole(Int(try packet.uint16(at: start + 4)) + IPv6Header.byteCount)
    var from = start + 6
    var next = IPProtocol(rawValue: try packet.uint8(at: from))
    var here = start + IPv6Header.byteCount
    while next != .fragment {
      let step = try packet.extensionHeader(next, at: here)
      guard let step, here + step.byteCount <= start + frame.ipTotalByteCount else {
        throw .tooShort(wanted: here + IPv6FragmentHeader.byteCount, available: packet.byteCount)
      }
      (from, next) = (here, step.next)
      here += step.byteCount
    }
    nextHeaderOffset = from - start
    nextHeader = IPProtocol(rawValue: try packet.uint8(at: here))
    let field = try packet.uint16(at: here + 2)
    offset = Int(field & 0xfff8)
    moreFragments = field & 1 != 0
    key = Key(
      source: frame.ipv6Source, destination: frame.ipv6Destination,
      identification: try packet.uint32(at: here + 4), protocol: IPProtocol(rawValue: 0),
      isIPv6: true)
    congestion = UInt8(truncatingIfNeeded: try packet.uint16(at: start) >> 4 & 3)
    headerByteCount = here + IPv6FragmentHeader.byteCount - start
    payloadByteCount = frame.ipTotalByteCount - headerByteCount
    // A length that contradicts another is no cut: the whole datagram will tell.
    holdsHeaders = offset > 0 || frame.stop == nil || frame.stop?.reason == .badLength
  }
}

extension DecodedFrame {
  /// Throws unless the frame had as many bytes as the IP header says, and it says how many.
  fileprivate func requireWhole(_ byteCount: Int) throws(MbufError) {
    guard byteCount == ipTotalByteCount else {
      throw .tooShort(wanted: byteCount, available: ipTotalByteCount)
    }
  }
}

extension Packet {
  /// Bytes of the IPv6 extension header at an offset and what follows it; nil if it is of no such kind.
  borrowing func extensionHeader(
    _ kind: IPProtocol, at offset: Int
  ) throws(MbufError) -> (byteCount: Int, next: IPProtocol)? {
    guard kind.isIPv6Extension else { return nil }
    let next = IPProtocol(rawValue: try uint8(at: offset))
    let length = Int(try uint8(at: offset + 1))
    return switch kind {
    case .fragment: (IPv6FragmentHeader.byteCount, next)
    case .authentication: ((length + 2) * 4, next)
    default: ((length + 1) * 8, next)
    }
  }
}
