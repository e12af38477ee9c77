// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing

@testable import Mbufs

/// Packets between threads; run these under the thread sanitizer.
@Suite struct ThreadTests {
  @Test func producersAndConsumers() throws {
    leakChecked(clusterLimit: 300) { pool in
      let queue = SharedQueue()
      let made = Atomic(0)
      let seen = Atomic(0)
      let wrong = Atomic(0)
      let total = 4_000
      onThreads(4) { thread in
        if thread % 2 == 0 {
          for number in 0..<total / 2 {
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number % 400)
            while true {
              if let packet = try? pool.packet(copying: unsafe bytes.span.bytes) {
                made.add(bytes.count, ordering: .relaxed)
                queue.put(packet)
                break
              }
            }
          }
        } else {
          while seen.load(ordering: .relaxed) < total {
            guard let packet = queue.take() else { continue }
            packet.checkInvariants()
            let bytes = packet.allBytes
            if !bytes.allSatisfy({ $0 == bytes[0] }) { wrong.add(1, ordering: .relaxed) }
            made.subtract(bytes.count, ordering: .relaxed)
            seen.add(1, ordering: .relaxed)
          }
        }
      }
      #expect(wrong.load(ordering: .relaxed) == 0)
      #expect(made.load(ordering: .relaxed) == 0)
    }
  }

  /// Whoever lets go last frees the cluster: exactly one of the holders does.
  @Test func sharedCopiesEndOnDifferentThreads() throws {
    try leakChecked(clusterLimit: 64) { pool in
      let rounds = 1_500
      let holders = 3
      var queues = (0..<holders).map { _ in SharedQueue() }
      var memories: [LentMemory] = []
      for round in 0..<rounds {
        let memory = LentMemory(isReadOnly: round % 2 == 0)
        memories.append(memory)
        var packet = try pool.packet(over: memory.storage(), byteCount: 20)
        if round % 50 == 0 { packet.join(try pool.packet(copying: unsafe bytes.span.bytes)) }
        for queue in queues.dropFirst() { queue.put(try packet.sharedCopy()) }
        queues[0].put(packet)
      }
      let all = queues
      onThreads(holders) { thread in
        while let packet = all[thread].take() { packet.checkInvariants() }
      }
      #expect(memories.allSatisfy { $0.releaseCount == 1 })
      queues.removeAll()
    }
  }

  private let bytes = GrowTests.bytes(1_000)

  /// While one packet is made writable, others let go of what it shares, segment by segment.
  @Test func makingWritableWhileTheOthersLetGo() throws {
    try leakChecked { pool in
      let rounds = 1_000
      let wrong = Atomic(0)
      let turn = Atomic(0)
      let kept = SharedQueue()
      let dropped = SharedQueue()
      for round in 0..<rounds {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: round &+ $0) }
        var others = PacketQueue()
        kept.put(try packetInPieces(bytes, 1, pool, &others))
        while let other = others.dequeue() { dropped.put(other) }
      }
      onThreads(2) { thread in
        for round in 0..<rounds {
          // Both begin a round together.
          turn.add(1, ordering: .acquiringAndReleasing)
          while turn.load(ordering: .acquiring) < 2 * (round + 1) {}
          if thread == 0 {
            guard var packet = kept.take() else { continue }
            if (try? packet.makeWritable()) == nil { wrong.add(1, ordering: .relaxed) }
            packet.checkInvariants()
            let expected = (0..<8).map { UInt8(truncatingIfNeeded: round &+ $0) }
            if packet.allBytes != expected || !packet.isWritable {
              wrong.add(1, ordering: .relaxed)
            }
          } else {
            for _ in 0..<8 { _ = dropped.take() }
          }
        }
      }
      #expect(wrong.load(ordering: .relaxed) == 0)
    }
  }

  @Test func everyThreadAllocatesAndFreesAlone() throws {
    leakChecked(clusterLimit: 400) { pool in
      let wrong = Atomic(0)
      onThreads(4) { thread in
        var random = UInt64(thread)
        for _ in 0..<400 {
          random = random &* 6_364_136_223_846_793_005 &+ 1
          let bytes = GrowTests.bytes(Int(random >> 53))
          guard var packet = try? pool.packet(copying: unsafe bytes.span.bytes),
            let copy = try? packet.sharedCopy(), (try? packet.prepend(200)) != nil,
            (try? packet.makeWritable()) != nil
          else {
            wrong.add(1, ordering: .relaxed)
            continue
          }
          packet.checkInvariants()
          if copy.allBytes != bytes { wrong.add(1, ordering: .relaxed) }
        }
      }
      #expect(wrong.load(ordering: .relaxed) == 0)
    }
  }
}
