// SPDX-License-Identifier: BSD-2-Clause
//
// The bytes on their way into a capture file, and the one place that writes them.
//
//     0 <= filledByteCount <= capacity;  a descriptor below 0 is closed
//
// Once the header is out, the buffer begins where a record does, and when it is written it ends
// where one does. So when the system takes only `done` bytes of it, the records among them are
// found by walking the lengths, and a regular file is cut back to the last whole one:
//
//     [ record ][ record ][ rec|ord ][ record ]
//     <----- kept -------><done>                  lost: the last two
//
// A pcapng's blocks tell their lengths in another place, and not each is a record.
//
// With a compressor in front of the descriptor the buffer is compressed and flushed as a whole. Of one
// that is written in part no record can be told to be there, so all of its records are lost, and a
// regular file is cut back to where it was before. It then expands to whole records without an end.
//
// Where what comes may still be refused, a file of that name keeps its bytes until the first of its
// successor are put out, and for good if the refusal comes before:
//
//     old bytes, header waits --first records--> header, records
//                             --refused--------> old bytes
//
// A file that failed takes no more: on a pipe, what follows would stand behind half a record.

import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Records that were taken and did not reach the file.
struct LostRecords: Equatable {
  var count = 0
  /// Captured bytes of them.
  var byteCount = 0
}

/// A descriptor with a buffer in front of it.
@safe
struct OutputFile: ~Copyable {
  private var descriptor: Int32
  private let format: CaptureFormat
  private let compressor: Compressor
  private var buffer: UnsafeMutableRawPointer
  private var capacity: Int
  private(set) var filledByteCount = 0
  /// Records that a failed write has cost.
  private(set) var lost = LostRecords()
  /// Whether numbers of the blocks gathered are in the other order than this machine's.
  var isByteSwapped = false
  /// Why nothing more is taken.
  private var failure: PcapError.Kind?
  /// failure != nil, without a look at what the reason holds.
  private var hasFailed = false
  /// The header of a file that still holds what it held before; else empty.
  private var waitingHeader: [UInt8] = []

  /// Bytes that are gathered for one write, if no record is larger.
  private static let flushByteCount = 327_680

  /// Makes or empties the file, or takes standard output for "-", and writes `header`.
  ///
  /// - Parameter isKept: whether a file that is there keeps its bytes until the first records are put out.
  /// - Throws: `.unwritable` if the system refuses either; `.noLibrary`, and nothing is made.
  static func begin(
    path: String, with header: [UInt8], _ format: CaptureFormat, _ compression: CaptureCompression,
    keepingOld isKept: Bool = false
  ) throws(PcapError) -> OutputFile {
    let compressor: Compressor
    do throws(StreamFault) {
      compressor = try Compressor(compression)
    } catch {
      throw PcapError(error.kind, file: path)
    }
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (isKept ? 0 : O_TRUNC)
    let descriptor =
      path == "-" ? dup(1) : unsafe open(FileName.systemName(path), flags, 0o666)
    guard descriptor >= 0 else { throw PcapError(.unwritable(errno: errno), file: path) }
    var file = OutputFile(descriptor: descriptor, format, compressor)
    if isKept, path != "-", holdsBytes(descriptor) {
      file.waitingHeader = header
      return file
    }
    let (done, reason) = unsafe file.write(header.span.bytes)
    guard reason == 0 else {
      cutBack(descriptor, by: done)
      file.hasFailed = true
      throw PcapError(.unwritable(errno: reason), file: path)
    }
    return file
  }

  private init(
    descriptor: Int32, _ format: CaptureFormat, _ compressor: consuming Compressor
  ) {
    self.descriptor = descriptor
    self.format = format
    self.compressor = compressor
    capacity = Self.flushByteCount
    unsafe buffer = .allocate(byteCount: capacity, alignment: 16)
  }

  /// Writes bytes, compressed if that is wanted.
  ///
  /// - Returns: bytes that went into the file, and the error number if those are not all, else 0.
  private func write(_ bytes: RawSpan) -> (done: Int, reason: Int32) {
    compressor.isOpen
      ? compressor.write(bytes, to: descriptor, ends: false) : writeAll(bytes, to: descriptor)
  }

  /// Takes what the file held before out of it, and writes the header, where that is still to be done.
  ///
  /// - Returns: the error number, 0 if it is done.
  private func writeWaitingHeader() -> Int32 {
    if waitingHeader.isEmpty { return 0 }
    guard ftruncate(descriptor, 0) == 0 else { return errno }
    let (done, reason) = unsafe write(waitingHeader.span.bytes)
    if reason != 0 { Self.cutBack(descriptor, by: done) }
    return reason
  }

  /// Writes what is gathered, with one system call unless the system takes less.
  private func writeFilled() -> (done: Int, reason: Int32) {
    if filledByteCount == 0 { return (0, 0) }
    // In bounds: 0 <= filledByteCount <= capacity.
    return unsafe write(RawSpan(_unsafeStart: buffer, byteCount: filledByteCount))
  }

  /// Writes the end of a compressed stream, or takes back what of it was written.
  ///
  /// - Returns: the error number, 0 if it is written.
  private func writeEnd() -> Int32 {
    let (done, reason) = compressor.write(RawSpan(), to: descriptor, ends: true)
    if reason != 0 { Self.cutBack(descriptor, by: done) }
    return reason
  }

  deinit {
    if descriptor >= 0 {
      let headerReason = writeWaitingHeader()
      let (done, reason) = headerReason == 0 ? writeFilled() : (0, headerReason)
      if reason != 0 {
        Self.cutBack(descriptor, by: done - keptRecords(of: done).byteCount)
      } else if !hasFailed {
        _ = writeEnd()
      }
      _ = closeDescriptor(descriptor)
    }
    unsafe buffer.deallocate()
  }

  /// Whether more can be written, as far as is known.
  var isOpen: Bool { descriptor >= 0 && !hasFailed }

  /// Whether a record of `byteCount` bytes can be appended as things are.
  @inline(__always)
  func hasRoom(_ byteCount: Int) -> Bool {
    byteCount <= Self.flushByteCount - filledByteCount && descriptor >= 0 && !hasFailed
  }

  /// Sees to it that a record of `byteCount` bytes can be appended; a large one is written alone.
  mutating func makeRoom(_ byteCount: Int, _ path: String) throws(PcapError) {
    if hasRoom(byteCount) { return }
    precondition(descriptor >= 0, "write to the closed file \(path)")
    try flush(path)
    guard byteCount > capacity else { return }
    unsafe buffer.deallocate()
    capacity = byteCount
    unsafe buffer = .allocate(byteCount: capacity, alignment: 16)
  }

  /// Appends bytes for which there is room.
  @inline(__always)
  mutating func append(_ bytes: RawSpan) {
    let count = bytes.byteCount
    precondition(count <= capacity - filledByteCount, "no room for \(count) bytes")
    unsafe bytes.withUnsafeBytes { source in
      guard let start = source.baseAddress else { return }
      // In bounds: there is room, checked above.
      unsafe (buffer + filledByteCount).copyMemory(from: start, byteCount: count)
    }
    filledByteCount += count
  }

  /// Appends the four words before a record's bytes.
  @inline(__always)
  mutating func appendRecordHeader(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) {
    precondition(capacity - filledByteCount >= 16, "no room for a record header")
    let place = unsafe buffer + filledByteCount
    // In bounds: 16 bytes are free, checked above.
    unsafe place.storeBytes(of: a, as: UInt32.self)
    unsafe place.storeBytes(of: b, toByteOffset: 4, as: UInt32.self)
    unsafe place.storeBytes(of: c, toByteOffset: 8, as: UInt32.self)
    unsafe place.storeBytes(of: d, toByteOffset: 12, as: UInt32.self)
    filledByteCount += 16
  }

  /// Appends three words for which there is room.
  @inline(__always)
  mutating func appendWords(_ a: UInt32, _ b: UInt32, _ c: UInt32) {
    precondition(capacity - filledByteCount >= 12, "no room for three words")
    let place = unsafe buffer + filledByteCount
    // In bounds: 12 bytes are free, checked above.
    unsafe place.storeBytes(of: a, as: UInt32.self)
    unsafe place.storeBytes(of: b, toByteOffset: 4, as: UInt32.self)
    unsafe place.storeBytes(of: c, toByteOffset: 8, as: UInt32.self)
    filledByteCount += 12
  }

  /// Appends up to three zeroes and the length of the block that they end.
  @inline(__always)
  mutating func endBlock(padding: Int, length: UInt32) {
    precondition(
      0...3 ~= padding && capacity - filledByteCount >= padding + 4, "no room for a block's end")
    let place = unsafe buffer + filledByteCount
    // In bounds: as many bytes are free, checked above; with padding the first word lies within them.
    unsafe place.storeBytes(of: 0, as: UInt32.self)
    unsafe place.storeBytes(of: length, toByteOffset: padding, as: UInt32.self)
    filledByteCount += padding + 4
  }

  /// Writes out what is gathered, which must be whole records.
  ///
  /// - Throws: `.unwritable`, the first time and ever after; then what could not be written is
  ///   lost, and a regular file ends where its last whole record does.
  mutating func flush(_ path: String) throws(PcapError) {
    precondition(descriptor >= 0, "flush of the closed file \(path)")
    if failure == nil { putOut() }
    if let failure { throw PcapError(failure, file: path) }
  }

  /// Flushes and closes; does nothing the second time.
  mutating func close(_ path: String) throws(PcapError) {
    guard descriptor >= 0 else { return }
    let hadFailed = failure != nil
    putOut()
    if failure == nil {
      let reason = writeEnd()
      if reason != 0 { failure = .unwritable(errno: reason) }
    }
    let result = closeDescriptor(descriptor)
    let closing = result == 0 ? 0 : errno
    descriptor = -1
    if let failure, !hadFailed { throw PcapError(failure, file: path) }
    guard closing == 0 else { throw PcapError(.unwritable(errno: closing), file: path) }
  }

  /// Empties the buffer into the file, or says in `failure` and `lost` what came of that.
  private mutating func putOut() {
    let headerReason = waitingHeader.isEmpty ? 0 : beginSlow()
    let (done, reason) = headerReason == 0 ? writeFilled() : (0, headerReason)
    if reason != 0 { noteFailure(reason, done) }
    filledByteCount = 0
  }

  /// Writes the header that waits, if it can be.
  @inline(never)
  private mutating func beginSlow() -> Int32 {
    let reason = writeWaitingHeader()
    waitingHeader = []
    return reason
  }

  /// Takes nothing more for a reason, and leaves the file what it held before, if it still holds that.
  mutating func giveUp(_ reason: PcapError.Kind) {
    guard !waitingHeader.isEmpty else { return }
    let all = wholeRecords(in: filledByteCount).records
    lost.count += all.count
    lost.byteCount += all.byteCount
    (failure, hasFailed) = (reason, true)
    (waitingHeader, filledByteCount) = ([], 0)
  }

  @inline(never)
  private mutating func noteFailure(_ reason: Int32, _ done: Int) {
    let all = wholeRecords(in: filledByteCount)
    let kept = keptRecords(of: done)
    lost.count += all.records.count - kept.records.count
    lost.byteCount += all.records.byteCount - kept.records.byteCount
    failure = .unwritable(errno: reason)
    hasFailed = true
    Self.cutBack(descriptor, by: done - kept.byteCount)
  }

  /// The whole records among the first `done` bytes that were written of the buffer, which had to be
  /// more, and the bytes they take.
  private func keptRecords(of done: Int) -> (records: LostRecords, byteCount: Int) {
    wholeRecords(in: compressor.isOpen ? 0 : done)
  }

  /// The whole records among the first `limit` bytes of the buffer, and the bytes they take.
  private func wholeRecords(in limit: Int) -> (records: LostRecords, byteCount: Int) {
    var records = LostRecords()
    var offset = 0
    while format == .pcapng, offset + 12 <= limit {
      // In bounds: the block's type and length, and of a packet its fields, are within the filled part.
      let (type, length) = (word(at: offset), Int(word(at: offset + 4)))
      guard length >= 12, length <= limit - offset else { return (records, offset) }
      if CaptureBlock.isPacket(type) {
        records.count += 1
        // A simple block has the length on the wire alone, and what is captured ends with it.
        records.byteCount +=
          type == CaptureBlock.Kind.simplePacket
          ? Swift.min(Int(word(at: offset + 8)), length - 16) : Int(word(at: offset + 20))
      }
      offset += length
    }
    while format == .pcap, offset + 16 <= limit {
      // In bounds: the record's header is within the filled part.
      let captured = unsafe Int(buffer.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self))
      guard captured <= limit - offset - 16 else { break }
      offset += 16 + captured
      records.count += 1
      records.byteCount += captured
    }
    return (records, offset)
  }

  /// A word of the blocks gathered.
  private func word(at offset: Int) -> UInt32 {
    precondition(offset + 4 <= filledByteCount, "word \(offset) of \(filledByteCount) bytes")
    // In bounds, checked above.
    let word = unsafe buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    return isByteSwapped ? word.byteSwapped : word
  }

  /// Whether it is a regular file that is not empty.
  private static func holdsBytes(_ descriptor: Int32) -> Bool {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && status.st_size > 0
  }

  /// Takes the last bytes off a regular file; does nothing to others, which cannot give them back.
  private static func cutBack(_ descriptor: Int32, by byteCount: Int) {
    var status = stat()
    guard byteCount > 0, unsafe fstat(descriptor, &status) == 0,
      status.st_mode & S_IFMT == S_IFREG
    else { return }
    let end = lseek(descriptor, 0, SEEK_CUR) - off_t(byteCount)
    guard end >= 0, ftruncate(descriptor, end) == 0 else { return }
    // Whoever shares the descriptor, as with standard output, goes on from there.
    lseek(descriptor, end, SEEK_SET)
  }
}

/// The header of a pcap in this machine's order, as libpcap writes it: version 2.4, zone and digits 0.
func captureHeader(
  linkType: LinkType, resolution: TimeResolution, snapshotByteCount: Int, _ path: String
) throws(PcapError) -> [UInt8] {
  guard let number = linkType.inFile else {
    throw PcapError(.unsupportedLinkType(linkType.rawValue), file: path)
  }
  let magic: UInt32 = resolution == .nano ? 0xa1b2_3c4d : 0xa1b2_c3d4
  let version = UInt16(littleEndian: 1) == 1 ? UInt32(0x0004_0002) : 0x0002_0004
  let words = [magic, version, 0, 0, UInt32(snapshotByteCount), number]
  return words.flatMap { word in unsafe withUnsafeBytes(of: word) { unsafe [UInt8]($0) } }
}
