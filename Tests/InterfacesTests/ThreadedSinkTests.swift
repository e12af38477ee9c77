// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Synchronization
import TestSupport
import Testing
import Wire

/// Sinks on threads of their own.
@Suite struct ThreadedSinkTests {
  /// An output whose sink notes what it takes, and may refuse, fail or have no room from a number on.
  private final class Noting: PacketOutput {
    enum Fault: Sendable { case none, closed, failure(at: Int), noRoom(at: Int), badEnd }

    let fault: Fault
    let numbers = Mutex<[Int]>([])
    let threads = Mutex<Set<Int>>([])

    init(_ fault: Fault = .none) { self.fault = fault }

    func open(_ traits: LinkTraits) throws(InterfaceError) -> any PacketSink & ~Copyable {
      if case .closed = fault { throw InterfaceError(.failed, "does not open") }
      return Sink(self)
    }

    func confirmedPacketCount() -> Int? { numbers.withLock { $0.count } }

    struct Sink: PacketSink, ~Copyable {
      let output: Noting
      var statistics = InterfaceStatistics()
      var traits: LinkTraits { LinkTraits(linkType: .ethernet, mtu: 1_234) }

      init(_ output: Noting) { self.output = output }

      mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
        while let packet = packets.dequeue() {
          let number = Int(packet.timestampInNanoseconds)
          if case .failure(number) = output.fault {
            packets.putBack(packet)
            throw InterfaceError(.failed, "number \(number)")
          }
          if case .noRoom(let first) = output.fault, number >= first {
            packets.putBack(packet)
            return
          }
          output.numbers.withLock { $0.append(number) }
          statistics.output.count(bytes: packet.byteCount)
        }
      }

      func finish() throws(InterfaceError) {
        if case .badEnd = output.fault { throw InterfaceError(.failed, "the end") }
      }
    }
  }

  /// Transmits until all is taken or an error comes; what was not taken is freed.
  private func send(
    _ packets: consuming PacketQueue, to sink: inout any PacketSink & ~Copyable
  ) -> InterfaceError? {
    var packets = packets
    while !packets.isEmpty {
      do throws(InterfaceError) { try sink.transmit(&packets) } catch { return error }
      if !packets.isEmpty { letOthersRun() }
    }
    return nil
  }

  @Test(arguments: [1, 7, 4_096]) func allOfItLeavesInOrder(limit: Int) throws {
    try leakChecked { pool in
      let output = Noting()
      let threaded = ThreadedOutput(output, limitInPackets: limit)
      var sink = try threaded.open(LinkTraits())
      #expect(sink.traits.mtu == 1_234)
      let error = send(try numbered(pool, 1_000), to: &sink)
      #expect(error == nil)
      #expect(sink.statistics.output.total + sink.queuedPacketCount == 1_000)
      try sink.finish()
      #expect(sink.statistics.output.packets == 1_000 && sink.statistics.output.bytes == 60_000)
      #expect(sink.queuedPacketCount == 0 && threaded.confirmedPacketCount() == 1_000)
      #expect(output.numbers.withLock { $0 } == Array(0..<1_000))
      var late = try numbered(pool, 1)
      let closed = #expect(throws: InterfaceError.self) { try sink.transmit(&late) }
      #expect(closed?.kind == .closed && late.packetCount == 1)
    }
  }

  @Test func anOutputThatDoesNotOpenSaysWhy() {
    let error = #expect(throws: InterfaceError.self) {
      _ = try ThreadedOutput(Noting(.closed)).open(LinkTraits())
    }
    #expect(error?.what == "does not open")
  }

  @Test func whatAFailureLeavesUnsentIsAnError() throws {
    try leakChecked { pool in
      let output = Noting(.failure(at: 50))
      var sink = try ThreadedOutput(output, limitInPackets: 64).open(LinkTraits())
      // More than the ring holds, so that the failure is met here.
      let error = send(try numbered(pool, 1_000), to: &sink)
      #expect(error?.what == "number 50")
      let last = #expect(throws: InterfaceError.self) { try sink.finish() }
      #expect(last?.what == "number 50")
      let count = sink.statistics.output
      #expect(count.packets == 50 && count.bytes == 3_000 && count.errors > 0)
      #expect(sink.queuedPacketCount == 0)
      #expect(output.numbers.withLock { $0 } == Array(0..<50))
    }
  }

  @Test func anEndThatFailsIsTold() throws {
    try leakChecked { pool in
      var sink = try ThreadedOutput(Noting(.badEnd)).open(LinkTraits())
      _ = send(try numbered(pool, 10), to: &sink)
      let error = #expect(throws: InterfaceError.self) { try sink.finish() }
      #expect(error?.what == "the end")
      #expect(sink.statistics.output.packets == 10 && sink.statistics.output.errors == 0)
    }
  }

  @Test func anOutputThatTakesNothingMoreDoesNotHoldTheEnd() throws {
    try leakChecked { pool in
      let output = Noting(.noRoom(at: 5))
      var sink = try ThreadedOutput(output).open(LinkTraits())
      _ = send(try numbered(pool, 9), to: &sink)
      let error = #expect(throws: InterfaceError.self) { try sink.finish() }
      #expect(error?.why == "the output had no room for a second")
      #expect(sink.statistics.output.packets == 5 && sink.statistics.output.errors == 4)
    }
  }

  @Test func aSinkThatJustEndsHasSentAll() throws {
    try leakChecked { pool in
      let output = Noting()
      do {
        var sink = try ThreadedOutput(output).open(LinkTraits())
        _ = send(try numbered(pool, 300), to: &sink)
      }
      #expect(output.numbers.withLock { $0.count } == 300)
    }
  }

  @Test func flowsThatAreHalvedKeepTheirOrder() throws {
    try leakChecked { pool in
      let outputs = [Noting(), Noting(), Noting(), Noting()]
      let halves = (0..<2).map { half in
        SplitOutput(
          client: ThreadedOutput(outputs[2 * half]), server: ThreadedOutput(outputs[2 * half + 1]),
          by: .flows(bit: 0))
      }
      var sink = try SplitOutput(client: halves[0], server: halves[1], by: .flows(bit: 1))
        .open(LinkTraits())
      var packets = PacketQueue()
      // Packet n is of flow n % 100; one in two is an answer.
      for number in 0..<2_000 {
        var packet = try Self.packet(pool, flow: number % 100, isAnswer: number / 100 % 2 == 1)
        packet.timestampInNanoseconds = Int64(number)
        packets.enqueue(packet)
      }
      _ = send(packets, to: &sink)
      try sink.finish()
      let taken = outputs.map { $0.numbers.withLock { $0 } }
      #expect(taken.flatMap(\.self).sorted() == Array(0..<2_000))
      for numbers in taken {
        // Each has its share, all of a flow's packets, in order.
        #expect(numbers.count >= 200)
        #expect(numbers == numbers.sorted())
      }
      for flow in 0..<100 {
        #expect(taken.count { $0.contains { $0 % 100 == flow } } == 1)
      }
    }
  }

  private static func packet(_ pool: MbufPool, flow: Int, isAnswer: Bool) throws -> Packet {
    var udp = DecodedTests.udp
    var ip = DecodedTests.ipv4(17, udp)
    let (client, server): ([UInt8], [UInt8]) = ([10, 0, 0, UInt8(flow)], [10, 1, 0, 1])
    let ports: ([UInt8], [UInt8]) = ([0x20, UInt8(flow)], [0, 53])
    udp.replaceSubrange(0..<4, with: isAnswer ? ports.1 + ports.0 : ports.0 + ports.1)
    ip = DecodedTests.ipv4(17, udp)
    ip.replaceSubrange(12..<20, with: isAnswer ? server + client : client + server)
    var packet = unsafe try pool.packet(
      copying: DecodedTests.ethernet([8, 0], ip).span.bytes)
    packet.linkType = LinkType.ethernet.rawValue
    return packet
  }
}
