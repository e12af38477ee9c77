// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

@Suite struct PacketQueueTests {
  @Test func firstInFirstOut() throws {
    try leakChecked { pool in
      var random = SeededRandom()
      var queue = PacketQueue()
      var model: [[UInt8]] = []
      for _ in 0..<2_000 {
        if random.chance(55) {
          let bytes = GrowTests.bytes(Int.random(in: 0...400, using: &random))
          queue.enqueue(try pool.packet(copying: unsafe bytes.span.bytes))
          model.append(bytes)
        } else if let packet = queue.dequeue() {
          packet.checkInvariants()
          #expect(packet.allBytes == model.removeFirst())
        } else {
          #expect(model.isEmpty)
        }
        #expect(queue.packetCount == model.count)
        #expect(queue.byteCount == model.reduce(0) { $0 + $1.count })
        #expect(queue.isEmpty == model.isEmpty)
        queue.checkInvariants()
      }
    }
  }

  @Test func theFirstPacketsMoveBehindThoseOfAnotherQueue() throws {
    try leakChecked { pool in
      var random = SeededRandom()
      for _ in 0..<300 {
        var from = PacketQueue()
        var to = PacketQueue()
        let lengths = (0..<Int.random(in: 0...6, using: &random)).map { 10 + $0 }
        let before = (0..<Int.random(in: 0...3, using: &random)).map { 100 + $0 }
        for length in lengths {
          from.enqueue(try pool.packet(copying: unsafe GrowTests.bytes(length).span.bytes))
        }
        for length in before {
          to.enqueue(try pool.packet(copying: unsafe GrowTests.bytes(length).span.bytes))
        }
        let limit = Int.random(in: 0...8, using: &random)
        let bytes = from.moveFirst(limit, to: &to)
        #expect(bytes == lengths.prefix(limit).reduce(0, +))
        from.checkInvariants()
        to.checkInvariants()
        #expect(Self.lengths(from) == Array(lengths.dropFirst(limit)))
        #expect(Self.lengths(to) == before + lengths.prefix(limit))
      }
    }
  }

  @Test func showingEndsWhereTheBodySays() throws {
    try leakChecked { pool in
      for limit in 0...4 {
        var queue = PacketQueue()
        for length in 1...3 {
          queue.enqueue(try pool.packet(copying: unsafe GrowTests.bytes(length).span.bytes))
        }
        var seen: [Int] = []
        queue.forEach { packet in
          seen.append(packet.byteCount)
          return seen.count < limit
        }
        // The first is shown in any case.
        #expect(seen == Array(1...Swift.min(Swift.max(limit, 1), 3)))
        #expect(Self.lengths(queue) == [1, 2, 3])
      }
    }
  }

  private static func lengths(_ queue: borrowing PacketQueue) -> [Int] {
    var lengths: [Int] = []
    queue.forEach { lengths.append($0.byteCount) }
    return lengths
  }

  @Test func anEndedQueueFreesItsPackets() throws {
    try leakChecked { pool in
      do {
        var queue = PacketQueue()
        for byteCount in [0, 100, 5_000] {
          queue.enqueue(try pool.packet(copying: unsafe GrowTests.bytes(byteCount).span.bytes))
        }
        #expect(queue.packetCount == 3 && queue.byteCount == 5_100)
        #expect(pool.outstanding > 0)
      }
      #expect(pool.outstanding == 0)
    }
  }

  @Test func everyChainPassesUnchanged() throws {
    try forEveryChain { bench, packet, model in
      var queue = PacketQueue()
      var before = try bench.pool.smallPacket()
      swap(&before, &packet)
      queue.enqueue(try bench.pool.smallPacket())
      queue.enqueue(before)
      queue.enqueue(try bench.pool.smallPacket())
      queue.checkInvariants()
      _ = queue.dequeue()
      guard var after = queue.dequeue() else { throw Failure(description: "lost in the queue") }
      swap(&after, &packet)
      if queue.packetCount != 1 || queue.byteCount != 0 {
        throw Failure(description: "\(queue.packetCount) packets, \(queue.byteCount) bytes")
      }
    }
  }

  @Test func anEmptyQueueHasNothing() {
    var queue = PacketQueue()
    let packet = queue.dequeue()
    let isNone = packet == nil
    #expect(isNone)
    #expect(queue.isEmpty == true)
    queue.checkInvariants()
  }

  /// A queue of packets with the given numbers of bytes.
  private func queue(_ pool: MbufPool, _ byteCounts: [Int]) throws -> PacketQueue {
    var queue = PacketQueue()
    for byteCount in byteCounts {
      queue.enqueue(try pool.packet(copying: unsafe GrowTests.bytes(byteCount).span.bytes))
    }
    return queue
  }

  private func byteCounts(_ queue: borrowing PacketQueue) -> [Int] {
    var counts: [Int] = []
    queue.forEach { counts.append($0.byteCount) }
    return counts
  }

  @Test(arguments: [[], [7], [7, 300]], [[], [5_000], [40, 0]])
  func aQueueThatIsPutBackComesFirst(front: [Int], rest: [Int]) throws {
    try leakChecked { pool in
      var whole = try queue(pool, rest)
      var taken = try queue(pool, front)
      whole.putBack(&taken)
      whole.checkInvariants()
      taken.checkInvariants()
      #expect(byteCounts(whole) == front + rest && taken.packetCount == 0)
      whole.enqueue(try pool.packet())
      whole.checkInvariants()
      #expect(byteCounts(whole) == front + rest + [0])
    }
  }

  @Test func aPacketThatIsPutBackIsTheFirstAgain() throws {
    try leakChecked { pool in
      for sizes in [[7], [7, 300], [7, 300, 5_000]] {
        var queue = try queue(pool, sizes)
        guard let first = queue.dequeue() else { throw Failure(description: "nothing queued") }
        queue.putBack(first)
        queue.checkInvariants()
        #expect(byteCounts(queue) == sizes)
        // The tail is right if a later packet comes behind it.
        queue.enqueue(try pool.packet())
        queue.checkInvariants()
        #expect(byteCounts(queue) == sizes + [0])
      }
    }
  }

  @Test func appendingAQueueTakesItsPacketsInOrderAndLeavesItEmpty() throws {
    try leakChecked { pool in
      for (front, back) in [([], []), ([], [1, 2]), ([1, 2], []), ([3], [1]), ([1, 2], [3, 4])] {
        var queue = try queue(pool, front)
        var other = try self.queue(pool, back)
        queue.append(&other)
        queue.checkInvariants()
        other.checkInvariants()
        #expect(other.isEmpty == true)
        #expect(byteCounts(queue) == front + back)
        queue.enqueue(try pool.packet())
        other.enqueue(try pool.packet())
        queue.checkInvariants()
        other.checkInvariants()
      }
    }
  }

  @Test func showingThePacketsLeavesThemWhereTheyAreAlsoWhenTheBodyThrows() throws {
    try leakChecked { pool in
      let queue = try queue(pool, [1, 2, 3])
      var seen = 0
      #expect(throws: Failure.self) {
        try queue.forEach { (packet) throws(Failure) in
          seen += packet.byteCount
          if packet.byteCount == 2 { throw Failure(description: "enough") }
        }
      }
      #expect(seen == 3)
      queue.checkInvariants()
      #expect(byteCounts(queue) == [1, 2, 3])
    }
  }
}
