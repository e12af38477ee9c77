// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Mbufs
import TestSupport
import Testing

// Interfaces.docc: begin
/// Gives back what it takes, the last one first.
struct Reverser: PacketSource, PacketSink, ~Copyable {
  var statistics = InterfaceStatistics()
  private var packets = PacketQueue()

  mutating func transmit(_ packets: inout PacketQueue, due: Int64) {
    while let packet = packets.dequeue() {
      statistics.output.count(bytes: packet.byteCount)
      self.packets.putBack(packet)
    }
  }

  mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) -> SourceState {
    guard let packet = packets.dequeue() else { return .idle }
    statistics.input.count(bytes: packet.byteCount)
    queue.enqueue(packet)
    return .more
  }
}
// Interfaces.docc: end

/// The interface that the article shows, compiled and run.
@Suite struct ExampleTests {
  @Test func theInterfaceOfTheArticleIsOne() throws {
    try leakChecked { pool in
      var link = Tracer(FaultInjector(Reverser(), seed: 1), to: NullSink())
      var packets = try numbered(pool, 4)
      try link.transmit(&packets)
      let (received, state) = try drain(&link, pool)
      #expect(received == [3, 2, 1, 0] && state == .idle)
      #expect(link.statistics.input == link.statistics.output)
      #expect(link.traced == 8)
      try link.finish()
      #expect(link.queuedPacketCount == 0 && link.dropsByReason.isEmpty)
    }
  }

  @Test func theArticleShowsWhatIsCompiledHereAndItIsShort() throws {
    let source = try String(contentsOfFile: #filePath, encoding: .utf8)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    let begin = try #require(lines.firstIndex { $0.hasSuffix("// Interfaces.docc: begin") })
    let end = try #require(lines.firstIndex { $0.hasSuffix("// Interfaces.docc: end") })
    let example = lines[(begin + 1)..<end]
    #expect(example.filter { !$0.isEmpty && !$0.hasPrefix("///") }.count <= 20)
    let article = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/Interfaces/Interfaces.docc/Interfaces.md")
    let text = try String(contentsOf: article, encoding: .utf8)
    #expect(text.contains("```swift\n\(example.joined(separator: "\n"))\n```\n"))
  }
}
