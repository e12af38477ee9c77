// SPDX-License-Identifier: BSD-2-Clause
//
// What the headers of a packet say, by value. The value outlives every look at the packet's bytes, so
// a packet can be looked at and then handed on:
//
//     while let packet = try reader.next(into: pool) {
//       let frame = packet.decoded()
//       if frame.destinationPort == 53 { stack.input(packet, frame) }
//     }
//
// A span of the packet's bytes would not do: while it is alive the packet cannot be consumed.

public import Mbufs
public import Wire

extension Packet {
  /// What the headers say, over as many segments as they lie in, of a packet that knows its link type.
  ///
  /// Capture readers and other sources of packets set `linkType`.
  ///
  /// - Complexity: as for `decoded(_:)`.
  @inlinable
  public borrowing func decoded() -> DecodedFrame {
    decoded(LinkType(rawValue: linkType))
  }

  /// What the headers say, over as many segments as they lie in.
  ///
  /// - Parameter linkType: what the packet's first byte is.
  /// - Complexity: O(headers). Nothing is copied if the headers lie in the first segment, and nothing
  ///   allocated unless headers beyond the first 256 bytes lie in others.
  @inlinable @inline(__always)
  public borrowing func decoded(_ linkType: LinkType) -> DecodedFrame {
    let frame = DecodedFrame(
      lax: bytes, linkType: linkType, capturedByteCount: byteCount, wireByteCount: wireByteCount)
    if frame.flags.contains(.cutBySegment) { return decodedOverSegments(linkType) }
    return frame
  }

  @usableFromInline @inline(never)
  borrowing func decodedOverSegments(_ linkType: LinkType) -> DecodedFrame {
    // Eight times as many until they do, so that no header costs more than its bytes.
    var limit = 256
    while true {
      let frame = decoded(linkType, copying: limit)
      if !frame.flags.contains(.cutBySegment) || limit >= byteCount { return frame }
      limit *= 8
    }
  }

  private borrowing func decoded(_ linkType: LinkType, copying limit: Int) -> DecodedFrame {
    let count = Swift.min(limit, byteCount)
    var prefix = FramePrefix(capacity: count)
    forEachSegment(from: 0, byteCount: count) { prefix.append($0) }
    return DecodedFrame(
      lax: prefix.bytes, linkType: linkType, capturedByteCount: byteCount,
      wireByteCount: wireByteCount)
  }
}

// MARK: - Checksums

extension Packet {
  /// The ones' complement sum of some bytes, over as many segments as they lie in.
  ///
  /// - Precondition: the range is inside the packet.
  ///
  /// BSD: `in_cksum`.
  @inlinable
  public borrowing func internetChecksum(from offset: Int, byteCount: Int) -> InternetChecksum {
    var sum = InternetChecksum()
    if offset + byteCount <= contiguousByteCount {
      sum.add(bytes.extracting(offset..<offset + byteCount))
    } else {
      forEachSegment(from: offset, byteCount: byteCount) { sum.add($0) }
    }
    return sum
  }

  /// Whether the transport checksum is right, over as many segments as there are.
  ///
  /// - Parameter frame: this packet, decoded and not changed since.
  /// - Returns: nil if the transport is not UDP, TCP, ICMP or ICMPv6.
  @inlinable @inline(__always)
  public borrowing func transportChecksumResult(_ frame: DecodedFrame) -> ChecksumResult? {
    // A UDP checksum of 0 needs no sum: none was made.
    guard frame.isVerifiable, frame.transportChecksum != 0 || frame.transport != .udp else {
      return frame.transportChecksumResult(summed: InternetChecksum())
    }
    return frame.transportChecksumResult(
      summed: internetChecksum(from: frame.transportOffset, byteCount: frame.transportByteCount))
  }
}
