// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing

// shown: begin
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
// shown: end

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
    let example = try #require(try shownCode(in: #filePath).first)
    let lines = example.split(separator: "\n")
    #expect(lines.filter { !$0.hasPrefix("///") }.count <= 20)
    let article = "Sources/Interfaces/Interfaces.docc/Interfaces.md"
    #expect(try codeBlocks(of: article).contains(example))
  }
}
