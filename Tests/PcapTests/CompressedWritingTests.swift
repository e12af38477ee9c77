// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Mbufs
import Testing
import Wire

@testable import Pcap

/// Compressed captures, written: what is in them at each moment.
@Suite struct CompressedWritingTests {
  static let compressions = CaptureCompression.allCases.dropFirst()

  @Test(arguments: compressions)
  func everyCaptureComesBack(_ compression: CaptureCompression) throws {
    let file = try TemporaryFile()
    for expected in Expectation.all {
      let path = Captures.path(expected.file)
      var reader = try CaptureReader(path: path)
      let format: CaptureFormat = reader.format == .pcapng ? .pcapng : .pcap
      var writer = try CaptureWriter(
        path: file.path, format: format, linkType: reader.linkType, resolution: reader.resolution,
        compression: compression)
      if format == .pcapng {
        while let frame = reader.nextFrame() { try writer.write(frame) }
      } else {
        let pool = MbufPool()
        while let packet = try reader.next(into: pool) { try writer.write(packet) }
      }
      let byteCount = writer.fileByteCount
      try writer.close()
      #expect(try PacketComparison(of: path, with: file.path).isIdentical, "\(expected)")
      #expect(try CaptureReader(path: file.path).compression == compression)
      #expect(try fileBytes(file.path).count < byteCount + 64, "\(expected)")
    }
  }

  @Test(arguments: compressions)
  func whatIsFlushedCanBeRead(_ compression: CaptureCompression) throws {
    let pool = MbufPool()
    let file = try TemporaryFile()
    var writer = try CaptureWriter(
      path: file.path, linkType: .ipv4, resolution: .micro, compression: compression)
    #expect(try readFrames(file.path).1?.name == "cut")
    let frame = Frame([1, 2, 3], time: 5_000, wireByteCount: 90)
    for count in 1...3 {
      try writer.write(packet(frame, from: pool))
      #expect(try readFrames(file.path).0.count == count - 1)
      try writer.flush()
      try writer.flush()
      let (frames, end) = try readFrames(file.path)
      #expect(frames == [Frame](repeating: frame, count: count))
      guard case .compressionCut(compression, _)? = end?.error?.kind else {
        Issue.record("\(String(describing: end))")
        continue
      }
    }
    try writer.close()
    let bytes = try fileBytes(file.path)
    try writer.close()
    #expect(try fileBytes(file.path) == bytes)
    #expect(try readFrames(file.path) == ([Frame](repeating: frame, count: 3), .clean))
  }

  @Test(arguments: compressions)
  func aWriterThatJustEndsEndsTheStream(_ compression: CaptureCompression) throws {
    let file = try TemporaryFile()
    let frame = Frame([7], time: 1_000)
    func write() throws {
      var writer = try CaptureWriter(
        path: file.path, linkType: .raw, resolution: .micro, compression: compression)
      try writer.write(packet(frame, from: MbufPool()))
    }
    try write()
    #expect(try readFrames(file.path) == ([frame], .clean))
  }

  /// Bytes that no compression makes fewer, in records longer than the buffer and in short ones.
  @Test(arguments: compressions)
  func bytesThatDoNotCompressComeBack(_ compression: CaptureCompression) throws {
    let file = try TemporaryFile()
    var writer = try CaptureWriter(
      path: file.path, format: .pcapng, linkType: LinkType(inFile: 231), resolution: .nano,
      compression: compression)
    var random = Noise()
    let frames = [1, 60_000, 600_000, 0, 330_000, 9].map { Frame(random.bytes($0)) }
    for frame in frames {
      try writer.write(
        unsafe CapturedFrame(
          bytes: frame.bytes.span.bytes, timestampInNanoseconds: 0,
          wireByteCount: frame.bytes.count, linkType: LinkType(inFile: 231)))
    }
    try writer.close()
    #expect(try readFrames(file.path) == (frames, .clean))
  }

  // MARK: - Failures

  /// A limit on the size of files is the process's, so each case has a process of its own.
  @Test func aFileThatTakesNoMoreExpandsToWholeRecords() async {
    await #expect(processExitsWith: .success) { try expectCountedRecords(.gzip) }
    await #expect(processExitsWith: .success) { try expectCountedRecords(.zstd) }
    await #expect(processExitsWith: .success) { try expectCountedRecords(.lz4) }
  }

  // MARK: - Names

  @Test func namesSayWhatAFileIs() {
    let names: [(String, CaptureCompression, CaptureFormat?)] = [
      ("a.pcap", .uncompressed, .pcap), ("-", .uncompressed, nil),
      ("a.pcap.gz", .gzip, .pcap), ("a.pcapng.zst", .zstd, .pcapng),
      ("A.PCAPNG.LZ4", .lz4, .pcapng),
      ("gz", .uncompressed, nil), (".gz", .gzip, nil), ("a.gz.pcapng", .uncompressed, .pcapng),
      ("a.pcapng.gz.zst", .zstd, nil),
    ]
    for (name, compression, format) in names {
      #expect(CaptureCompression(ofFileNamed: name) == compression, "\(name)")
      #expect(CaptureFormat(ofFileNamed: name) == format, "\(name)")
    }
  }

  @Test func aSeriesIsCompressedByItsName() throws {
    let pool = MbufPool()
    for (suffix, asked, compression) in [
      (".pcap.gz", nil, CaptureCompression.gzip), (".pcap.zst", nil, .zstd),
      (".pcap", CaptureCompression.lz4, .lz4), (".pcap.gz", .uncompressed, .uncompressed),
    ] {
      let file = try TemporaryFile(suffix: suffix)
      var rotation = CaptureRotation()
      rotation.packetCount = 1
      var series = try CaptureSeries(
        path: file.path, rotation: rotation, linkType: .ethernet, snapshotByteCount: 100,
        compression: asked)
      var names = [series.fileName]
      try series.write(packet(Frame([1], time: 1), from: pool))
      try series.beginFile()
      names.append(series.fileName)
      try series.write(packet(Frame([2], time: 2), from: pool))
      #expect(series.fileByteCount == 24 + 17)
      try series.close()
      for (index, name) in names.enumerated() {
        #expect(name.hasSuffix(suffix) && !name.dropLast(suffix.count).contains("."))
        #expect(try CaptureReader(path: name).compression == compression)
        #expect(
          try readFrames(name) == ([Frame([UInt8(index + 1)], time: Int64(index + 1))], .clean))
        try FileManager.default.removeItem(atPath: name)
      }
    }
  }
}

/// Bytes that no compression makes fewer, the same each time.
private struct Noise {
  private var state: UInt64 = 1

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(state >> 56)
    }
  }
}

/// Writes records that compress little until the system refuses, then sets the counts beside the file.
private func expectCountedRecords(_ compression: CaptureCompression) throws {
  limitFiles(to: 1_000_000)
  let path = temporaryPath()
  defer { unsafe unlink(path) }
  let pool = MbufPool()
  var writer = try CaptureWriter(
    path: path, linkType: .ethernet, resolution: .micro, compression: compression)
  var random = Noise()
  var frames: [Frame] = []
  var failure: PcapError?
  for _ in 0..<5_000 where failure == nil {
    let frame = Frame(random.bytes(1_000))
    let packet = try packet(frame, from: pool)
    do throws(PcapError) {
      try writer.write(packet)
      frames.append(frame)
    } catch {
      failure = error
    }
  }
  precondition(failure?.kind == .unwritable(errno: EFBIG), "\(String(describing: failure))")
  precondition(writer.packetCount > 0 && writer.packetCount < frames.count)
  precondition(writer.lostCount == frames.count - writer.packetCount)
  try writer.close()
  // What is counted is there, all of it; only the stream's end is not.
  let (read, end) = try readFrames(path)
  precondition(read == Array(frames.prefix(writer.packetCount)), "\(read.count) frames")
  guard case .compressionCut(compression, _)? = end?.error?.kind else {
    preconditionFailure("\(String(describing: end))")
  }
}
