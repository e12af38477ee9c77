// SPDX-License-Identifier: BSD-2-Clause
//
// A capture file, read frame by frame.
//
//     file --read(2)--> window of the source --> frame, lent --> packet of the pool
//
// The copy into the packet is the only one made here; a frame that is wanted as it is, is lent. The
// record or block of the last frame stays at the beginning of the window until the next is asked for,
// so a frame that a pool denied can be read again.
//
//     recordCount == packetCount + records that the filter kept out
//     packetCount == packets given + frames lent + those that a pool denied
//     end == nil  <=>  another frame may come
//
// From a pipe, a frame may be long in coming. A reader waits for it, unless it was told to stop doing
// so: then whoever reads can put out what it has first, and waits for itself.
//
// Nothing is corrected: a frame may be longer than the snapshot length and than what it had on the
// wire. Seconds of a pcap are signed 32 bits, as its writers here and libpcap have them, so a time
// past 2038 is one before 1970; a fraction of a second or more is added up. Times that nanoseconds
// cannot hold are rounded down, or stop at the first or the last, and are counted.
//
// The longest frame is that of its link type, 262,144 bytes for nearly all and 128 MiB at most; the
// longest block has 256 MiB. What says that it is longer is corrupt.

public import Mbufs
public import Wire

/// Reads a pcap or pcapng file.
///
///     var reader = try CaptureReader(path: "dns.pcap")
///     while let packet = try reader.next(into: pool) { ... }
///     if let error = reader.end?.error { print(error) }
///
/// BSD: `pcap_open_offline`, `pcap_next_ex` (libpcap).
public struct CaptureReader: ~Copyable, @unchecked Sendable {
  var input: ByteSource
  var section: PcapngSection
  private var filter: (any FrameFilter & ~Copyable)?

  /// The path it was opened by, "-" for standard input.
  let path: String
  /// How the file is laid out.
  public let format: CaptureFormat
  /// What the file counts times in.
  ///
  /// For a pcapng, the finest of the interfaces described before the first packet, as far as they can
  /// be seen without waiting for more; those that come later may be finer.
  public let resolution: TimeResolution
  /// How the frames begin; in a pcapng, the first one, or those of the interface that is described first
  /// where no frame has come yet.
  public let linkType: LinkType
  /// The most bytes of a frame that were asked for, 262,144 or more where the file says none.
  ///
  /// It limits nothing. In a pcapng, that of the same interface as the link type.
  public let snapshotByteCount: Int
  /// Whether the file, or its first section, has the other byte order than this machine.
  package let isByteSwapped: Bool
  /// The version of the format: 2.4 for nearly every pcap, 1.0 for pcapng.
  let version: (major: Int, minor: Int)

  /// How the reading ended; nil while another frame may come.
  public internal(set) var end: CaptureEnd?
  /// Records read, those that the filter kept out included: the number of the last frame in the file.
  public internal(set) var recordCount = 0
  /// Frames read that matched the filter, those that a pool denied included.
  public private(set) var packetCount = 0
  /// Captured bytes of those frames.
  public private(set) var byteCount = 0
  /// Frames of which nanoseconds in 64 bits do not hold the time that the file has.
  public internal(set) var inexactTimeCount = 0
  /// Whether the last call gave nothing because nothing had come, in a reader that does not wait.
  package internal(set) var isDry = false
  private(set) var deniedCount = 0
  private(set) var deniedByteCount = 0

  /// The last frame.
  var found = FoundFrame()
  /// How the records of a pcap are read.
  let layout: RecordLayout
  let isFiltered: Bool
  /// Whether frames are passed by that are of a link type the filter means nothing for.
  private var passesUnfit = false
  /// Link types that the filter means nothing for, as far as frames of them came.
  private var unfitTypes: [LinkType] = []
  private var isUnfit = false
  /// Why the filter means nothing for frames that were passed by: of the first; nil if there are none.
  package private(set) var filterError: PcapError?
  /// What the filter is prepared for; nil before the first frame.
  private var filteredType: LinkType?
  private var filteredOrder: Bool

  init(
    _ input: consuming ByteSource, _ header: PcapFileHeader?, _ section: consuming PcapngSection,
    _ filter: consuming (any FrameFilter & ~Copyable)?, path: String
  ) {
    self.input = input
    isFiltered =
      switch filter {
      case .some: true
      case .none: false
      }
    self.filter = filter
    self.path = path
    let interfaces = section.interfaces
    let isNano = interfaces.contains { $0.clock.resolution == .nano }
    format = header?.format ?? .pcapng
    resolution = header?.resolution ?? (isNano ? .nano : .micro)
    linkType = section.first?.linkType ?? .ethernet
    snapshotByteCount = section.first?.shownSnapshotByteCount ?? 0
    isByteSwapped = header?.isByteSwapped ?? section.walk.isByteSwapped
    version = header?.version ?? section.walk.version
    self.section = section
    layout = RecordLayout(header)
    found.linkType = linkType
    filteredOrder = isByteSwapped
  }

  /// The next frame as a packet of `pool`, or nil at the end, which `end` then describes.
  ///
  /// The packet has the frame's time, wire length and link type; a wire
  /// length of 2^32 - 1, which no frame has, is given as 2^32 - 2.
  ///
  /// - Parameters:
  ///   - pool: where the packet comes from; a frame over 2,048 bytes becomes a chain.
  ///   - headroom: bytes kept free in front, 0...2,048.
  /// - Throws: `MbufError.exhausted` if the pool denies. The frame is counted and passed over: the
  ///   caller counts a drop, and the next call gives the next frame.
  /// - Complexity: one copy of the frame; no heap allocation.
  public mutating func next(
    into pool: MbufPool, headroom: Int = 0
  ) throws(MbufError) -> Packet? {
    do throws(MbufError) {
      return try nextPacket(of: pool, headroom: headroom)
    } catch {
      drop()
      throw error
    }
  }

  /// The next frame as a packet; one that the pool denies is the last one read.
  @inline(__always)
  mutating func nextPacket(of pool: MbufPool, headroom: Int = 0) throws(MbufError) -> Packet? {
    guard let frame = nextFrame() else { return nil }
    return try frame.packet(of: pool, headroom: headroom)
  }

  /// The next frame in the reader's own buffer, or nil at the end, which `end` then describes.
  ///
  /// Nothing is copied; the frame is good until the reader is used again.
  @inline(__always)
  @_lifetime(&self)
  public mutating func nextFrame() -> CapturedFrame? {
    while findFrame() {
      recordCount &+= 1
      if isFiltered, !passesFilter() { continue }
      packetCount &+= 1
      byteCount &+= Int(found.capturedByteCount)
      let storage = input.lentSpan(found.offset, found.byteCount)
      let (found, isSwapped) = (found, section.walk.isByteSwapped)
      // The bytes stay until the source goes on, for which the reader is needed.
      return CapturedFrame(
        storage: unsafe _overrideLifetime(storage, mutating: &self),
        capturedBytes: found.capturedByteCount,
        timestampInNanoseconds: found.timestampInNanoseconds, wireBytes: found.wireByteCount,
        linkType: found.linkType, isByteSwapped: isSwapped, isTimeless: found.isTimeless)
    }
    return nil
  }

  /// Finds the next record or block with a frame; false if there is none, or none yet.
  @inline(__always)
  private mutating func findFrame() -> Bool {
    format == .pcapng ? findPacketBlock() : findRecord()
  }

  /// From now on gives nil, with no `end` and `isDry`, where the next frame of a pipe would have to
  /// be waited for; files are read as before.
  package mutating func stopWaiting() { input.waits = false }

  /// From now on passes by frames of link types that the filter means nothing for, in place of ending there;
  /// `filterError` tells of them.
  package mutating func passUnfit() { passesUnfit = true }

  /// How the file is compressed, which is undone as it is read.
  public var compression: CaptureCompression { input.compression }

  /// Which file is being read.
  package var identity: FileIdentity { input.identity }

  // MARK: The last frame

  /// What is described: one interface in a pcap, those of this section so far in a pcapng.
  public var interfaces: [CaptureInterface] { section.interfaces }

  /// The number of the interface that the last frame came from, in its section; 0 in a pcap.
  public var interfaceIndex: Int { found.interfaceIndex }

  /// What a pcapng said beside frames, up to the last frame and in a pcapng that ended behind it.
  package var notes: CaptureNotes { section.notes }

  /// The number of the last frame's interface in the notes.
  @inline(__always)
  package var notedInterface: Int { section.notes.firstInterface &+ found.interfaceIndex }

  /// Whether the last frame has options; padding is less than four bytes.
  @inline(__always)
  package var hasOptions: Bool { found.byteCount &- Int(found.capturedByteCount) >= 4 }

  /// The first comments on the last frame.
  package var comments: [String] { options.shortComments }

  /// Whether there is a comment on the last frame.
  package var hasComment: Bool { options.hasComment }

  private var options: CaptureOptions {
    @_lifetime(borrow self)
    get {
      let start = Swift.min((Int(found.capturedByteCount) + 3) & ~3, found.byteCount)
      return CaptureOptions(
        input.span(found.offset + start, found.byteCount - start),
        isByteSwapped: section.walk.isByteSwapped)
    }
  }

  /// Where the record or block of the last frame begins in the file, or in what a compressed one
  /// expands to; nil for pipes, and before the first.
  public var byteOffset: Int? { input.lentByteCount == 0 ? nil : input.byteOffset }

  /// The record or block of the last frame as it stands in the file; nothing before the first.
  package var recordBytes: RawSpan {
    @_lifetime(borrow self)
    get { input.span(0, input.lentByteCount) }
  }

  /// Notes the block of the last frame for a copy, together with those before it.
  ///
  /// - Returns: the number that says so to the writer; 0 if nothing is noted.
  package mutating func noteBlock() -> UInt32 {
    let number = section.note(found, input)
    section.publish()
    return number
  }

  /// Hands on what was noted for a copy since the last frame.
  package mutating func publishBlocks() { section.publish() }

  // MARK: What is not given

  /// Counts records that were read as packets.
  @inline(__always)
  mutating func note(recordCount: Int, byteCount: Int) {
    self.recordCount &+= recordCount
    packetCount &+= recordCount
    self.byteCount &+= byteCount
  }

  /// Counts a frame, the last one read, as dropped.
  @inline(never)
  mutating func drop() {
    deniedCount += 1
    deniedByteCount += Int(found.capturedByteCount)
  }

  /// Makes the last frame read the next one again.
  @inline(never)
  mutating func readAgain() {
    input.lend(0)
    recordCount -= 1
    packetCount -= 1
    byteCount -= Int(found.capturedByteCount)
    if !found.hasExactTime { inexactTimeCount -= 1 }
  }

  /// Whether the last frame is one that the filter wants.
  @inline(never)
  private mutating func passesFilter() -> Bool {
    let isSwapped = format == .pcapng ? section.walk.isByteSwapped : isByteSwapped
    let isPrepared = filteredType == found.linkType && filteredOrder == isSwapped
    if isPrepared { return !isUnfit && isWanted }
    return prepareFilter(isSwapped) && isWanted
  }

  /// Gets the filter ready for the last frame; false if it means nothing for that, which is the end unless
  /// such frames are passed by.
  @inline(never)
  private mutating func prepareFilter(_ isSwapped: Bool) -> Bool {
    (filteredType, filteredOrder) = (found.linkType, isSwapped)
    isUnfit = unfitTypes.contains(found.linkType)
    if isUnfit { return false }
    do throws(PcapError) {
      try filter?.prepare(for: found.linkType, isByteSwapped: isSwapped)
      return true
    } catch {
      if passesUnfit {
        isUnfit = true
        unfitTypes.append(found.linkType)
        filterError = filterError ?? self.error(error.kind, packet: recordCount)
        return false
      }
      stop(self.error(error.kind, packet: recordCount))
      return false
    }
  }

  /// What the filter says of the last frame.
  private var isWanted: Bool {
    let bytes = input.span(found.offset, Int(found.capturedByteCount))
    switch filter {
    case .some(let filter):
      return filter.matches(bytes, wireByteCount: Int(found.wireByteCount))
    case .none: return true
    }
  }
}

/// Where a frame stands in the window, and what its record or block says of it.
struct FoundFrame {
  /// Bytes before it in the window.
  var offset = 0
  /// Bytes of the frame, padding and options.
  var byteCount = 0
  var timestampInNanoseconds: Int64 = 0
  var capturedByteCount: UInt32 = 0
  var wireByteCount: UInt32 = 0
  var linkType = LinkType.ethernet
  var interfaceIndex = 0
  /// Whether nanoseconds in 64 bits hold its time.
  var hasExactTime = true
  /// Whether it has none: 12 bytes stand before a frame in a simple block, and in no other place.
  @inline(__always) var isTimeless: Bool { offset == 12 }
}

extension CapturedFrame {
  /// A packet with the frame's bytes, time, wire length and link type.
  @inline(__always)
  package borrowing func packet(of pool: MbufPool, headroom: Int = 0) throws(MbufError) -> Packet {
    var packet = try pool.packet(copying: bytes, headroom: headroom)
    packet.timestampInNanoseconds = timestampInNanoseconds
    // 2^32 - 1 says in a packet that its length is not known: it has one less then.
    packet.wireByteCount = wireByteCount
    packet.linkType = linkType.rawValue
    if isTimeless { packet.header.isTimeless = true }
    return packet
  }
}
