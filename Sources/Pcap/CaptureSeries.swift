// SPDX-License-Identifier: BSD-2-Clause
//
// The file of a recording, or its files one behind the other:
//
//     packetCount == packets of the files that are done + those of the file in hand
//     lostCount   == packets that were taken and that the system did not
//
// One file is in hand from the beginning to the end. It is closed before the next one is made, so that
// whoever finds the next may read it to its end.

import Mbufs
public import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes packets into a capture file, or into one after the other as a rotation has it.
public struct CaptureSeries: ~Copyable {
  /// The path that the recording was given, "-" for standard output.
  public let path: String
  /// When a file is followed by another; nil for one file.
  public let rotation: CaptureRotation?
  /// How the file in hand, and all before it, are laid out.
  let linkType: LinkType
  private let format: CaptureFormat
  private let resolution: TimeResolution
  private let snapshotByteCount: Int
  private let compression: CaptureCompression
  private var writer: CaptureWriter
  /// Names of the files that are there, the one in hand last; without a limit, that one alone.
  private var names: [String]
  private var doneByteCount = 0
  private var donePacketCount = 0

  /// Files begun so far.
  public private(set) var fileCount = 1
  /// Packets that were taken and that the system did not, as on a full disk.
  public var lostCount: Int { writer.lostCount }
  /// Packets written, to all files, removed ones included.
  public var packetCount: Int { donePacketCount + writer.packetCount }
  /// Captured bytes of them.
  public var byteCount: Int { doneByteCount + writer.byteCount }
  /// Packets in the file in hand.
  public var filePacketCount: Int { writer.packetCount }
  /// Bytes of the file in hand, before they are compressed: its header, and headers and bytes of its
  /// records.
  public var fileByteCount: Int { writer.fileByteCount }
  private static var headerByteCount: Int { 24 }
  /// The file in hand.
  public var fileName: String { writer.path }
  /// Files that are there still.
  public var keptFileCount: Int {
    Swift.min(fileCount, rotation?.keptFileCount ?? .max)
  }

  /// Makes the first file.
  ///
  /// - Parameters:
  ///   - path: the file, "-" for standard output; in a rotation, what the names are made of.
  ///   - rotation: when a file is followed by another.
  ///   - linkType: how the frames begin.
  ///   - resolution: what times are counted in; in microseconds, they are rounded down.
  ///   - snapshotByteCount: the most bytes of a frame.
  ///   - compression: how the files are compressed; if nil, as the name's ending says.
  /// - Throws: `PcapError` as `CaptureWriter` does.
  /// - Precondition: standard output has no rotation; one keeps a file and lets a packet into each.
  public init(
    path: String, rotation: CaptureRotation? = nil, linkType: LinkType,
    resolution: TimeResolution = .nano, snapshotByteCount: Int,
    compression: CaptureCompression? = nil
  ) throws(PcapError) {
    precondition(path != "-" || rotation == nil, "standard output is one file")
    if let rotation {
      let isUseful =
        rotation.keptFileCount ?? 1 >= 1 && rotation.packetCount ?? 1 >= 1
        && rotation.fileByteCount ?? .max > Self.headerByteCount && rotation.nanoseconds ?? 1 >= 1
      precondition(isUseful, "a rotation that keeps no file, or whose files hold no packet")
    }
    self.path = path
    self.rotation = rotation
    self.linkType = linkType
    format = CaptureFormat(ofFileNamed: path) ?? .pcap
    self.resolution = resolution
    self.snapshotByteCount = snapshotByteCount
    self.compression = compression ?? CaptureCompression(ofFileNamed: path)
    let name = rotation == nil ? path : CaptureRotation.name(path, number: 1, time: Self.time)
    names = [name]
    writer = try CaptureWriter(
      path: name, format: format, linkType: linkType, resolution: resolution,
      snapshotByteCount: snapshotByteCount, compression: self.compression)
    writer.allowsLossyTime = true
  }

  private static var time: String { CaptureRotation.localTime() }

  /// Writes a packet into the file in hand.
  ///
  /// - Throws: as `CaptureWriter.write`.
  @inline(__always)
  mutating func write(_ packet: borrowing Packet) throws(PcapError) { try writer.write(packet) }

  /// Closes the file in hand and begins another; the oldest is removed first if there are as many as
  /// are kept.
  ///
  /// - Throws: `PcapError` of kind `.unwritable`; after that nothing can be written.
  public mutating func beginFile() throws(PcapError) {
    try writer.close()
    let (packets, bytes) = (writer.packetCount, writer.byteCount)
    if let kept = rotation?.keptFileCount {
      // One that is gone, or cannot be removed, is no reason to lose what comes now.
      while names.count >= kept { unsafe unlink(FileName.systemName(names.removeFirst())) }
    } else {
      names.removeAll()
    }
    let name = CaptureRotation.name(path, number: fileCount + 1, time: Self.time)
    writer = try CaptureWriter(
      path: name, format: format, linkType: linkType, resolution: resolution,
      snapshotByteCount: snapshotByteCount, compression: self.compression)
    writer.allowsLossyTime = true
    names.append(name)
    donePacketCount += packets
    doneByteCount += bytes
    fileCount += 1
  }

  /// Puts out what is gathered: the file in hand is then a valid capture.
  ///
  /// - Throws: `.unwritable`; what was not put out is lost, and the counts say so.
  public mutating func flush() throws(PcapError) { try writer.flush() }

  /// Puts out what is gathered and closes the file in hand.
  ///
  /// - Throws: `.unwritable`; the file is closed all the same.
  public mutating func close() throws(PcapError) { try writer.close() }
}
