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
}
