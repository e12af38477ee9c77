// SPDX-License-Identifier: BSD-2-Clause
//
// A frame as whoever reads it hands it over, and what was found in it. Nothing here knows where frames
// come from: a reader lends the bytes, and they go back when the frame's scope ends.
//
//     reader --lends--> InspectedFrame --decoded, verified--> FrameVerdict --> CaptureSummary, DumpLine

public import Wire

/// One frame of a capture, lent while it is looked at.
@frozen
public struct InspectedFrame: ~Escapable {
  /// The captured bytes, from the link header on.
  public let bytes: RawSpan
  /// Its place in the capture, from 1.
  public let number: Int
  /// When it was seen, in nanoseconds since 1970.
  public let timestampInNanoseconds: Int64
  /// Bytes it had on the wire; fewer than captured only in a file that is wrong.
  public let wireByteCount: Int
  /// How it begins.
  public let linkType: LinkType
  /// Whether its capture has no time for it; the timestamp is 0 then.
  package var isTimeless = false
  /// Whether it is a packet inside of another.
  package var isInner = false
  /// The number of its block among those noted for a copy; 0 for none.
  package var recordNumber: UInt32 = 0

  /// A frame over lent bytes.
  @inlinable @inline(__always)
  @_lifetime(copy bytes)
  public init(
    bytes: RawSpan, number: Int, timestampInNanoseconds: Int64, wireByteCount: Int,
    linkType: LinkType
  ) {
    self.bytes = bytes
    self.number = number
    self.timestampInNanoseconds = timestampInNanoseconds
    self.wireByteCount = wireByteCount
    self.linkType = linkType
  }

  /// Whether the capture has only a part of it.
  @inlinable
  public var isCut: Bool { bytes.byteCount < wireByteCount }
}

/// What may be wrong with a frame.
@frozen
public struct FrameFaults: OptionSet, Hashable, Sendable, BitwiseCopyable {
  /// The bits.
  public let rawValue: UInt8

  /// Takes the bits.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A checksum of IPv4, UDP, TCP, ICMP or ICMPv6 is wrong.
  @inlinable public static var badChecksum: FrameFaults { FrameFaults(rawValue: 1) }
  /// A header could not be read, or claims what cannot be.
  @inlinable public static var undecodable: FrameFaults { FrameFaults(rawValue: 2) }
  /// The capture has only a part of it.
  @inlinable public static var cut: FrameFaults { FrameFaults(rawValue: 4) }
}

/// What the headers of a frame say, and whether its checksums are right.
@frozen
public struct FrameVerdict: Sendable, BitwiseCopyable {
  /// What the headers say.
  public let decoded: DecodedFrame
  /// The checksum of UDP, TCP, ICMP or ICMPv6; nil if the frame has none of them.
  public let transportChecksum: ChecksumResult?
  /// What is wrong.
  public let faults: FrameFaults

  /// Decodes a frame and verifies every checksum whose bytes are all there.
  ///
  /// - Complexity: O(bytes of the transport); no heap allocation.
  @inlinable @inline(__always)
  public init(_ frame: borrowing InspectedFrame) {
    decoded = DecodedFrame(
      lax: frame.bytes, linkType: frame.linkType, capturedByteCount: frame.bytes.byteCount,
      wireByteCount: frame.wireByteCount)
    transportChecksum = decoded.transportChecksumResult(in: frame.bytes)
    var bits: UInt8 = 0
    if decoded.ipv4HeaderChecksum == .invalid || transportChecksum == .invalid { bits |= 1 }
    if decoded.stop != nil { bits |= 2 }
    if frame.isCut { bits |= 4 }
    faults = FrameFaults(rawValue: bits)
  }
}
