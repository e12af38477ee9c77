// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Testing

@testable import Pcap

/// Blocks as they stand in the file, and those that cannot be.
@Suite struct BlockReaderTests {
  @Test func theBlocksOfAFileAreItsBytes() throws {
    for name in try Captures.names() where name.hasSuffix(".pcapng") {
      let bytes = try Captures.bytes(name)
      var blocks = try BlockReader(path: Captures.path(name))
      var copy: [UInt8] = []
      while let block = try blocks.next() {
        let span = blocks.bytes
        #expect(span.byteCount == block.byteCount)
        unsafe span.withUnsafeBytes { unsafe copy.append(contentsOf: $0) }
      }
      #expect(copy == bytes, "\(name)")
    }
  }

  @Test func aBlockLargerThanTheBufferIsGivenWhole() throws {
    var builder = BlockBuilder(bigEndian: true)
    builder.block(0x4000_0bad, (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    builder.block(5, [])
    let file = try TemporaryFile(builder.bytes)
    var blocks = try BlockReader(path: file.path)
    var counts: [Int] = []
    while let block = try blocks.next() { counts.append(block.byteCount) }
    #expect(counts == [28, 1_000_012, 12])
  }

  /// Blocks behind an interface whose lengths are wrong: length, what is there, and how it ends.
  static let lengths: [(UInt32, Int, String)] = [
    (0, 40, "corrupt"), (8, 40, "corrupt"), (11, 40, "corrupt"), (13, 40, "corrupt"),
    (16, 40, "corrupt"), (1_000, 40, "cut"), (0x1000_0000, 40, "cut"), (0x1000_0004, 40, "corrupt"),
    (0x7fff_fffc, 40, "corrupt"), (0xffff_fffc, 40, "corrupt"), (0x0fff_fffc, 300_000, "cut"),
  ]

  @Test(arguments: lengths)
  func aWrongLengthEndsTheReadingAndAllocatesNothing(
    _ length: UInt32, _ byteCount: Int, _ end: String
  ) throws {
    for type: UInt32 in [6, 2, 3, 1, 0x0bad] {
      var builder = BlockBuilder()
      builder.interface()
      builder.enhanced([1, 2, 3, 4])
      let start = builder.bytes.count
      let body = [UInt8](repeating: 0xaa, count: byteCount)
      let file = try TemporaryFile(builder.bytes + words([type, length]) + body)
      var reader = try CaptureReader(path: file.path)
      #expect(allFrames(&reader).count == 1)
      #expect(reader.end?.name == end, "type \(type)")
      #expect(reader.end?.error?.packet == 2 && reader.end?.error?.byteOffset == start)
      #expect(reader.input.capacity <= max(262_144, 2 * byteCount))
    }
  }

  @Test func framesThatTheirBlockCannotHoldAreCorrupt() throws {
    for captured: UInt32 in [5, 8, 262_144, 262_145, 0x7fff_ffff, 0xffff_ffff] {
      var builder = BlockBuilder()
      builder.interface()
      builder.enhanced([1, 2, 3, 4], captured: captured)
      let file = try TemporaryFile(builder.bytes)
      let (frames, end) = try readFrames(file.path)
      #expect(frames.isEmpty && end?.name == "corrupt", "\(captured)")
      #expect(end?.error?.packet == 1 && end?.error?.byteOffset == 48)
    }
  }

  @Test func aSectionOfAnotherVersionOrWithoutAMagicIsNotRead() throws {
    var builder = BlockBuilder()
    builder.interface()
    builder.enhanced([1, 2, 3, 4])
    for (offset, name) in [(12, "unsupported"), (8, "corrupt")] {
      var second = builder.bytes
      second[offset] ^= 2
      let file = try TemporaryFile(builder.bytes + second)
      let (frames, end) = try readFrames(file.path)
      #expect(frames.count == 1 && end?.name == name)
      #expect(end?.error?.byteOffset == builder.bytes.count)
      try file.write(second)
      #expect(openError(file.path) != nil)
    }
  }

  @Test func interfacesAreBounded() throws {
    var builder = BlockBuilder()
    for _ in 0..<65_537 { builder.interface() }
    let file = try TemporaryFile(builder.bytes)
    let (frames, end) = try readFrames(file.path)
    #expect(frames.isEmpty && end?.name == "corrupt")
    #expect(end?.error?.byteOffset == 28 + 65_536 * 20)
  }
}
