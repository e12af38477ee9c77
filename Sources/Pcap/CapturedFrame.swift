// SPDX-License-Identifier: BSD-2-Clause

/// One frame in the reader's buffer, lent until the reader is used again.
@frozen
public struct CapturedFrame: ~Escapable {
  /// The captured bytes, from the link header on.
  public let bytes: RawSpan
  /// When it was seen, in nanoseconds since 1970.
  public let timestampInNanoseconds: Int64
  @usableFromInline let wireBytes: UInt32

  /// Bytes on the wire as the file has them, in 32 bits: less than captured in a file that is wrong.
  @inlinable public var wireByteCount: Int { Int(wireBytes) }

  /// The most bytes on the wire that a packet can have: the next number says that it is not known.
  static var wireByteLimit: Int { 0xffff_fffe }

  /// A frame over lent bytes.
  @inlinable @inline(__always)
  @_lifetime(copy bytes)
  public init(bytes: RawSpan, timestampInNanoseconds: Int64, wireByteCount: Int) {
    self.bytes = bytes
    self.timestampInNanoseconds = timestampInNanoseconds
    wireBytes = UInt32(clamping: wireByteCount)
  }
}
