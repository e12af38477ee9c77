// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Libpcap
import Mbufs
import TestSupport
import Testing
import Wire

@testable import Pcap

/// Every kind of pcapng, made block by block.
@Suite struct PcapngFormatTests {
  static let frame: [UInt8] = Array(1...61)

  private func reader(_ blocks: BlockBuilder, _ file: TemporaryFile) throws -> CaptureReader {
    try file.write(blocks.bytes)
    return try CaptureReader(path: file.path)
  }

  @Test(arguments: [1, 60, 0] as [UInt32])
  func aFrameMayBeLongerThanTheSnapshotLength(_ snapshot: UInt32) throws {
    var blocks = BlockBuilder()
    blocks.interface(snapshot: snapshot)
    blocks.enhanced([UInt8](repeating: 5, count: 1_442))
    blocks.enhanced(Self.frame)
    let file = try TemporaryFile(blocks.bytes)
    let (frames, end) = try readFrames(file.path)
    #expect(frames.map(\.bytes.count) == [1_442, 61] && end == .clean)
  }

  @Test(arguments: [false, true])
  func anInterfaceBehindTheFirstFrameMayCountNanoseconds(_ inNewSection: Bool) throws {
    var blocks = BlockBuilder()
    blocks.interface()
    blocks.enhanced(Self.frame, ticks: 1_700_000_000_123_456)
    var more = BlockBuilder(bigEndian: inNewSection)
    more.interface(1, snapshot: 64, more.resolution(9))
    more.enhanced(Self.frame, ticks: 1_700_000_000_123_456_789)
    if !inNewSection {
      more = blocks
      more.interface(1, snapshot: 64, more.resolution(9))
      more.enhanced(Self.frame, ticks: 1_700_000_000_123_456_789, interface: 1)
    }
    let file = try TemporaryFile(inNewSection ? blocks.bytes + more.bytes : more.bytes)
    var reader = try CaptureReader(path: file.path)
    // Whoever makes a file for the frames must not count on microseconds.
    #expect(reader.traits.timeUnitInNanoseconds == 1 && reader.resolution == .micro)
    let times = allFrames(&reader).map(\.time)
    #expect(times == [1_700_000_000_123_456_000, 1_700_000_000_123_456_789])
    #expect(reader.end == .clean && reader.inexactTimeCount == 0)
  }

  @Test(arguments: [4, 70_000, 300_000, 3_000_000])
  func otherBlocksOfAnyLengthMayComeBeforeTheInterface(_ byteCount: Int) throws {
    var blocks = BlockBuilder()
    blocks.block(10, [UInt8](repeating: 1, count: byteCount))
    blocks.block(0x8000_0001, [UInt8](repeating: 2, count: byteCount))
    blocks.interface(1, blocks.resolution(9))
    blocks.block(4, [UInt8](repeating: 3, count: byteCount))
    blocks.enhanced(Self.frame, ticks: 123_456_789)
    let file = try TemporaryFile()
    var reader = try reader(blocks, file)
    #expect(allFrames(&reader) == [Frame(Self.frame, time: 123_456_789)])
    #expect(reader.end == .clean)
  }

  @Test func eachFrameHasTheLinkTypeOfItsInterface() throws {
    var blocks = BlockBuilder()
    blocks.interface(1)
    blocks.interface(101)
    blocks.enhanced(Self.frame, interface: 1)
    blocks.enhanced(Self.frame, interface: 0)
    blocks.interface(113)
    blocks.enhanced(Self.frame, interface: 2)
    let file = try TemporaryFile()
    var reader = try reader(blocks, file)
    // That of the first frame, whichever interface is described first.
    #expect(reader.linkType == .raw && reader.interfaces.count == 2)
    try leakChecked { pool in
      let wanted: [(LinkType, Int)] = [(.raw, 1), (.ethernet, 0), (.linuxSLL, 2)]
      for (type, index) in wanted {
        let packet = try reader.next(into: pool)
        #expect(packet?.linkType == type.rawValue && reader.interfaceIndex == index)
      }
    }
    #expect(allFrames(&reader).isEmpty && reader.end == .clean)
    #expect(reader.interfaces.map(\.linkType) == [.ethernet, .raw, .linuxSLL])
  }

  @Test(arguments: [0, 1, 2, 7])
  func theLinkTypeIsThatOfTheInterfaceThatHasFrames(_ number: UInt32) throws {
    let types: [UInt16] = [1, 101, 113]
    for kind in 0..<3 {
      var blocks = BlockBuilder(bigEndian: kind == 1)
      for type in types { blocks.interface(type) }
      switch kind {
      case 0, 1: blocks.enhanced(Self.frame, interface: number)
      default: blocks.obsolete(Self.frame, ticks: 0, interface: UInt16(number))
      }
      let file = try TemporaryFile()
      let reader = try reader(blocks, file)
      let type = number < 3 ? types[Int(number)] : 1
      #expect(reader.linkType == LinkType(inFile: UInt32(type)), "\(kind)")
    }
  }

  @Test func severalLinkTypesAreRefusedByAPcap() throws {
    var blocks = BlockBuilder()
    blocks.interface(1)
    blocks.interface(101)
    blocks.enhanced(Self.frame)
    blocks.enhanced(Self.frame, interface: 1)
    let (file, output) = (try TemporaryFile(), try TemporaryFile())
    try leakChecked { pool in
      var reader = try reader(blocks, file)
      var writer = try CaptureWriter(
        path: output.path, linkType: reader.linkType, resolution: .nano)
      var queue = PacketQueue()
      #expect(reader.receive(upTo: 9, into: &queue, from: pool) == .ended(nil))
      let error = #expect(throws: InterfaceError.self) { try writer.transmit(&queue) }
      #expect(error?.kind == .wrongLinkType(.raw, wanted: .ethernet))
      #expect(error?.advice.contains("--dlt raw") == true)
      #expect(queue.packetCount == 1 && writer.packetCount == 1)
    }
  }

  // MARK: Sections

  @Test func sectionsOfEitherOrderBeginAnew() throws {
    var first = BlockBuilder()
    first.interface(1, snapshot: 100)
    first.interface(101)
    first.enhanced(Self.frame, interface: 1)
    var second = BlockBuilder(bigEndian: true)
    second.interface(113, snapshot: 7)
    second.enhanced(Self.frame)
    var third = BlockBuilder(bigEndian: true)
    third.block(5, [0, 0, 0, 0])
    let file = try TemporaryFile(first.bytes + second.bytes + third.bytes + first.bytes)
    var reader = try CaptureReader(path: file.path)
    var types: [LinkType] = []
    while let frame = reader.nextFrame() { types.append(frame.linkType) }
    #expect(types == [.raw, .linuxSLL, .raw] && reader.end == .clean)
    // An interface of an earlier section is none of a later one.
    var bad = BlockBuilder()
    bad.enhanced(Self.frame)
    try file.write(first.bytes + bad.bytes)
    let (frames, end) = try readFrames(file.path)
    #expect(frames.count == 1 && end?.name == "corrupt")
    #expect(end?.error?.packet == 2 && end?.error?.byteOffset == first.bytes.count + 28)
  }

  // MARK: Times

  static let ticks: [(UInt8, Int64, UInt64, Int64, Bool)] = [
    (0, 0, 5, 5_000_000_000, true), (3, 0, 5, 5_000_000, true), (6, 0, 7, 7_000, true),
    (9, 0, .max >> 1, .max, true), (9, 0, 1 << 63, .max, false), (12, 0, 1_999, 1, false),
    (12, 0, 2_000, 2, true), (18, 0, .max, 18_446_744_073, false),
    (19, 0, .max, 1_844_674_407, false),
    (127, 0, .max, 0, false), (127, 0, 0, 0, true), (9, -1, 1, -999_999_999, true),
    (6, 1_700_000_000, 1, 1_700_000_000_000_001_000, true), (9, .max, 0, .max, false),
    (9, .min, 0, .min, false), (0, .min, .max, .max, false), (6, -1 << 40, 1 << 63, .max, false),
    (6, -1 << 43, 1 << 63, .max, false), (6, -1 << 44, 1 << 63, .min, false),
    (0x80, 0, 3, 3_000_000_000, true), (0x8a, 0, 512, 500_000_000, true),
    (0x94, 0, 1, 953, false), (0x9e, 0, 1 << 29, 500_000_000, true),
    (0xbf, 0, 1 << 62, 500_000_000, true), (0xff, 0, .max, 0, false),
    (0xff, 3, 0, 3_000_000_000, true),
  ]

  @Test(arguments: ticks)
  func ticksOfEveryUnit(
    _ code: UInt8, _ offset: Int64, _ ticks: UInt64, _ time: Int64, _ isExact: Bool
  ) throws {
    for bigEndian in [false, true] {
      var blocks = BlockBuilder(bigEndian: bigEndian)
      let bits = UInt64(bitPattern: offset)
      let (high, low) = (UInt32(bits >> 32), UInt32(truncatingIfNeeded: bits))
      let order = bigEndian ? [high, low] : [low, high]
      blocks.interface(
        1,
        blocks.option(2, [0x61]) + blocks.option(14, blocks.words(order))
          + blocks.resolution(code))
      blocks.enhanced([1, 2, 3, 4], ticks: ticks)
      let file = try TemporaryFile()
      var reader = try reader(blocks, file)
      #expect(allFrames(&reader).map(\.time) == [time])
      #expect(reader.inexactTimeCount == (isExact ? 0 : 1))
      #expect(reader.interfaces[0].offsetInSeconds == offset)
      #expect(reader.interfaces[0].tickCode == Int(code))
    }
  }

  // MARK: Kinds of packets

  @Test func simplePacketsAreCutToTheSnapshotLength() throws {
    for (snapshot, captured) in [(0, 61), (20, 20), (61, 61), (262_144, 61)] as [(UInt32, Int)] {
      var blocks = BlockBuilder()
      blocks.interface(1, snapshot: snapshot)
      blocks.interface(101)
      blocks.simple(Array(Self.frame.prefix(captured)), wire: 61)
      let file = try TemporaryFile()
      var reader = try reader(blocks, file)
      let frames = allFrames(&reader)
      #expect(frames == [Frame(Array(Self.frame.prefix(captured)), wireByteCount: 61)])
      #expect(reader.end == .clean)
    }
  }

  @Test func obsoletePacketsAreRead() throws {
    for bigEndian in [false, true] {
      var blocks = BlockBuilder(bigEndian: bigEndian)
      blocks.interface(1)
      blocks.interface(101, blocks.resolution(9))
      blocks.obsolete(Self.frame, ticks: 0x1_0000_0001, interface: 1)
      let file = try TemporaryFile()
      var reader = try reader(blocks, file)
      #expect(allFrames(&reader) == [Frame(Self.frame, time: 0x1_0000_0001)])
      #expect(reader.interfaceIndex == 1 && reader.end == .clean)
    }
  }

  // MARK: Options

  @Test(arguments: [false, true])
  func commentsAndFlagsComeWithTheFrame(_ bigEndian: Bool) throws {
    var blocks = BlockBuilder(bigEndian: bigEndian)
    blocks.interface(
      1, snapshot: 96,
      blocks.option(2, Array("eth0".utf8)) + blocks.option(3, Array("the first".utf8))
        + blocks.option(11, [0] + Array("udp port 53".utf8)) + blocks.option(13, [4]))
    let options =
      blocks.option(1, Array("one".utf8)) + blocks.option(2, blocks.words([0x8000_0021]))
      + blocks.option(0x8001, [1]) + blocks.option(1, Array("two é".utf8)) + blocks.option(0, [])
      + blocks.option(1, Array("behind the end".utf8))
    for count in 58...61 { blocks.enhanced(Array(Self.frame.prefix(count)), options) }
    blocks.enhanced(Self.frame)
    let file = try TemporaryFile()
    var reader = try reader(blocks, file)
    let interface = reader.interfaces[0]
    #expect(interface.name == "eth0" && interface.description == "the first")
    #expect(interface.filter == "udp port 53" && interface.fcsByteCount == 4)
    #expect(interface.snapshotByteCount == 96)
    for count in 58...61 {
      let facts = reader.nextFrame()?.facts
      let frame = try #require(facts)
      #expect(frame.byteCount == count)
      #expect(frame.comments == ["one", "two é"] && frame.flags == 0x8000_0021)
    }
    let facts = reader.nextFrame()?.facts
    let last = try #require(facts)
    #expect(last.comments.isEmpty && last.flags == nil)
  }

  @Test(arguments: [(0, 2), (4, 1), (8, 1), (12, 1), (16, 0), (20, 0)])
  func optionsThatAreCutEndTheirList(_ cut: Int, _ wholeCount: Int) throws {
    var blocks = BlockBuilder()
    blocks.interface()
    let options = blocks.option(1, Array("one".utf8)) + blocks.option(1, Array("12345678".utf8))
    blocks.enhanced(Self.frame, Array(options.dropLast(cut)))
    let file = try TemporaryFile()
    var reader = try reader(blocks, file)
    let comments = reader.nextFrame()?.facts.comments
    #expect(comments == Array(["one", "12345678"].prefix(wholeCount)))
    #expect(allFrames(&reader).isEmpty && reader.end == .clean)
  }
}

extension CapturedFrame {
  /// What a test asks of a frame, without its lifetime.
  fileprivate var facts: (byteCount: Int, comments: [String], flags: UInt32?) {
    (bytes.byteCount, comments, flags)
  }
}
