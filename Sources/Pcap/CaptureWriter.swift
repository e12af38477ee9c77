// SPDX-License-Identifier: BSD-2-Clause
//
// A capture file, written frame by frame: a header, then records. Of a pcap:
//
//     seconds (32)   fraction (32)   captured bytes (32)   bytes on the wire (32)   the bytes
//
// in this machine's byte order. Only whole records leave the buffer, with one system call unless
// the system takes less at a time, so between two calls the file is a valid capture:
//
//     bytes in the file == 24 + sum over flushed records of (16 + captured bytes)
//
// A pcapng has blocks in their place: CaptureWriter+Pcapng.swift.
//
// A kill between two calls leaves it so. A kill inside a call leaves what the kernel had copied:
// Linux stops at the end of a page of the file, which may cut the last record there is; those
// before it are whole.
//
// When the system refuses more, a regular file is cut back to its last whole record, the counts go
// down to what is in it, and the writer takes nothing more.
//
// A compressed file expands to all that, and ends as a stream when it is closed; before, and after a
// failure, readers get the same records and then that the stream ends early. A failure loses every
// record of the buffer that was being written, be it in the file in part.
//
// A pcap that is a copy may be refused, for what the input has beside its frames. Then the file of that
// name keeps what it held, unless records of the copy were put out before.
//
// What a pcap cannot hold as it came: fractions of a second or more are carried into the seconds.
// What a packet cannot: a wire length of 2^32 - 1, its mark of one that is not known, is 2^32 - 2
// in it and is written so. A frame keeps it. Comparisons take the two for the same.

public import Mbufs
public import Wire

/// Writes a pcap, or a pcapng, which takes packets of any link type.
///
///     var writer = try CaptureWriter(path: "out.pcap", linkType: .ethernet, resolution: .micro)
///     try writer.write(packet)
///     try writer.close()
///
/// BSD: `pcap_dump_open`, `pcap_dump` (libpcap).
@safe
public struct CaptureWriter: ~Copyable, @unchecked Sendable {
  /// The path it was made by, "-" for standard output.
  let path: String
  /// How the file is laid out.
  package let format: CaptureFormat
  /// How the frames begin; of a pcapng, the first of them.
  let linkType: LinkType
  /// What the file counts times in.
  let resolution: TimeResolution
  /// The most bytes of a frame that the file takes.
  package let snapshotByteCount: Int
  /// Whether a microsecond file takes times that it must round down.
  public var allowsLossyTime = false
  /// Frames written; after a failure, those that are whole in the file.
  public var packetCount: Int { takenPacketCount - output.lost.count }
  /// Captured bytes of those frames.
  public var byteCount: Int { takenByteCount - output.lost.byteCount }
  /// Frames whose time was rounded down, those that a failure lost included.
  public private(set) var roundedTimeCount = 0

  /// Frames that a failure lost.
  var lostCount: Int { output.lost.count }
  /// Bytes of the file, before they are compressed, once what was written is put out.
  var fileByteCount: Int { format == .pcap ? 24 + 16 * packetCount + byteCount : pcapngByteCount }

  private var takenPacketCount = 0
  private var takenByteCount = 0
  var output: OutputFile
  /// Link types of the interfaces of a pcapng.
  var interfaces: [LinkType] = []
  var pcapngByteCount = 0
  /// What stood beside the packets where they come from; nil if nobody noted it.
  var copy: BlockCopy?
  /// Whether the section being written is the writer's own, which ends where one is copied.
  var isInOwnSection = true

  /// Makes the file, or empties it, and writes its header.
  ///
  /// - Parameters:
  ///   - path: the file, or "-" for standard output; a byte `b` that is not UTF-8 is U+10FF00 + `b`.
  ///   - format: how it is laid out.
  ///   - linkType: how the frames begin; of a pcapng, the first of them.
  ///   - resolution: what the file counts times in.
  ///   - snapshotByteCount: what the header says is the most of a frame, 1...2^31 - 1; if nil, the
  ///     most that readers take for the link type: 262,144, or more for D-Bus, USBPcap and EBHSCR.
  ///   - compression: how all of it is compressed.
  /// - Throws: `PcapError` of kind `.unwritable` or `.unsupportedLinkType`, or `.noLibrary`, and then
  ///   the file is not touched.
  public init(
    path: String, format: CaptureFormat = .pcap, linkType: LinkType, resolution: TimeResolution,
    snapshotByteCount: Int? = nil, compression: CaptureCompression = .uncompressed
  ) throws(PcapError) {
    try self.init(
      path: path, format: format, linkType: linkType, resolution: resolution,
      snapshotByteCount: snapshotByteCount, compression: compression, copying: nil)
  }

  /// The same, for a copy that keeps what the input has beside its frames, or refuses what it cannot.
  ///
  /// - Parameter journal: where readers note that; its beginning is the file's if there is one.
  package init(
    path: String, format: CaptureFormat, linkType: LinkType, resolution: TimeResolution,
    snapshotByteCount: Int? = nil, compression: CaptureCompression = .uncompressed,
    copying journal: BlockJournal?
  ) throws(PcapError) {
    let snapshotByteCount = snapshotByteCount ?? linkType.frameByteLimit
    precondition(format != .modified, "a modified pcap is only read")
    precondition(
      1...Int(Int32.max) ~= snapshotByteCount, "snapshot length of \(snapshotByteCount) bytes")
    var copy = journal.map(BlockCopy.init)
    let copied = format == .pcapng ? copy?.leadingBlocks() ?? [] : []
    let header: [UInt8]
    if !copied.isEmpty {
      header = copied
    } else if format == .pcapng {
      header = try Self.pcapngHeader(
        linkType: linkType, resolution: resolution, snapshotByteCount: snapshotByteCount, path)
    } else {
      header = try captureHeader(
        linkType: linkType, resolution: resolution, snapshotByteCount: snapshotByteCount, path)
    }
    // A pcap cannot hold all that a journal may have, and is refused then.
    output = try OutputFile.begin(
      path: path, with: header, format, compression, keepingOld: format == .pcap && journal != nil)
    self.format = format
    if format == .pcapng { (interfaces, pcapngByteCount) = ([linkType], header.count) }
    if !copied.isEmpty {
      isInOwnSection = false
      output.isByteSwapped = copy?.isByteSwapped ?? false
    }
    self.copy = copy
    self.path = path
    self.linkType = linkType
    self.resolution = resolution
    self.snapshotByteCount = snapshotByteCount
  }

  /// Writes a packet with its time and wire length.
  ///
  /// - Throws: `.timeNotExact`, `.timeOutOfRange` or `.frameTooLong`, and then nothing was written;
  ///   `.unwritable` if the system refuses, and then the file may lack frames written before: the
  ///   error names the first, and the counts are of those that are there.
  public mutating func write(_ packet: borrowing Packet) throws(PcapError) {
    let header = packet.header
    if header.recordNumber != 0, copy != nil {
      let facts = BlockCopy.Facts(
        linkType: LinkType(rawValue: header.linkType), byteCount: packet.byteCount,
        timestampInNanoseconds: header.timestampInNanoseconds,
        wireByteCount: packet.wireByteCount)
      let isWritten = try writeCopied(header.recordNumber, facts) { output in
        packet.forEachSegment { bytes in output.append(bytes) }
      }
      if isWritten { return }
    } else if !isInOwnSection {
      try endCopiedSection()
    }
    let padding = try begin(
      LinkType(rawValue: header.linkType), byteCount: packet.byteCount,
      timestampInNanoseconds: header.timestampInNanoseconds, wireByteCount: packet.wireByteCount)
    packet.forEachSegment { bytes in output.append(bytes) }
    if format == .pcapng { endBlock(byteCount: packet.byteCount, padding: padding) }
  }

  /// Writes a frame with its time and wire length.
  ///
  /// - Throws: as for a packet.
  public mutating func write(_ frame: borrowing CapturedFrame) throws(PcapError) {
    try write(frame, number: 0)
  }

  /// The same, of a frame whose block stands in the journal under a number, 0 for none.
  package mutating func write(
    _ frame: borrowing CapturedFrame, number: UInt32
  ) throws(PcapError) {
    if number != 0, copy != nil {
      let facts = BlockCopy.Facts(
        linkType: frame.linkType, byteCount: frame.bytes.byteCount,
        timestampInNanoseconds: frame.timestampInNanoseconds, wireByteCount: frame.wireByteCount)
      let bytes = frame.bytes
      if try writeCopied(number, facts, { $0.append(bytes) }) { return }
    } else if !isInOwnSection {
      try endCopiedSection()
    }
    let padding = try begin(
      frame.linkType, byteCount: frame.bytes.byteCount,
      timestampInNanoseconds: frame.timestampInNanoseconds, wireByteCount: frame.wireByteCount)
    output.append(frame.bytes)
    if format == .pcapng { endBlock(byteCount: frame.bytes.byteCount, padding: padding) }
  }

  /// Puts out what is gathered: the file is then a valid capture of every frame written.
  ///
  /// - Throws: `.unwritable`; what was not put out is lost, and the counts say so.
  public mutating func flush() throws(PcapError) {
    do throws(PcapError) {
      try output.flush(path)
    } catch {
      throw failure(error.kind)
    }
  }

  /// Flushes and closes the file; afterwards nothing can be written.
  ///
  /// A writer that just ends does the same, but cannot say whether it worked.
  ///
  /// - Throws: `.unwritable`; the file is closed all the same.
  public mutating func close() throws(PcapError) {
    var first: PcapError?
    if output.isOpen { do throws(PcapError) { try writeLeftBlocks() } catch { first = error } }
    do throws(PcapError) {
      try output.close(path)
    } catch {
      throw first ?? failure(error.kind)
    }
    if let first { throw first }
  }

  /// Makes room for a record, and writes its header once nothing can fail any more.
  ///
  /// - Returns: bytes of padding behind the record's.
  private mutating func begin(
    _ linkType: LinkType, byteCount: Int, timestampInNanoseconds time: Int64, wireByteCount: Int
  ) throws(PcapError) -> Int {
    guard byteCount <= snapshotByteCount else {
      throw failure(.frameTooLong(byteCount: byteCount, limit: snapshotByteCount))
    }
    let (seconds, rest) = time.flooredDivision(by: 1_000_000_000)
    var padding = 0
    // Signed or unsigned: readers differ, and both find their own bits again.
    guard format == .pcapng || -0x8000_0000...0xffff_ffff ~= seconds else {
      throw failure(.timeOutOfRange(nanoseconds: time))
    }
    var fraction = rest
    var isRounded = false
    if resolution == .micro {
      let (micro, lost) = rest.quotientAndRemainder(dividingBy: 1_000)
      if lost != 0 {
        guard allowsLossyTime else { throw failure(.timeNotExact(nanoseconds: time)) }
        isRounded = true
      }
      fraction = micro
    }
    if format == .pcap {
      if !output.hasRoom(16 + byteCount) { try makeRoomSlow(16 + byteCount) }
      output.appendRecordHeader(
        UInt32(truncatingIfNeeded: seconds), UInt32(truncatingIfNeeded: fraction),
        UInt32(byteCount), UInt32(clamping: wireByteCount))
    } else {
      padding = try beginBlock(
        linkType, byteCount: byteCount, timestampInNanoseconds: time,
        wireByteCount: wireByteCount)
    }
    noteTaken(byteCount: byteCount)
    if isRounded { roundedTimeCount += 1 }
    return padding
  }

  /// Counts a packet for which there is room.
  mutating func noteTaken(byteCount: Int) {
    takenPacketCount += 1
    takenByteCount += byteCount
  }

  /// Puts out what is gathered to make room, or throws why there is none.
  @inline(never)
  mutating func makeRoomSlow(_ byteCount: Int) throws(PcapError) {
    do throws(PcapError) {
      try output.makeRoom(byteCount, path)
    } catch {
      throw failure(error.kind)
    }
  }

  func failure(_ kind: PcapError.Kind) -> PcapError {
    PcapError(kind, file: path, packet: packetCount + 1)
  }
}

extension Int64 {
  /// The quotient rounded down, and what is left, which is never negative.
  fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, rest: Int64) {
    let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
  }
}
