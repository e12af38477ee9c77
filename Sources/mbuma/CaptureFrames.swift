// SPDX-License-Identifier: BSD-2-Clause
//
// What `info` and `dump` look at: the frames of one capture, each with its number in the file, whatever a
// filter leaves out. All that these commands want of a reader is here.

import Inspection
import Libpcap
import Pcap
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A capture being read, frame by frame.
struct CaptureFrames: ~Copyable {
  /// What the first comments on frames are.
  struct Comment {
    /// The frame, from 1.
    let number: Int
    let text: String
  }

  private var reader: CaptureReader
  /// Whether blocks are noted for a copy.
  private let isCopying: Bool
  /// Whether comments and interfaces of frames are noted.
  private let isNoting: Bool
  /// Frames with a comment.
  private(set) var commentedCount = 0
  /// The first comments.
  private(set) var comments: [Comment] = []
  /// Frames of the interfaces that the notes have.
  private(set) var interfacePackets = InlineArray<64, Int>(repeating: 0)
  /// Bytes of the file; nil of a pipe.
  let fileByteCount: Int?

  /// Opens a capture, "-" for standard input.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - filter: which frames are given; nil for all.
  ///   - journal: where to note what is to be copied beside frames; nil if nothing is.
  ///   - isNoting: whether to note what a pcapng says of frames beside them.
  init(
    path: String, filter: String? = nil, copying journal: BlockJournal? = nil,
    isNoting: Bool = false
  ) throws(PcapError) {
    isCopying = journal != nil
    fileByteCount = Self.byteCount(of: path)
    reader = try CaptureReader(
      path: path, selecting: filter.map { FilterExpression($0) }, noting: journal)
    reader.stopWaiting()
    reader.passUnfit()
    self.isNoting = isNoting && reader.format == .pcapng
  }

  /// How the file is laid out.
  var format: CaptureFormat { reader.format }
  /// How it is compressed.
  var compression: CaptureCompression { reader.compression }
  /// What it counts times in.
  var resolution: TimeResolution { reader.resolution }
  /// How its frames begin.
  var linkType: LinkType { reader.linkType }
  /// The most bytes of a frame that it says it holds.
  var snapshotByteCount: Int { reader.snapshotByteCount }
  /// How the reading ended; nil before that.
  var end: CaptureEnd? { reader.end }
  /// What a pcapng said beside frames.
  var notes: CaptureNotes { reader.notes }
  /// Why the filter can match no frame of some link type; nil if it could match all.
  var filterError: PcapError? { reader.filterError }
  /// Records read, those that a filter left out included.
  var recordCount: Int { reader.recordCount }

  /// The next frame, lent until the capture is used again; nil at the end, and where `mustWait`.
  @_lifetime(&self)
  mutating func next() -> InspectedFrame? {
    guard let lent = nextLent() else {
      // Blocks may stand behind the last frame.
      if isCopying { reader.publishBlocks() }
      return nil
    }
    let recordNumber = isCopying ? reader.noteBlock() : 0
    if isNoting { noteFrame() }
    // They stay until the reader's next frame, which needs this capture, which the result borrows.
    let bytes = unsafe RawSpan(_unsafeBytes: lent.bytes)
    let number = reader.recordCount
    var frame = InspectedFrame(
      bytes: unsafe _overrideLifetime(bytes, mutating: &self), number: number,
      timestampInNanoseconds: lent.timestampInNanoseconds, wireByteCount: lent.wireByteCount,
      linkType: lent.linkType)
    frame.recordNumber = recordNumber
    frame.isTimeless = lent.isTimeless
    return frame
  }

  /// A frame in the reader's buffer, good until its next one; the reader may be asked meanwhile.
  @safe
  private struct Lent {
    let bytes: UnsafeRawBufferPointer
    let timestampInNanoseconds: Int64
    let wireByteCount: Int
    let linkType: LinkType
    let isTimeless: Bool
  }

  @inline(__always)
  private mutating func nextLent() -> Lent? {
    guard let frame = reader.nextFrame() else { return nil }
    return unsafe frame.bytes.withUnsafeBytes { bytes in
      unsafe Lent(
        bytes: bytes, timestampInNanoseconds: frame.timestampInNanoseconds,
        wireByteCount: frame.wireByteCount, linkType: frame.linkType,
        isTimeless: frame.isTimeless)
    }
  }

  @inline(__always)
  private mutating func noteFrame() {
    let interface = reader.notedInterface
    if interface < interfacePackets.count { interfacePackets[interface] &+= 1 }
    guard reader.hasOptions else { return }
    if comments.count < CaptureNotes.commentLimit {
      noteComments()
    } else if reader.hasComment {
      commentedCount += 1
    }
  }

  @inline(never)
  private mutating func noteComments() {
    let found = reader.comments
    commentedCount += found.isEmpty ? 0 : 1
    for text in found where comments.count < CaptureNotes.commentLimit {
      comments.append(Comment(number: reader.recordCount, text: text))
    }
  }

  /// Goes past frames without a look at them.
  ///
  /// - Returns: whether there were as many.
  @inline(never)
  mutating func skip(_ limit: Int) -> Bool {
    for _ in 0..<limit {
      guard reader.nextFrame() != nil else { return false }
    }
    return true
  }

  /// Whether there was no frame because none has come yet through a pipe.
  var mustWait: Bool { reader.end == nil && reader.isDry }

  /// Waits a while for more.
  func wait() { _ = reader.wait(milliseconds: 1_000) }

  private static func byteCount(of path: String) -> Int? {
    var status = stat()
    let name = FileName.bytes(of: path).map { CChar(bitPattern: $0) } + [0]
    let result = path == "-" ? unsafe fstat(0, &status) : unsafe stat(name, &status)
    guard result == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }
}
