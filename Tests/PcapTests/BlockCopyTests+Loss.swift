// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing

@testable import Pcap

/// What has no place in the copy: it is refused by name, and the file that was there stays.
extension BlockCopyTests {
  /// What a pcap has no place for, and the words that say so.
  static let lost: [(name: String, make: @Sendable (inout BlockBuilder) -> Void)] = [
    ("options of a packet", { $0.enhanced([1], $0.option(1, [65])) }),
    ("name resolution", { $0.block(4, $0.half(0) + $0.half(0)) }),
    ("decryption secrets", { $0.block(10, $0.words([0x544c_534b, 0])) }),
    ("a block of type 2989", { $0.block(2_989, $0.words([1])) }),
  ]

  @Test(arguments: lost.indices)
  func whatAPcapCannotHoldIsRefused(_ index: Int) throws {
    let (name, make) = Self.lost[index]
    var blocks = BlockBuilder()
    blocks.interface()
    blocks.enhanced([5])
    make(&blocks)
    let (file, output) = (try TemporaryFile(blocks.bytes), try TemporaryFile())
    let error = #expect(throws: InterfaceError.self) {
      _ = try copy([file.path], to: output.path)
    }
    #expect(error?.why == "it has no place for \(name)" && error?.kind == .unfit)
    #expect(error?.advice.contains("--lossy") == true)
    // The packet before is there.
    #expect(try readFrames(output.path).0 == [Frame([5])])
  }

  /// Refused at the first packet, at the third, and behind the last: the file that was there stays.
  @Test(arguments: [0, 2, 3], CaptureCompression.allCases)
  func aRefusedPcapLeavesTheOldFile(_ place: Int, _ compression: CaptureCompression) throws {
    var blocks = BlockBuilder()
    blocks.interface()
    for number in 0..<3 {
      let comment = number == place ? blocks.option(1, [65]) : []
      blocks.enhanced([UInt8(number)], comment)
    }
    if place == 3 { blocks.block(4, blocks.half(0) + blocks.half(0)) }
    let file = try TemporaryFile(blocks.bytes)
    let suffix = ".pcap" + (compression.ending ?? "")
    let old = (0..<100).map { UInt8($0) }
    let output = try TemporaryFile(old, suffix: suffix)
    #expect(throws: InterfaceError.self) { _ = try copy([file.path], to: output.path) }
    #expect(try fileBytes(output.path) == old)
    // The same file is replaced by what can be held, be it less.
    blocks = BlockBuilder()
    blocks.interface()
    blocks.enhanced([5])
    try file.write(blocks.bytes)
    #expect(try copy([file.path], to: output.path).output.packets == 1)
    #expect(try readFrames(output.path).0 == [Frame([5])])
    try file.write(BlockBuilder().bytes + blocks.bytes.dropLast(36).dropFirst(28))
    #expect(try copy([file.path], to: output.path).output.packets == 0)
    #expect(try readFrames(output.path) == ([], .clean))
  }

  @Test func whatIsLostOfAFileIsNamed() throws {
    for (name, make) in Self.lost {
      var blocks = BlockBuilder(bigEndian: name.count % 2 == 0)
      blocks.interface()
      blocks.simple([1])
      blocks.enhanced([5])
      blocks.block(5, blocks.words([0, 0, 0]))
      let file = try TemporaryFile(blocks.bytes)
      #expect(try BlockReader.lost(of: file.path) == nil)
      make(&blocks)
      try file.write(blocks.bytes)
      #expect(try BlockReader.lost(of: file.path) == name)
    }
  }

  @Test func whatSaysHowACaptureWasMadeIsNoLoss() throws {
    var blocks = BlockBuilder()
    blocks.interface(1, snapshot: 0, blocks.option(2, Array("eth0".utf8)))
    blocks.enhanced([5])
    blocks.block(5, blocks.words([0, 0, 0]))
    let (file, output) = (try TemporaryFile(blocks.bytes), try TemporaryFile())
    #expect(try copy([file.path], to: output.path).output.packets == 1)
    #expect(try readFrames(output.path).0 == [Frame([5])])
  }

  @Test func aSimpleBlockStaysOneAndHasNoTime() throws {
    var blocks = BlockBuilder()
    blocks.interface(1, snapshot: 4)
    blocks.enhanced([1], ticks: 9_000_000)
    blocks.simple([1, 2, 3, 4], wire: 9)
    blocks.simple([1, 2, 3])
    let (file, output) = (try TemporaryFile(blocks.bytes), try TemporaryFile(suffix: ".pcapng"))
    let changes = BlockJournal.Changes(leavesOut: true, edits: true)
    _ = try copy([file.path], to: output.path, changes) { packet, number in
      #expect(packet.header.isTimeless == (number > 1))
      if number == 2 { packet.wireByteCount = 7 }
      if number == 3 { packet.trimFront(1) }
      return true
    }
    // The second is captured up to the snapshot length still; the third, by its wire length, would be more.
    let types = try self.blocks(output.path).map { $0[0] }
    #expect(types == [10, 1, 6, 3, 6])
    #expect(
      try readFrames(output.path).0 == [
        Frame([1], time: 9_000_000_000), Frame([1, 2, 3, 4], wireByteCount: 7),
        Frame([2, 3], wireByteCount: 3),
      ])
  }
}
