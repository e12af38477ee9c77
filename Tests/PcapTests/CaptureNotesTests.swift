// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Testing

@testable import Pcap

/// What a pcapng says beside its frames, of either byte order.
@Suite struct CaptureNotesTests {
  private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  private static func notes(_ builder: BlockBuilder) throws -> CaptureNotes {
    let file = try TemporaryFile(builder.bytes)
    var reader = try CaptureReader(path: file.path)
    while reader.nextFrame() != nil {}
    let end = reader.end
    #expect(end == .clean)
    return reader.notes
  }

  /// Comments on the last frame, nil if it has no options.
  private static func comments(_ reader: borrowing CaptureReader) -> [String]? {
    reader.hasOptions ? reader.comments : nil
  }

  private static func goOn(_ reader: inout CaptureReader) {
    let isThere = reader.nextFrame() != nil
    #expect(isThere)
  }

  /// A number of 64 bits in the order of the builder.
  private static func long(_ number: UInt64, _ builder: BlockBuilder) -> [UInt8] {
    let words = [UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32)]
    return builder.words(builder.bigEndian ? words.reversed() : words)
  }

  private static func statistics(
    _ builder: inout BlockBuilder, _ interface: UInt32, _ counts: [(UInt16, UInt64)]
  ) {
    let options = counts.flatMap { code, count in builder.option(code, long(count, builder)) }
    builder.block(5, builder.words([interface, 0, 0]) + options + builder.option(0, []))
  }

  @Test(arguments: [false, true])
  func sectionsAndInterfacesAreNoted(_ bigEndian: Bool) throws {
    var builder = BlockBuilder(bigEndian: bigEndian)
    builder.interface(1, snapshot: 96, builder.option(2, Self.text("eth0")))
    builder.interface(101)
    builder.enhanced([1, 2, 3])
    let options =
      builder.option(2, Self.text("a machine")) + builder.option(3, Self.text("Linux"))
      + builder.option(4, Self.text("a program")) + builder.option(1, Self.text("first"))
      + builder.option(1, Self.text("second"))
    builder.block(
      0x0a0d_0d0a,
      builder.words([0x1a2b_3c4d]) + builder.half(1) + builder.half(0)
        + [UInt8](repeating: 0xff, count: 8) + options)
    builder.interface(113, builder.option(2, Self.text("any")))
    let notes = try Self.notes(builder)
    #expect(notes.sectionCount == 2 && notes.sections.count == 2)
    #expect(notes.sections[0] == CaptureNotes.Section())
    let section = notes.sections[1]
    #expect(section.hardware == "a machine" && section.system == "Linux")
    #expect(section.application == "a program" && section.comments == ["first", "second"])
    #expect(notes.interfaceCount == 3)
    #expect(notes.interfaces.map(\.section) == [1, 1, 2])
    #expect(notes.interfaces.map(\.number) == [0, 1, 0])
    #expect(notes.interfaces.map(\.facts.name) == ["eth0", nil, "any"])
    #expect(notes.firstInterface == 2)
  }

  @Test(arguments: [false, true])
  func theLastStatisticsOfAnInterfaceHold(_ bigEndian: Bool) throws {
    var builder = BlockBuilder(bigEndian: bigEndian)
    builder.interface()
    builder.interface()
    Self.statistics(&builder, 0, [(4, 10), (5, 1), (7, 2)])
    Self.statistics(&builder, 1, [(4, 1 << 40)])
    Self.statistics(&builder, 0, [(4, 20), (5, 3)])
    // Of no interface, and cut short.
    Self.statistics(&builder, 2, [(5, 100)])
    Self.statistics(&builder, .max, [(5, 100)])
    builder.block(5, builder.words([0]))
    let notes = try Self.notes(builder)
    #expect(notes.blocks.statistics == 6)
    #expect(notes.interfaces.map(\.statisticsCount) == [2, 1])
    #expect(notes.interfaces.map(\.received) == [20, 1 << 40])
    #expect(notes.interfaces.map(\.dropped) == [3, nil])
    #expect(notes.interfaces.map(\.droppedBySystem) == [2, nil])
    #expect(notes.drops.byInterface == 3 && notes.drops.bySystem == 2)
  }

  @Test func statisticsBelongToTheSectionTheyStandIn() throws {
    var builder = BlockBuilder()
    builder.interface()
    Self.statistics(&builder, 0, [(5, 7)])
    builder.block(
      0x0a0d_0d0a,
      builder.words([0x1a2b_3c4d]) + builder.half(1) + builder.half(0)
        + [UInt8](repeating: 0xff, count: 8))
    builder.interface()
    Self.statistics(&builder, 0, [(5, .max)])
    let notes = try Self.notes(builder)
    #expect(notes.interfaces.map(\.dropped) == [7, .max])
    // A sum that does not fit stops at the greatest number.
    #expect(notes.drops.byInterface == .max && notes.drops.bySystem == nil)
  }

  @Test func blocksAreCountedByTheirType() throws {
    var builder = BlockBuilder()
    builder.interface()
    for (type, count) in [(4, 1), (9, 2), (10, 3), (0x0bad, 1), (0x4000_0bad, 3), (0x7777, 5)] {
      for _ in 0..<count { builder.block(UInt32(type), [1, 2, 3, 4]) }
    }
    builder.enhanced([1])
    builder.simple([1])
    builder.obsolete([1], ticks: 1)
    let blocks = try Self.notes(builder).blocks
    #expect(blocks.nameResolution == 1 && blocks.journal == 2 && blocks.secrets == 3)
    #expect(blocks.custom == 4 && blocks.unknown == 5 && blocks.statistics == 0)
  }

  @Test func commentsOnFramesAreThoseOfTheLast() throws {
    var builder = BlockBuilder(bigEndian: true)
    builder.interface()
    builder.enhanced([1, 2, 3], builder.option(2, builder.words([1])) + builder.option(0, []))
    builder.enhanced(
      [1, 2, 3, 4, 5],
      builder.option(1, Self.text("ü\n"))
        + builder.option(1, [UInt8](repeating: 0x41, count: 9_000)))
    builder.enhanced([1, 2, 3])
    let file = try TemporaryFile(builder.bytes)
    var reader = try CaptureReader(path: file.path)
    Self.goOn(&reader)
    #expect(Self.comments(reader) == [])
    Self.goOn(&reader)
    #expect(Self.comments(reader) == ["ü\n", String(repeating: "A", count: 4_096)])
    Self.goOn(&reader)
    #expect(Self.comments(reader) == nil)
  }

  @Test func whatIsKeptHasABound() throws {
    var builder = BlockBuilder()
    let long = [UInt8](repeating: 0x41, count: 60_000)
    for _ in 0..<100 {
      builder.block(
        0x0a0d_0d0a,
        builder.words([0x1a2b_3c4d]) + builder.half(1) + builder.half(0)
          + [UInt8](repeating: 0xff, count: 8) + (0..<20).flatMap { _ in builder.option(1, [0x42]) }
      )
      builder.interface(1, builder.option(2, long))
    }
    let notes = try Self.notes(builder)
    #expect(notes.sectionCount == 101 && notes.sections.count == CaptureNotes.sectionLimit)
    #expect(notes.sections.allSatisfy { $0.comments.count <= CaptureNotes.commentLimit })
    #expect(notes.interfaceCount == 100 && notes.interfaces.count == CaptureNotes.interfaceLimit)
    let text = notes.interfaces.reduce(0) { $0 + ($1.facts.name?.utf8.count ?? 0) }
    #expect(text > 60_000 && text <= CaptureInterface.textByteLimit)
  }

  @Test func aPcapSaysNothingBesideItsFrames() throws {
    let file = try TemporaryFile(pcap([]))
    let reader = try CaptureReader(path: file.path)
    let notes = reader.notes
    #expect(notes == CaptureNotes())
  }
}
