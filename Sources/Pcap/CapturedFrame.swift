// SPDX-License-Identifier: BSD-2-Clause
//
//     | captured bytes | padding to four | options |       of a pcapng; of a pcap the first alone
//     0                capturedBytes               storage.byteCount

public import Wire

/// One frame in the reader's buffer, lent until the reader is used again.
@frozen
public struct CapturedFrame: ~Escapable {
  @usableFromInline let storage: RawSpan
  /// When it was seen, in nanoseconds since 1970.
  public let timestampInNanoseconds: Int64
  @usableFromInline let capturedBytes: UInt32
  @usableFromInline let wireBytes: UInt32
  /// How it begins.
  public let linkType: LinkType
  /// Whether numbers of its options are in the other byte order than this machine's.
  @usableFromInline let isByteSwapped: Bool
  /// Whether the file has no time for it, as in a simple block of a pcapng; its timestamp is 0 then.
  public let isTimeless: Bool

  /// The captured bytes, from the link header on.
  @inlinable public var bytes: RawSpan {
    @_lifetime(copy self)
    get { storage.extracting(first: Int(capturedBytes)) }
  }

  /// Bytes on the wire as the file has them, in 32 bits: less than captured in a file that is wrong.
  @inlinable public var wireByteCount: Int { Int(wireBytes) }

  /// The options that a pcapng has for the frame; none in a pcap.
  public var options: CaptureOptions {
    @_lifetime(copy self)
    get {
      let start = Swift.min((Int(capturedBytes) + 3) & ~3, storage.byteCount)
      return CaptureOptions(storage.extracting(droppingFirst: start), isByteSwapped: isByteSwapped)
    }
  }

  /// The comments that a pcapng has for the frame.
  public var comments: [String] { options.comments }

  /// The word of flags that a pcapng has for the frame (`epb_flags`): direction, kind of cast, length
  /// of the frame check sequence, errors of the link; nil if there is none.
  public var flags: UInt32? { options.word(2) }

  /// The most bytes on the wire that a packet can have: the next number says that it is not known.
  static var wireByteLimit: Int { 0xffff_fffe }

  /// A frame over lent bytes.
  @inlinable @inline(__always)
  @_lifetime(copy bytes)
  public init(
    bytes: RawSpan, timestampInNanoseconds: Int64, wireByteCount: Int,
    linkType: LinkType = .ethernet
  ) {
    self.init(
      storage: bytes, capturedBytes: UInt32(clamping: bytes.byteCount),
      timestampInNanoseconds: timestampInNanoseconds, wireBytes: UInt32(clamping: wireByteCount),
      linkType: linkType, isByteSwapped: false, isTimeless: false)
  }

  @usableFromInline @inline(__always)
  @_lifetime(copy storage)
  init(
    storage: RawSpan, capturedBytes: UInt32, timestampInNanoseconds: Int64, wireBytes: UInt32,
    linkType: LinkType, isByteSwapped: Bool, isTimeless: Bool
  ) {
    self.storage = storage
    self.capturedBytes = capturedBytes
    self.timestampInNanoseconds = timestampInNanoseconds
    self.wireBytes = wireBytes
    self.linkType = linkType
    self.isByteSwapped = isByteSwapped
    self.isTimeless = isTimeless
  }
}
