// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Libpcap
import Mbufs
import Pcap
import TestSupport

/// The captures that come with the sources.
enum Captures {
  static let directory = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Captures")

  static func path(_ name: String) -> String { directory.appending(path: name).path() }

  static func bytes(_ name: String) throws -> [UInt8] { try fileBytes(path(name)) }

  /// Every capture, broken ones included, in order of name.
  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path())
      .filter { $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng") || $0.hasSuffix(".pcap.gz") }
      .sorted()
  }
}

func fileBytes(_ path: String) throws -> [UInt8] { [UInt8](try readFile(path)) }

/// A file that goes away with its last user; in memory where that can be had.
final class TemporaryFile: Sendable {
  private static let directory =
    FileManager.default.isWritableFile(atPath: "/dev/shm")
    ? URL(filePath: "/dev/shm") : FileManager.default.temporaryDirectory

  let path: String

  init(_ bytes: [UInt8]? = nil, suffix: String = ".pcap") throws {
    path = Self.directory.appending(path: "mbuma-\(UUID().uuidString)\(suffix)").path()
    if let bytes { try write(bytes) }
  }

  func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: path)) }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A frame copied out, to be compared.
struct Frame: Equatable {
  var bytes: [UInt8]
  var time: Int64
  var wireByteCount: Int

  init(_ bytes: [UInt8], time: Int64 = 0, wireByteCount: Int? = nil) {
    self.bytes = bytes
    self.time = time
    self.wireByteCount = wireByteCount ?? bytes.count
  }

  init(_ frame: borrowing CapturedFrame) {
    let span = frame.bytes
    bytes = unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
    time = frame.timestampInNanoseconds
    wireByteCount = frame.wireByteCount
  }

  init(_ packet: borrowing Packet) {
    var bytes: [UInt8] = []
    packet.forEachSegment { segment in
      unsafe segment.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
    self.bytes = bytes
    time = packet.timestampInNanoseconds
    wireByteCount = packet.wireByteCount
  }
}

/// Every frame that is still to be read.
func allFrames(_ reader: inout CaptureReader) -> [Frame] {
  var frames: [Frame] = []
  while let frame = reader.nextFrame() { frames.append(Frame(frame)) }
  return frames
}

/// The frames left in a pipe that was closed here, up to its end.
///
/// A child that another test is starting holds a copy of the writing end until it runs its own
/// program, so the end comes a moment after the close.
func framesToTheEnd(_ reader: inout CaptureReader) -> [Frame] {
  var frames = allFrames(&reader)
  let deadline = ContinuousClock.now + .seconds(60)
  while reader.isDry, ContinuousClock.now < deadline {
    _ = reader.wait(milliseconds: 250)
    frames += allFrames(&reader)
  }
  return frames
}

/// Every frame of a file, and how it ended.
func readFrames(_ path: String, filter: String? = nil) throws -> ([Frame], CaptureEnd?) {
  var reader = try CaptureReader(path: path, filter: filter)
  let frames = allFrames(&reader)
  return (frames, reader.end)
}

/// What opening the file throws, nil if it opens.
func openError(_ path: String, filter: String? = nil) -> PcapError? {
  do throws(PcapError) {
    _ = try CaptureReader(path: path, filter: filter)
    return nil
  } catch {
    return error
  }
}

/// A packet with these bytes, in as many segments as that takes.
func packet(_ frame: Frame, from pool: MbufPool) throws -> Packet {
  var packet = unsafe try pool.packet(copying: frame.bytes.span.bytes)
  packet.timestampInNanoseconds = frame.time
  packet.wireByteCount = frame.wireByteCount
  return packet
}

/// The 32-bit words of a file in the order of this machine.
func words(_ values: [UInt32], bigEndian: Bool = false) -> [UInt8] {
  values.flatMap { value in
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    return bigEndian ? bytes.reversed() : bytes
  }
}
