// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

@testable import Pcap

/// Copies of pcapngs keep what stands beside the frames.
@Suite struct BlockCopyTests {
  /// Copies files into one, packet by packet, each changed or left out as `body` says.
  func copy(
    _ paths: [String], to output: String, _ changes: BlockJournal.Changes = .init(),
    limitInPackets: Int = .max, _ body: (inout Packet, Int) throws -> Bool = { _, _ in true }
  ) throws -> InterfaceStatistics {
    let files = CaptureFiles(
      paths, selecting: nil, output: output, by: OwnEngine(), keeping: changes)
    let pool = MbufPool()
    var number = 0
    func move(
      _ source: inout any PacketSource & ~Copyable, _ sink: inout any PacketSink & ~Copyable
    ) throws {
      while number < limitInPackets {
        var packets = PacketQueue()
        var kept = PacketQueue()
        let state = try source.receive(
          upTo: min(3, limitInPackets - number), into: &packets, from: pool)
        while var packet = packets.dequeue() {
          number += 1
          if try body(&packet, number) { kept.enqueue(packet) }
        }
        try sink.transmit(&kept)
        if case .ended = state { return }
      }
    }
    var first = try files.inputs[0].open()
    var sink = try #require(files.output).open(first.traits)
    try move(&first, &sink)
    for input in files.inputs.dropFirst() {
      var next = try input.open()
      try move(&next, &sink)
    }
    try sink.finish()
    #expect(pool.outstanding == 0)
    return sink.statistics
  }

  /// The blocks of a file, in its bytes.
  func blocks(_ path: String) throws -> [[UInt8]] {
    var reader = try BlockReader(path: path)
    var blocks: [[UInt8]] = []
    while let _ = try reader.next() {
      let bytes = reader.bytes
      blocks.append(unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) })
    }
    return blocks
  }

  /// A file with a block of every kind, in this order or the other.
  private func everything(bigEndian: Bool, sections: Int = 2) -> [UInt8] {
    var bytes: [UInt8] = []
    for section in 0..<sections {
      var file = BlockBuilder(bigEndian: bigEndian != (section == 1))
      file.block(4, file.half(0) + file.half(0))
      file.interface(1, snapshot: 96, file.option(2, Array("eth0".utf8)) + file.resolution(9))
      file.block(10, file.words([0x544c_534b, 5]) + Array("CLIEN".utf8))
      file.enhanced([1, 2, 3, 4, 5], ticks: 1_700_000_000_000_000_123, wire: 900)
      file.enhanced(
        [1, 2, 3, 4, 5, 6], ticks: 7,
        file.option(1, Array("note".utf8)) + file.option(3, [2, 9, 9, 9, 9])
          + file.option(2, [1, 0, 0, 0]) + file.option(0, []))
      file.simple([9, 8, 7])
      file.interface(101)
      file.block(0x0bad, file.words([32_473]) + [1, 2, 3])
      file.obsolete([4, 4, 4, 4, 4, 4, 4], ticks: 12, interface: 1)
      file.enhanced([], ticks: 1 << 40, interface: 1)
      file.block(0x8000_0001, Array(repeating: 0x5a, count: 77))
      file.block(5, file.words([1, 0, 0]) + file.option(4, [1, 0, 0, 0, 0, 0, 0, 0]))
      bytes += file.bytes
    }
    return bytes
  }

  @Test(arguments: [false, true])
  func whatIsUnchangedIsTheSameBytes(bigEndian: Bool) throws {
    let bytes = everything(bigEndian: bigEndian)
    let (file, output) = (try TemporaryFile(bytes), try TemporaryFile(suffix: ".pcapng"))
    let statistics = try copy([file.path], to: output.path)
    #expect(try fileBytes(output.path) == bytes)
    #expect(statistics.output.packets == 10 && statistics.output.errors == 0)
    // Two files are their bytes, one behind the other.
    _ = try copy([file.path, file.path], to: output.path)
    #expect(try fileBytes(output.path) == bytes + bytes)
  }

  @Test(arguments: try Captures.names().filter { $0.hasSuffix(".pcapng") })
  func aBundledCaptureIsTheSameBytes(_ name: String) throws {
    let output = try TemporaryFile(suffix: ".pcapng")
    let statistics = try copy([Captures.path(name)], to: output.path)
    let (wanted, found) = (try Captures.bytes(name), try fileBytes(output.path))
    let (frames, end) = try readFrames(Captures.path(name))
    // What cannot be read to its end is the same up to there.
    #expect(end == .clean ? found == wanted : wanted.starts(with: found), "\(name)")
    #expect(statistics.output.packets == frames.count)
  }

  /// Files of blocks in any order: 400 of them.
  @Test func randomFilesAreTheSameBytes() throws {
    var random = SeededRandom(seed: 0x626c_6f63)
    let (file, output) = (try TemporaryFile(), try TemporaryFile(suffix: ".pcapng"))
    for round in 0..<400 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        var blocks = BlockBuilder(bigEndian: .random(using: &random))
        blocks.interface(
          1, snapshot: 0, blocks.resolution([0, 3, 6, 9, 12, 0x94].randomElement(using: &random)!))
        for number in 0..<Int.random(in: 0...12, using: &random) {
          let frame = [UInt8](repeating: UInt8(number), count: .random(in: 0...70, using: &random))
          let isCommented = Bool.random(using: &random)
          let comment = isCommented ? blocks.option(1, frame) : []
          switch Int.random(in: 0..<8, using: &random) {
          case 0: blocks.simple(frame, wire: UInt32(frame.count))
          case 1: blocks.obsolete(frame, ticks: .random(in: 0...(1 << 50), using: &random))
          case 2: blocks.interface(1, snapshot: 0)
          case 3: blocks.block(.random(in: 11...90_000, using: &random), frame)
          default:
            blocks.enhanced(frame, ticks: .random(in: 0...(1 << 50), using: &random), comment)
          }
        }
        bytes += blocks.bytes
      }
      try file.write(bytes)
      _ = try copy([file.path], to: output.path)
      try #require(try fileBytes(output.path) == bytes, "round \(round), seed 0x626c6f63")
    }
  }

  @Test func packetsThatAreLeftOutTakeTheirBlocksAlong() throws {
    let bytes = everything(bigEndian: true)
    let (file, output) = (try TemporaryFile(bytes), try TemporaryFile(suffix: ".pcapng"))
    let all = try blocks(file.path)
    let frameTypes: Set<UInt8> = [2, 3, 6]
    func isFrame(_ block: [UInt8]) -> Bool {
      (block[0] == 0 && block[1] == 0 && block[2] == 0 && frameTypes.contains(block[3]))
        || (frameTypes.contains(block[0]) && block[1] == 0 && block[2] == 0 && block[3] == 0)
    }
    for kept in [[], [1], [2, 3, 9], [4, 6, 10], [10]] {
      _ = try copy(
        [file.path], to: output.path, BlockJournal.Changes(leavesOut: true)
      ) { _, number in kept.contains(number) }
      var number = 0
      let wanted = all.filter { block in
        if !isFrame(block) { return true }
        number += 1
        return kept.contains(number)
      }
      #expect(try blocks(output.path) == wanted, "\(kept)")
    }
    // What is not read is not there, nor what stands behind it.
    _ = try copy([file.path], to: output.path, limitInPackets: 2)
    #expect(try blocks(output.path) == Array(all.prefix(6)))
  }

  @Test func aSectionOfWhichPartsAreLeftOutHasNoLength() throws {
    var blocks = BlockBuilder()
    blocks.interface()
    blocks.enhanced([1])
    var bytes = blocks.bytes
    bytes.replaceSubrange(16..<24, with: [UInt8](repeating: 0, count: 8))
    bytes[16] = UInt8(bytes.count - 28)
    let (file, output) = (try TemporaryFile(bytes), try TemporaryFile(suffix: ".pcapng"))
    _ = try copy([file.path], to: output.path)
    #expect(try fileBytes(output.path) == bytes)
    _ = try copy([file.path], to: output.path, .init(leavesOut: true))
    #expect(try fileBytes(output.path) == blocks.bytes)
  }

  @Test(arguments: [false, true])
  func whatIsEditedKeepsItsOptionsButForHashes(bigEndian: Bool) throws {
    let bytes = everything(bigEndian: bigEndian, sections: 1)
    let (file, output) = (try TemporaryFile(bytes), try TemporaryFile(suffix: ".pcapng"))
    let changes = BlockJournal.Changes(leavesOut: true, edits: true)
    _ = try copy([file.path], to: output.path, changes) { packet, number in
      switch number {
      case 1: packet.trimBack(2)  // shorter
      case 2: packet.wireByteCount = 77
      case 3: packet.timestampInNanoseconds = 5_000_000_007  // of a simple block
      case 4: packet.timestampInNanoseconds += 3_000
      default: break
      }
      return true
    }
    var reader = try CaptureReader(path: output.path)
    var found: [Frame] = []
    var comments: [[String]] = []
    var flags: [UInt32?] = []
    var hashes = 0
    while let frame = reader.nextFrame() {
      found.append(Frame(frame))
      comments.append(frame.comments)
      flags.append(frame.flags)
      frame.options.forEach { code, _ in if code == 3 { hashes += 1 } }
    }
    #expect(reader.end == .clean && reader.interfaces.count == 2)
    #expect(
      found == [
        Frame([1, 2, 3], time: 1_700_000_000_000_000_123, wireByteCount: 900),
        Frame([1, 2, 3, 4, 5, 6], time: 7, wireByteCount: 77),
        Frame([9, 8, 7], time: 5_000_000_007),
        Frame([4, 4, 4, 4, 4, 4, 4], time: 15_000),
        Frame([], time: (1 << 40) * 1_000),
      ])
    #expect(comments == [[], ["note"], [], [], []])
    let flag: UInt32 = bigEndian ? 0x0100_0000 : 1
    #expect(flags == [nil, flag, nil, nil, nil] && hashes == 0)
    // All the rest is there, in its order.
    #expect(try blocks(output.path).count == blocks(file.path).count)
  }

  @Test func aTimeThatItsInterfaceCannotCountGoesIntoASectionOfItsOwn() throws {
    var blocks = BlockBuilder()
    blocks.interface()
    for number in 0..<3 { blocks.enhanced([UInt8(number)], ticks: UInt64(number)) }
    let (file, output) = (try TemporaryFile(blocks.bytes), try TemporaryFile(suffix: ".pcapng"))
    _ = try copy([file.path], to: output.path, .init(leavesOut: true)) { packet, number in
      if number == 2 { packet.timestampInNanoseconds = 1_001 }
      return true
    }
    #expect(
      try readFrames(output.path).0 == [
        Frame([0], time: 0), Frame([1], time: 1_001), Frame([2], time: 2_000),
      ])
  }

  @Test func packetsOfOneBlockHaveItsInterfaceAndOptions() throws {
    var blocks = BlockBuilder(bigEndian: true)
    blocks.interface(1)
    blocks.interface(101)
    let comment = blocks.option(1, Array("x".utf8)) + blocks.option(0, [])
    blocks.enhanced([1, 2, 3, 4, 5], interface: 1, comment)
    let (file, output) = (try TemporaryFile(blocks.bytes), try TemporaryFile(suffix: ".pcapng"))
    let journal = BlockJournal(.init(leavesOut: true, edits: true))
    var reader = try CaptureReader(path: file.path, selecting: nil, noting: journal)
    var writer = try CaptureWriter(
      path: output.path, format: .pcapng, linkType: .raw, resolution: .nano, copying: journal)
    let pool = MbufPool()
    guard var packet = try reader.next(into: pool) else {
      Issue.record("no packet")
      return
    }
    packet.recordNumber = reader.noteBlock()
    var rest = try packet.split(at: 2)
    rest.header = packet.header
    rest.wireByteCount = rest.byteCount
    try writer.write(packet)
    try writer.write(rest)
    try writer.close()
    var copy = try CaptureReader(path: output.path)
    var found: [[UInt8]] = []
    while let frame = copy.nextFrame() {
      #expect(frame.comments == ["x"] && frame.linkType == .raw)
      found.append(Frame(frame).bytes)
    }
    #expect(found == [[1, 2], [3, 4, 5]] && copy.end == .clean)
  }

  @Test func packetsOfAPcapBetweenThoseOfPcapngsHaveASectionOfTheirOwn() throws {
    let bytes = everything(bigEndian: true, sections: 1)
    let plain = pcap([(1, 2, 3, 4, [7, 7, 7])])
    let (file, old) = (try TemporaryFile(bytes), try TemporaryFile(plain))
    let output = try TemporaryFile(suffix: ".pcapng")
    _ = try copy([file.path, old.path, file.path], to: output.path)
    let found = try fileBytes(output.path)
    #expect(found.starts(with: bytes) && found.suffix(bytes.count) == bytes[...])
    let (frames, end) = try readFrames(output.path)
    let own = try readFrames(file.path).0
    #expect(end == .clean)
    #expect(
      frames == own + [Frame([7, 7, 7], time: 1_000_002_000, wireByteCount: 4)] + own)
    _ = try copy([old.path, file.path], to: output.path)
    #expect(try fileBytes(output.path).suffix(bytes.count) == bytes[...])
  }

  @Test(arguments: [false, true])
  func aLinkTypeThatAllPacketsGetIsThatOfTheirInterfaces(bigEndian: Bool) throws {
    var blocks = BlockBuilder(bigEndian: bigEndian)
    blocks.interface(1, snapshot: 40, blocks.resolution(9))
    blocks.enhanced([1, 2, 3], blocks.option(1, Array("x".utf8)))
    let (file, output) = (try TemporaryFile(blocks.bytes), try TemporaryFile(suffix: ".pcapng"))
    let changes = BlockJournal.Changes(
      leavesOut: true, edits: true, linkType: LinkType.raw.rawValue)
    _ = try copy([file.path], to: output.path, changes) { packet, _ in
      packet.linkType = LinkType.raw.rawValue
      return true
    }
    var wanted = BlockBuilder(bigEndian: bigEndian)
    wanted.interface(101, snapshot: 40, wanted.resolution(9))
    wanted.enhanced([1, 2, 3], wanted.option(1, Array("x".utf8)))
    #expect(try fileBytes(output.path) == wanted.bytes)
  }

  /// Half a million frames of which the last alone is wanted: what stands beside the others is forgotten.
  @Test func whatIsLeftOutForLongTakesNoMemory() throws {
    var blocks = BlockBuilder()
    blocks.interface()
    blocks.block(0x0bad, [1, 2, 3, 4])
    let head = blocks.bytes
    blocks = BlockBuilder()
    blocks.enhanced([7])
    let packet = Array(blocks.bytes[28...])
    let count = 500_000
    var bytes = head
    bytes.reserveCapacity(head.count + count * packet.count)
    for _ in 0..<count { bytes += packet }
    let (file, output) = (try TemporaryFile(bytes), try TemporaryFile(suffix: ".pcapng"))
    let journal = BlockJournal(.init(leavesOut: true))
    var reader = try CaptureReader(path: file.path, selecting: nil, noting: journal)
    var writer = try CaptureWriter(
      path: output.path, format: .pcapng, linkType: .ethernet, resolution: .nano, copying: journal)
    let pool = MbufPool()
    var most = 0
    var last = PacketQueue()
    while case .more = reader.receive(upTo: 1_000, into: &last, from: pool) {
      if reader.packetCount < count { last = PacketQueue() }
      most = max(most, journal.byteCount)
    }
    #expect(most < 40_000_000, "\(most) bytes")
    #expect(reader.packetCount == count && last.packetCount == 1_000)
    try writer.transmit(&last, due: 0)
    try writer.close()
    // What is no frame's was written at the beginning, and nothing is lost of the packets that came.
    let found = try fileBytes(output.path)
    #expect(found.count == head.count + 1_000 * packet.count && found.starts(with: head))
  }

  @Test func aNameThatSaysNothingGetsTheFormatThatHoldsAll() throws {
    let pcapng = try TemporaryFile(everything(bigEndian: false))
    let plain = try TemporaryFile(pcap([(1, 2, 3, 4, [7, 7, 7])]))
    let output = try TemporaryFile(suffix: ".out")
    func format(_ inputs: [String]) throws -> CaptureFormat {
      _ = try copy(inputs, to: output.path)
      return try CaptureReader(path: output.path).format
    }
    #expect(try format([plain.path]) == .pcap)
    #expect(try format([pcapng.path]) == .pcapng)
    #expect(try format([plain.path, pcapng.path]) == .pcapng)
  }
}
