// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

@testable import Pcap

/// Compressed captures, read: those that other programs made, broken ones, and how they come.
@Suite struct CompressedReadingTests {
  @Test(arguments: Compressed.all)
  func streamsOfOtherProgramsAreRead(_ stream: Compressed) throws {
    let file = try TemporaryFile(stream.bytes)
    var reader = try CaptureReader(path: file.path)
    #expect(reader.compression == stream.compression)
    #expect(reader.format == .pcap && reader.byteOffset == nil)
    var places: [Int?] = []
    var frames: [Frame] = []
    while let frame = nextCopy(&reader) {
      frames.append(frame)
      places.append(reader.byteOffset)
    }
    #expect(frames == Compressed.frames)
    // In what it expands to.
    #expect(places == [24, 60, 111])
    #expect(reader.end == .clean)
    #expect(reader.compression == stream.compression)
  }

  private func nextCopy(_ reader: inout CaptureReader) -> Frame? {
    guard let frame = reader.nextFrame() else { return nil }
    return Frame(frame)
  }

  @Test func aPlainFileIsNotCompressed() throws {
    #expect(try CaptureReader(path: Captures.path("dns.pcapng")).compression == .uncompressed)
  }

  // MARK: - Broken streams

  @Test(arguments: Compressed.all)
  func aStreamCutAnywhereGivesTheFramesBeforeThat(_ stream: Compressed) throws {
    let file = try TemporaryFile()
    for count in 0..<stream.bytes.count {
      try file.write(Array(stream.bytes[..<count]))
      guard let (frames, end) = try? readFrames(file.path) else {
        let error = try #require(openError(file.path))
        #expect(InterfaceError(error).exitCode == 3, "\(count): \(error)")
        continue
      }
      #expect(frames == Array(Compressed.frames.prefix(frames.count)), "\(count)")
      guard case .cut(let error)? = end else {
        Issue.record("\(count): \(String(describing: end))")
        continue
      }
      #expect(error.packet == frames.count + 1 && error.isExpanded)
      #expect(error.byteOffset == [24, 60, 111, 127][frames.count])
      if count != stream.firstByteCount {
        #expect(error.kind == .compressionCut(stream.compression, byteCount: count))
      }
    }
  }

  @Test(arguments: Compressed.all)
  func aStreamWithAnyBitFlippedGivesTheSameFramesOrAnError(_ stream: Compressed) throws {
    let file = try TemporaryFile()
    var errorCount = 0
    for index in stream.bytes.indices {
      for bit in 0..<8 {
        var bytes = stream.bytes
        bytes[index] ^= 1 << bit
        try file.write(bytes)
        guard let (frames, end) = try? readFrames(file.path) else {
          errorCount += 1
          continue
        }
        if end == .clean {
          #expect(frames == Compressed.frames, "bit \(bit) of byte \(index)")
        } else {
          errorCount += 1
        }
      }
    }
    // Times and names in headers, and what may be skipped, is for nobody; all else is checked.
    #expect(errorCount > 6 * stream.bytes.count)
  }

  @Test(arguments: Compressed.all)
  func aWrongChecksumIsFoundBehindTheFrames(_ stream: Compressed) throws {
    var bytes = stream.bytes
    // gzip has a length behind it.
    bytes[bytes.count - (stream.compression == .gzip ? 5 : 1)] ^= 1
    let file = try TemporaryFile(bytes)
    let (frames, end) = try readFrames(file.path)
    // zstd and lz4 look at it before they give the last of what they have.
    #expect(frames == Array(Compressed.frames.prefix(frames.count)))
    #expect(frames.count == 3 || stream.compression != .gzip)
    guard case .corrupt(let error)? = end,
      case .compressionCorrupt(stream.compression, let message) = error.kind
    else {
      Issue.record("\(String(describing: end))")
      return
    }
    #expect(message.contains("checksum") && message.contains("near byte"))
    #expect(error.what.contains("of the expanded capture: the \(stream) data is corrupt"))
  }

  /// Records that cannot be, because somebody else's bytes are in them: of stored blocks, whose bytes are
  /// those of the capture, and of others.
  @Test func corruptDataIsNotToldAsABadRecord() throws {
    typealias Record = (UInt32, UInt32, UInt32, UInt32, [UInt8])
    var records: [Record] = []
    for number in UInt8(0)..<40 {
      records.append((UInt32(number), 0, 8, 8, (0..<8).map { byte in number &* 37 ^ byte }))
    }
    let plain = pcap(records.map { ($0.0, $0.1, $0.2, $0.3, $0.4) })
    let stored = Gzip.stored(plain)
    let file = try TemporaryFile(stored)
    #expect(try readFrames(file.path).1 == .clean)
    var badRecordCount = 0
    for index in 15..<stored.count - 8 {
      var bytes = stored
      bytes[index] ^= 0x80
      try file.write(bytes)
      let end: PcapError?
      do throws(PcapError) {
        var reader = try CaptureReader(path: file.path)
        while let _ = reader.nextFrame() {}
        end = reader.end?.error
      } catch {
        end = error
      }
      guard let end, case .compressionCorrupt(.gzip, let message) = end.kind else {
        Issue.record("byte \(index): \(String(describing: end))")
        continue
      }
      #expect(message.contains("near byte"))
      if end.byteOffset != plain.count { badRecordCount += 1 }
    }
    #expect(badRecordCount > 40)
    // A record that is bad in data that is right is that.
    let bad: [UInt8] = plain + words([0, 0, 0xffff_ffff, 8])
    try file.write(Gzip.stored(bad))
    let end = try readFrames(file.path).1
    #expect(end?.name == "corrupt")
    guard case .corrupt? = end?.error?.kind else {
      Issue.record("\(String(describing: end))")
      return
    }
  }

  @Test func zeroesBehindGzipArePaddingAndNothingElseIs() throws {
    let bytes = Compressed.gzip.bytes
    let zeroes = [UInt8](repeating: 0, count: 100_000)
    let file = try TemporaryFile(bytes + zeroes)
    #expect(try readFrames(file.path) == (Compressed.frames, .clean))
    let garbage = PcapError.Kind.compressionCorrupt(
      .gzip, message: "what begins near byte 111 of the compressed data is no member")
    let endings: [([UInt8], PcapError.Kind)] = [
      ([1], garbage), ([0x1f], .compressionCut(.gzip, byteCount: 112)),
      ([0x1f, 0x8b, 8], .compressionCut(.gzip, byteCount: 114)),
    ]
    for (behind, kind) in endings {
      try file.write(bytes + behind)
      let (frames, end) = try readFrames(file.path)
      #expect(frames == Compressed.frames)
      #expect(end?.error?.kind == kind)
    }
    try file.write(bytes + zeroes + bytes)
    #expect(try readFrames(file.path).1?.name == "corrupt")
  }

  @Test func whatIsNoCaptureInsideSaysSo() throws {
    func refusal(_ bytes: [UInt8]) throws -> PcapError? {
      let file = try TemporaryFile(bytes)
      return openError(file.path)
    }
    let twice = try refusal(compressed(Compressed.zstd.bytes, .gzip))
    #expect(twice?.kind == .compressedTwice(.gzip, holding: .zstd))
    #expect(twice?.isExpanded == true)
    let text = try refusal(compressed(Array("hello\n".utf8), .lz4))
    #expect(text?.kind == .badMagic(0x6865_6c6c))
    #expect(text?.what.contains("byte 0 of the expanded capture") == true)
    #expect(try refusal(compressed([], .zstd))?.kind == .empty)
    #expect(
      try refusal(compressed([0xd4, 0xc3, 0xb2, 0xa1], .gzip))?.kind
        == .truncatedHeader(wanted: 24, available: 4))
    // xz inside is named too.
    #expect(
      try refusal(compressed([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], .gzip))?.kind
        == .compressedTwice(.gzip, holding: .xz))
  }

  @Test func aWindowOfMoreThan128MiBIsRefused() throws {
    // A frame without a length, a window of 2^28 bytes, and an empty last block.
    let file = try TemporaryFile([0x28, 0xb5, 0x2f, 0xfd, 0, 0x90, 1, 0, 0])
    let error = try #require(openError(file.path))
    #expect(error.kind == .compressionWindow(.zstd))
    #expect(InterfaceError(error).exitCode == 3)
    // 2^27 is none too many.
    try file.write([0x28, 0xb5, 0x2f, 0xfd, 0, 0x88, 1, 0, 0])
    #expect(openError(file.path)?.kind == .empty)
  }

  @Test func aLibraryThatIsNotThereIsNamed() throws {
    let bytes: [UInt8] = [0x1f, 0x8b]
    // The second is there, and has none of the functions.
    for name in ["libmbuma-none.so.1", "libm.so.6"] {
      for compression in CaptureCompression.allCases.dropFirst() {
        do throws(StreamFault) {
          _ = try unsafe Expander(compression, beginningWith: bytes.span.bytes, library: name)
          Issue.record("\(name) has \(compression)")
        } catch {
          #expect(error.kind == .noLibrary(compression))
        }
        do throws(StreamFault) {
          _ = try Compressor(compression, library: name)
          Issue.record("\(name) has \(compression)")
        } catch {
          #expect(error.kind == .noLibrary(compression))
        }
      }
    }
    let error = PcapError(.noLibrary(.gzip), file: "x.gz")
    #expect(
      error.description
        == "x.gz: gzip needs a library that is not here: \(CaptureCompression.gzip.libraryName) "
        + "cannot be loaded; install it: Debian's package is zlib1g")
  }

  // MARK: - How they come

  @Test(arguments: Compressed.all)
  func aPipeGivesFramesAsTheirBytesCome(_ stream: Compressed) throws {
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting
    // The capture's header is in the first stream.
    try writer.write(contentsOf: stream.bytes[..<stream.firstByteCount])
    var reader = try CaptureReader(path: "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)")
    reader.stopWaiting()
    var frames = allFrames(&reader)
    for byte in stream.bytes[stream.firstByteCount...] {
      let isDry = reader.isDry
      #expect(isDry && reader.end == nil && reader.byteOffset == nil)
      try writer.write(contentsOf: [byte])
      frames += allFrames(&reader)
      #expect(frames == Array(Compressed.frames.prefix(frames.count)))
    }
    #expect(frames.count == 3 && reader.end == nil)
    try writer.close()
    #expect(framesToTheEnd(&reader).isEmpty)
    #expect(reader.end == .clean)
  }

  @Test(arguments: Compressed.all)
  func bytesOneByOneAreWaitedFor(_ stream: Compressed) throws {
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting
    let thread = Thread {
      for byte in stream.bytes { try? writer.write(contentsOf: [byte]) }
      try? writer.close()
    }
    thread.start()
    let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
    #expect(try readFrames(path) == (Compressed.frames, .clean))
  }

  @Test func blocksOfACompressedPcapngAreCopiedWhole() throws {
    let bytes = try Captures.bytes("ntp_be.pcapng")
    for compression in CaptureCompression.allCases {
      let file = try TemporaryFile(compressed(bytes, compression))
      var blocks = try BlockReader(path: file.path)
      var copy: [UInt8] = []
      while let _ = try blocks.next() {
        let span = blocks.bytes
        unsafe span.withUnsafeBytes { unsafe copy.append(contentsOf: $0) }
      }
      #expect(copy == bytes, "\(compression)")
    }
  }

  #if os(Linux)
    /// 100 MB of frames in as many kilobytes take no more memory than the window, the expander's bytes and
    /// what the library has for a frame.
    @Test(arguments: CaptureCompression.allCases.dropFirst())
    func whatExpandsAThousandfoldTakesNoMoreMemory(_ compression: CaptureCompression) async throws {
      let file = try TemporaryFile()
      let frame = Frame([UInt8](repeating: 0, count: 60_000))
      var writer = try CaptureWriter(
        path: file.path, linkType: .ethernet, resolution: .micro, compression: compression)
      let pool = MbufPool()
      for _ in 0..<1_700 { try writer.write(packet(frame, from: pool)) }
      try writer.close()
      #expect(try fileBytes(file.path).count < 1_000_000)
      let before = residentByteCount()
      var reader = try CaptureReader(path: file.path)
      var count = 0
      while let _ = reader.nextFrame() { count += 1 }
      #expect(count == 1_700 && reader.end == .clean)
      #expect(reader.input.capacity == 262_144)
      // Other tests run beside it; the frames alone are 102 MB.
      #expect(residentByteCount() - before < 80_000_000)
    }
  #endif
}

/// Bytes as this library compresses them, in one stream.
func compressed(_ bytes: [UInt8], _ compression: CaptureCompression) throws -> [UInt8] {
  if compression == .uncompressed { return bytes }
  let file = try TemporaryFile([])
  let descriptor = unsafe open(file.path, O_WRONLY)
  defer { close(descriptor) }
  let compressor = try Compressor(compression)
  let result = unsafe compressor.write(bytes.span.bytes, to: descriptor, ends: true)
  #expect(result.reason == 0)
  let made = try fileBytes(file.path)
  #expect(made.count == result.done)
  return made
}

/// A gzip member whose bytes are those that it holds.
private enum Gzip {
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xedb8_8320) }
    }
    let count = UInt16(bytes.count)
    return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1] + little(count) + little(~count) + bytes
      + little(~crc) + little(UInt32(bytes.count))
  }

  private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe [UInt8]($0) }
  }
}
