// SPDX-License-Identifier: BSD-2-Clause

import Interfaces
import Mbufs
import Pcap
import Testing
import Wire

@Suite struct CaptureComparisonTests {
  private func file(_ frames: [Frame], _ linkType: LinkType = .ethernet) throws -> TemporaryFile {
    let pool = MbufPool()
    let file = try TemporaryFile()
    var writer = try CaptureWriter(path: file.path, linkType: linkType, resolution: .nano)
    for frame in frames { try writer.write(packet(frame, from: pool)) }
    try writer.close()
    return file
  }

  private func compare(_ a: TemporaryFile, _ b: TemporaryFile) throws -> PacketComparison {
    try PacketComparison(of: a.path, with: b.path)
  }

  @Test func findsTheFirstDifferenceOfEachKind() throws {
    let frames = (1...3).map { Frame([UInt8](repeating: 0, count: 20), time: Int64($0)) }
    let original = try file(frames)
    #expect(try compare(original, file(frames)).isIdentical)
    func difference(_ change: (inout [Frame]) -> Void) throws -> [String?] {
      var changed = frames
      change(&changed)
      let found = try compare(original, file(changed))
      guard let first = found.firstDifference else { return [] }
      return [
        "\(found.packetCount)", first.packet.map(String.init), first.offset.map(String.init),
        first.field.rawValue,
      ]
    }
    #expect(try difference { $0[1].time += 1 } == ["1", "2", nil, "timestamp"])
    #expect(try difference { $0[2].wireByteCount = 21 } == ["2", "3", nil, "wire_length"])
    #expect(try difference { $0[0].bytes.append(0) } == ["0", "1", nil, "captured_length"])
    #expect(try difference { $0[0] = $0[1] } == ["0", "1", nil, "timestamp"])
    #expect(try difference { $0.removeLast() } == ["2", "3", nil, "count"])
    #expect(try difference { $0.append($0[0]) } == ["3", "4", nil, "count"])
    for offset in 0..<20 {
      #expect(try difference { $0[1].bytes[offset] = 1 } == ["1", "2", "\(offset)", "bytes"])
    }
    let other = try compare(original, file(frames, .raw))
    #expect(other.firstDifference?.field == .linkType)
    #expect(other.firstDifference?.packet == nil)
    #expect(other.packetCount == 0)
  }

  @Test func theEndOfTheFirstDoesNotMatterThatOfTheSecondDoes() throws {
    let whole = Captures.path("ntp.pcap")
    let cut = Captures.path("cut_record.pcap")
    let pool = MbufPool()
    let copy = try TemporaryFile()
    var reader = try CaptureReader(path: cut)
    var writer = try CaptureWriter(path: copy.path, linkType: .ethernet, resolution: .micro)
    while let packet = try reader.next(into: pool) { try writer.write(packet) }
    try writer.close()
    #expect(try PacketComparison(of: cut, with: copy.path).isIdentical)
    #expect(try PacketComparison(of: cut, with: cut).firstDifference?.field == .end)
    // What is missing is missing because the file is cut.
    let difference = try PacketComparison(of: whole, with: cut).firstDifference
    #expect(difference?.field == .end)
    #expect(difference?.packet == 26)
  }

  @Test func comparesAsManyAsAskedFor() throws {
    var expected = try CaptureReader(path: Captures.path("ntp.pcap"))
    var actual = try CaptureReader(path: Captures.path("cut_header.pcap"))
    var comparison = PacketComparison()
    var times: LoopTimes?
    comparison.compare(&expected, with: &actual, upTo: 1, shifting: &times)
    #expect(comparison.isIdentical)
    comparison.finish(&actual)
    #expect(comparison.packetCount == 1)
    #expect(comparison.firstDifference?.field == .end)
  }
}
