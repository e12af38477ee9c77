// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Interfaces
import Pcap
import Testing

/// Captures that come through a pipe, a few bytes at a time.
@Suite struct PipeInputTests {
  /// Opens a capture whose first bytes are in the pipe.
  private func reader(of pipe: Pipe) throws -> CaptureReader {
    try CaptureReader(path: "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)")
  }

  /// Where each record of a pcap ends, by the lengths in their headers.
  private func recordEnds(_ bytes: [UInt8]) -> [Int] {
    var ends: [Int] = []
    var place = 24
    while place + 16 <= bytes.count {
      let captured = (0..<4).reduce(0) { $0 | Int(bytes[place + 8 + $1]) << (8 * $1) }
      place += 16 + captured
      ends.append(place)
    }
    return ends
  }

  @Test(arguments: [1, 7, 100, 1_000])
  func aFrameIsGivenAsSoonAsItIsThere(_ pieceByteCount: Int) throws {
    let bytes = try Captures.bytes("ntp.pcap")
    let ends = recordEnds(bytes)
    #expect(ends.count == 26 && ends.last == bytes.count)
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting
    var written = 24
    try writer.write(contentsOf: bytes[..<written])
    var reader = try reader(of: pipe)
    reader.stopWaiting()
    while written < bytes.count {
      let piece = bytes[written..<min(written + pieceByteCount, bytes.count)]
      try writer.write(contentsOf: piece)
      written += piece.count
      while let _ = reader.nextFrame() {}
      let isDry = reader.isDry
      #expect(isDry && reader.end == nil)
      #expect(reader.packetCount == ends.count { $0 <= written })
    }
    try writer.close()
    #expect(framesToTheEnd(&reader).isEmpty)
    let isDry = reader.isDry
    #expect(reader.end == .clean && !isDry)
  }

  @Test(arguments: [
    "dns.pcapng", "ntp_be.pcapng", "multi_same.pcapng", "ntp_modified.pcap", "ntp_be.pcap",
    "ntp_nsec_be.pcap", "cut_record.pcap", "cut_header.pcap", "bad_caplen.pcap",
    "mixed_links.pcapng",
  ])
  func aPipeGivesWhatTheFileGives(_ name: String) throws {
    let (expected, end) = try readFrames(Captures.path(name))
    let bytes = try Captures.bytes(name)
    for pieceByteCount in [97, 4_096] {
      let pipe = Pipe()
      let writer = pipe.fileHandleForWriting
      // As much as libpcap wants before it opens a file.
      var written = min(1_000, bytes.count)
      try writer.write(contentsOf: bytes[..<written])
      var reader = try reader(of: pipe)
      reader.stopWaiting()
      var frames: [Frame] = []
      while reader.end == nil {
        frames += allFrames(&reader)
        if reader.end != nil { break }
        let isDry = reader.isDry
        #expect(isDry)
        let piece = bytes[written..<min(written + pieceByteCount, bytes.count)]
        if piece.isEmpty {
          try writer.close()
          frames += framesToTheEnd(&reader)
          break
        }
        try writer.write(contentsOf: piece)
        written += piece.count
      }
      #expect(frames == expected)
      #expect(reader.end?.name == end?.name)
      #expect(reader.end?.error?.packet == end?.error?.packet)
      #expect(reader.end?.error?.byteOffset == nil)
    }
  }
}
