// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

/// Two ends that are joined: what is sent into one is received at the other.
private protocol JoinedEnds: ~Copyable {
  mutating func send(_ packets: inout PacketQueue) throws(InterfaceError)
  mutating func receive(upTo limit: Int, into queue: inout PacketQueue) -> SourceState
  mutating func finish()
  /// Traps or records an issue if counts are wrong.
  borrowing func check(sent: Int, received: Int)
}

private struct LoopbackEnds: JoinedEnds, ~Copyable {
  var link: Loopback
  let pool: MbufPool

  mutating func send(_ packets: inout PacketQueue) throws(InterfaceError) {
    try link.transmit(&packets)
  }
  mutating func receive(upTo limit: Int, into queue: inout PacketQueue) -> SourceState {
    link.receive(upTo: limit, into: &queue, from: pool)
  }
  mutating func finish() { link.finish() }
  borrowing func check(sent: Int, received: Int) {
    #expect(link.statistics.output.packets == sent)
    #expect(link.statistics.input.packets == received)
    #expect(link.waitingPacketCount == sent - received)
    link.checkInvariants()
  }
}

private struct PairEnds: JoinedEnds, ~Copyable {
  let pair: InterfacePair
  let isLeft: Bool
  let pool: MbufPool
  var from: InterfacePair.End { isLeft ? pair.left : pair.right }
  var to: InterfacePair.End { isLeft ? pair.right : pair.left }

  mutating func send(_ packets: inout PacketQueue) throws(InterfaceError) {
    try from.transmit(&packets, due: 0)
  }
  mutating func receive(upTo limit: Int, into queue: inout PacketQueue) -> SourceState {
    to.receive(upTo: limit, into: &queue, from: pool)
  }
  mutating func finish() { from.finish() }
  borrowing func check(sent: Int, received: Int) {
    #expect(from.statistics.output.packets == sent)
    #expect(to.statistics.input.packets == received)
    #expect(to.waitingPacketCount == sent - received)
    // The other direction knows nothing of it.
    #expect(from.statistics.input.total == 0 && to.statistics.output.total == 0)
    pair.checkInvariants()
  }
}

/// What holds for every interface in memory.
@Suite struct MemoryLinkTests {
  private static let traits = LinkTraits(linkType: .ethernet, mtu: 100)

  private func order<Ends: JoinedEnds & ~Copyable>(_ ends: inout Ends, _ pool: MbufPool) throws {
    var packets = try numbered(pool, 10)
    let bytes = contents(packets)
    try ends.send(&packets)
    #expect(packets.isEmpty == true)
    ends.check(sent: 10, received: 0)
    var queue = try numbered(pool, 1, from: 99)
    #expect(ends.receive(upTo: 4, into: &queue) == .more)
    #expect(numbers(queue) == [99, 0, 1, 2, 3])
    ends.check(sent: 10, received: 4)
    #expect(ends.receive(upTo: 6, into: &queue) == .idle)
    #expect(numbers(queue) == [99] + Array(0..<10))
    _ = queue.dequeue()
    #expect(contents(queue) == bytes)
    #expect(ends.receive(upTo: 1, into: &queue) == .idle)
    ends.check(sent: 10, received: 10)
  }

  private func fullLink<Ends: JoinedEnds & ~Copyable>(_ ends: inout Ends, _ pool: MbufPool) throws {
    var packets = try numbered(pool, 10)
    try ends.send(&packets)
    #expect(numbers(packets) == Array(4..<10))
    packets.checkInvariants()
    try ends.send(&packets)
    #expect(numbers(packets) == Array(4..<10))
    var received = PacketQueue()
    #expect(ends.receive(upTo: 1, into: &received) == .more)
    try ends.send(&packets)
    #expect(numbers(packets) == Array(5..<10))
    #expect(ends.receive(upTo: 9, into: &received) == .idle)
    #expect(numbers(received) == Array(0..<5))
    ends.check(sent: 5, received: 5)
  }

  private func unfitPackets<Ends: JoinedEnds & ~Copyable>(
    _ ends: inout Ends, _ pool: MbufPool
  ) throws {
    // 14 bytes of header and the MTU of 100 pass, one more does not.
    var packets = try numbered(pool, 2, byteCount: 114)
    var long = try numbered(pool, 1, from: 2, byteCount: 115)
    packets.append(&long)
    var other = try numbered(pool, 1, from: 3, linkType: .raw)
    packets.append(&other)
    var last = try numbered(pool, 1, from: 4)
    packets.append(&last)
    let tooLong = #expect(throws: InterfaceError.self) { try ends.send(&packets) }
    #expect(tooLong?.kind == .tooLong(byteCount: 115, limit: 114))
    #expect(tooLong?.isAboutPacket == true)
    #expect(numbers(packets) == [2, 3, 4])
    _ = packets.dequeue()
    let wrong = #expect(throws: InterfaceError.self) { try ends.send(&packets) }
    #expect(wrong?.kind == .wrongLinkType(.raw, wanted: .ethernet))
    #expect(numbers(packets) == [3, 4])
    _ = packets.dequeue()
    try ends.send(&packets)
    #expect(packets.isEmpty == true)
    ends.check(sent: 3, received: 0)
  }

  private func end<Ends: JoinedEnds & ~Copyable>(_ ends: inout Ends, _ pool: MbufPool) throws {
    var packets = try numbered(pool, 2)
    try ends.send(&packets)
    ends.finish()
    packets = try numbered(pool, 1, from: 9)
    let closed = #expect(throws: InterfaceError.self) { try ends.send(&packets) }
    #expect(closed?.kind == .closed)
    #expect(closed?.isAboutPacket == false)
    #expect(numbers(packets) == [9])
    var queue = PacketQueue()
    #expect(ends.receive(upTo: 1, into: &queue) == .more)
    #expect(ends.receive(upTo: 1, into: &queue) == .ended(nil))
    #expect(ends.receive(upTo: 1, into: &queue) == .ended(nil))
    #expect(numbers(queue) == [0, 1])
    ends.check(sent: 2, received: 2)
  }

  private enum Case: CaseIterable { case loopback, left, right }

  @Test(arguments: Case.allCases, ["order", "full", "unfit", "end"])
  private func aLinkInMemoryKeepsThePromisesOfSourcesAndSinks(
    _ link: Case, _ what: String
  ) throws {
    try leakChecked { pool in
      let limit = what == "full" ? 4 : 1_024
      func run<Ends: JoinedEnds & ~Copyable>(_ ends: inout Ends) throws {
        switch what {
        case "order": try order(&ends, pool)
        case "full": try fullLink(&ends, pool)
        case "unfit": try unfitPackets(&ends, pool)
        default: try end(&ends, pool)
        }
      }
      if link == .loopback {
        var ends = LoopbackEnds(link: Loopback(Self.traits, limitInPackets: limit), pool: pool)
        try run(&ends)
      } else {
        var ends = PairEnds(
          pair: InterfacePair(Self.traits, limitInPackets: limit), isLeft: link == .left,
          pool: pool)
        try run(&ends)
      }
    }
  }

  @Test func whatNobodyReceivedIsFreedWithTheLink() throws {
    try leakChecked { pool in
      var packets = try numbered(pool, 5)
      var loopback = Loopback()
      try loopback.transmit(&packets)
      packets = try numbered(pool, 5)
      try InterfacePair().left.transmit(&packets, due: 0)
    }
  }

  @Test func theEndsOfAPairMayBeOnTwoThreads() throws {
    leakChecked { pool in
      let pair = InterfacePair(limitInPackets: 16)
      onThreads(2) { thread in
        let end = thread == 0 ? pair.left : pair.right
        guard var leaving = try? numbered(pool, 3_000) else { return }
        var arrived: [Int] = []
        while arrived.count < 3_000 {
          try? end.transmit(&leaving, due: 0)
          var queue = PacketQueue()
          if end.receive(upTo: 32, into: &queue, from: pool) == .idle, queue.isEmpty {
            letOthersRun()
          }
          arrived += numbers(queue)
          // The last packets must not wait in here for the other end's answer.
          while arrived.count == 3_000, !leaving.isEmpty {
            try? end.transmit(&leaving, due: 0)
            letOthersRun()
          }
        }
        #expect(arrived == Array(0..<3_000))
      }
      pair.checkInvariants()
      #expect(pair.left.statistics == pair.right.statistics)
    }
  }

  @Test func aLinkNeedsRoomForAPacket() async {
    await #expect(processExitsWith: .failure) { _ = Loopback(limitInPackets: 0) }
    await #expect(processExitsWith: .failure) { _ = LinkTraits(mtu: 0) }
  }

  @Test func theLongestPacketHasTheMTUBehindItsLinkHeader() {
    let traits = LinkTraits(mtu: 1_500)
    let wanted: [(LinkType, Int)] = [
      (.ethernet, 1_514), (.null, 1_504), (.loop, 1_504), (.linuxSLL, 1_516), (.linuxSLL2, 1_520),
      (.raw, 1_500), (.ipv4, 1_500), (.ipv6, 1_500),
    ]
    for (linkType, limit) in wanted { #expect(traits.packetByteLimit(linkType) == limit) }
    #expect(LinkTraits().packetByteLimit(.ethernet) == .max)
  }
}
