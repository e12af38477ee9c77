// SPDX-License-Identifier: BSD-2-Clause
//
// A capture file, read frame by frame through libpcap.
//
//     file --(262,144 bytes a read)--> stream buffer --> libpcap's record --> packet of the pool
//
// The copy into the packet is the only one made here. libpcap is always asked for nanoseconds, so
// that files of either resolution come out exact; what the file itself counts is `resolution`.
//
//     recordCount == packetCount + records that the filter kept out
//     end == nil  <=>  another frame may come
//
// From a pipe, a frame may be long in coming. A reader waits for it, unless it was told to stop
// doing so: then whoever reads can put out what it has first, and waits for itself.
//
// It is there to judge by, and for who wants what libpcap gives. As libpcap has it: seconds are signed 32 bits, so a time past 2038 in a pcap is one before 1970;
// a fraction of a second or more is added up; a frame longer than the file's snapshot length is
// cut to that; FCS bits of the link type are dropped.

import CPcap
public import Mbufs
public import Pcap
public import Wire

/// Reads a pcap or pcapng file as libpcap does.
///
///     var reader = try LibpcapReader(path: "dns.pcap", filter: "udp port 53")
///     while let packet = try reader.next(into: pool) { ... }
///     if let error = reader.end?.error { print(error) }
///
/// BSD: `pcap_open_offline`, `pcap_next_ex` (libpcap).
@safe
public struct LibpcapReader: ~Copyable, @unchecked Sendable {
  let pcap: OpaquePointer
  let file: LibpcapFile
  let filter: PacketFilter?

  /// The path it was opened by, "-" for standard input.
  let path: String
  /// How the file is laid out.
  public let format: CaptureFormat
  /// What the file counts times in.
  ///
  /// For a pcapng, which libpcap says nothing of, nanoseconds.
  public let resolution: TimeResolution
  /// How the frames begin.
  public let linkType: LinkType
  /// The most bytes of a frame that the file holds, as libpcap corrects it: 262,144 for 0.
  public let snapshotByteCount: Int
  /// Whether the file has the other byte order than this machine.
  package let isByteSwapped: Bool
  /// The version of the format: 2.4 for nearly every pcap, 1.0 for pcapng.
  let version: (major: Int, minor: Int)

  /// How the reading ended; nil while another frame may come.
  public internal(set) var end: CaptureEnd?
  /// Records read, those that the filter kept out included.
  package private(set) var recordCount = 0
  /// Frames read that matched the filter, those that a pool denied included.
  public private(set) var packetCount = 0
  /// Captured bytes of those frames.
  public private(set) var byteCount = 0
  /// Whether the last call gave nothing because nothing had come, in a reader that does not wait.
  package private(set) var isDry = false
  private var gate = Gate.open
  /// The gate to be there again when the kept frame has been given.
  private var gateBehind = Gate.open
  private var kept: KeptFrame?
  private(set) var deniedCount = 0
  private(set) var deniedByteCount = 0

  /// What stands before the next record.
  private enum Gate {
    /// Nothing.
    case open
    /// Whether it has come, which is asked each time.
    case untilItComes
    /// The last frame, which is kept.
    case kept
    /// The end.
    case closed
  }

  init(
    pcap: OpaquePointer, file: consuming LibpcapFile, filter: consuming PacketFilter?,
    path: String, format: CaptureFormat, resolution: TimeResolution
  ) {
    unsafe self.pcap = pcap
    self.file = file
    self.filter = filter
    self.path = path
    self.format = format
    self.resolution = resolution
    linkType = unsafe LinkType(rawValue: UInt32(bitPattern: pcap_datalink(pcap)))
    snapshotByteCount = unsafe Int(pcap_snapshot(pcap))
    isByteSwapped = unsafe pcap_is_swapped(pcap) != 0
    version = unsafe (Int(pcap_major_version(pcap)), Int(pcap_minor_version(pcap)))
  }

  deinit {
    // Closes the stream too; its buffer goes last.
    unsafe pcap_close(pcap)
    file.release()
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
    var byteCount = 0
    do throws(MbufError) {
      guard let frame = nextFrame() else { return nil }
      byteCount = frame.bytes.byteCount
      return try frame.packet(of: pool, headroom: headroom)
    } catch {
      drop(byteCount)
      throw error
    }
  }

  /// Notes how the reading ended, and that nothing more is read.
  @inline(never)
  private mutating func close(_ result: Int32) {
    gate = .closed
    end = finish(result)
  }

  /// The next frame in libpcap's own buffer, or nil at the end, which `end` then describes.
  ///
  /// Nothing is copied; the frame is good until the reader is used again.
  @inline(__always)
  @_lifetime(&self)
  public mutating func nextFrame() -> CapturedFrame? {
    var header: UnsafeMutablePointer<pcap_pkthdr>?
    var data: UnsafePointer<UInt8>?
    while gate == .open || isThere() {
      let result = unsafe pcap_next_ex(pcap, &header, &data)
      guard result == 1, let header = unsafe header, let data = unsafe data else {
        close(result)
        break
      }
      recordCount &+= 1
      let captured = unsafe Int(header.pointee.caplen)
      let onWire = unsafe Int(header.pointee.len)
      // In bounds: libpcap read that many bytes.
      let bytes = unsafe RawSpan(_unsafeStart: data, byteCount: captured)
      if let isMatch = filter?.matches(bytes, wireByteCount: onWire), !isMatch { continue }
      packetCount &+= 1
      byteCount &+= captured
      let time = unsafe nanoseconds(header.pointee.ts)
      let linkType = linkType
      // They stay until libpcap's next call, which needs the reader, which the frame borrows.
      return CapturedFrame(
        bytes: unsafe _overrideLifetime(bytes, mutating: &self), timestampInNanoseconds: time,
        wireByteCount: onWire, linkType: linkType)
    }
    if gate == .kept { return keptFrame() }
    return nil
  }

  /// From now on gives nil, with no `end` and `isDry`, where the next frame of a pipe would have to
  /// be waited for; files are read as before.
  package mutating func stopWaiting() {
    if !file.isRegular, gate == .open { gate = .untilItComes }
  }

  /// Whether the next record is worth asking libpcap for.
  @inline(never)
  private mutating func isThere() -> Bool {
    if gate == .closed || gate == .kept { return false }
    isDry = !file.hasRecord(format, isByteSwapped: isByteSwapped)
    return !isDry
  }

  // MARK: Frames that a pool denied

  /// Counts a frame, the last one read, as dropped.
  @inline(never)
  mutating func drop(_ frameByteCount: Int) {
    deniedCount += 1
    deniedByteCount += frameByteCount
  }

  /// Makes a frame, the last one read, the next one again.
  @inline(never)
  mutating func keep(_ frame: KeptFrame) {
    kept = frame
    (gateBehind, gate) = (gate, .kept)
    packetCount -= 1
    byteCount -= unsafe frame.bytes.count
  }

  @inline(never)
  @_lifetime(&self)
  private mutating func keptFrame() -> CapturedFrame? {
    guard let frame = kept else { return nil }
    kept = nil
    gate = gateBehind
    packetCount += 1
    byteCount += unsafe frame.bytes.count
    // libpcap's buffer is as it was: nothing was read since.
    let bytes = unsafe RawSpan(_unsafeBytes: frame.bytes)
    let linkType = linkType
    return CapturedFrame(
      bytes: unsafe _overrideLifetime(bytes, mutating: &self),
      timestampInNanoseconds: frame.timestampInNanoseconds, wireByteCount: frame.wireByteCount,
      linkType: linkType)
  }
}

/// A frame in libpcap's buffer, good until libpcap's next call.
@safe
struct KeptFrame {
  let bytes: UnsafeRawBufferPointer
  let timestampInNanoseconds: Int64
  let wireByteCount: Int
}

extension CapturedFrame {
  /// The frame without its lifetime, which is libpcap's next call.
  @inline(never)
  borrowing func kept() -> KeptFrame {
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe KeptFrame(
        bytes: bytes, timestampInNanoseconds: timestampInNanoseconds, wireByteCount: wireByteCount)
    }
  }
}

/// A time as libpcap gives it, where microseconds are nanoseconds: `seconds * 10^9 + fraction`.
///
/// Times that 64 bits cannot hold, which a pcapng can, stop at the first or last that they can.
@inline(__always)
private func nanoseconds(_ time: timeval) -> Int64 {
  let (whole, isTooMuch) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
  let (sum, isOver) = whole.addingReportingOverflow(Int64(time.tv_usec))
  if isTooMuch || isOver { return time.tv_sec < 0 ? .min : .max }
  return sum
}
