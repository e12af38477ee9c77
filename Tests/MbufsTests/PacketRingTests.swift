// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing

@testable import Mbufs

/// A ring's two halves on one thread against a list, and on two threads; the latter also under the
/// thread sanitizer.
@Suite struct PacketRingTests {
  /// Packets that carry their numbers.
  private static func queue(_ numbers: Range<Int>, _ pool: MbufPool) throws -> PacketQueue {
    var queue = PacketQueue()
    for number in numbers { queue.enqueue(try packet(number, pool)) }
    return queue
  }

  private static func packet(_ number: Int, _ pool: MbufPool) throws -> Packet {
    // Short and long ones, so that some have a cluster.
    var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 8 + number % 300)
    for place in 0..<8 { bytes[place] = UInt8(truncatingIfNeeded: number >> (8 * place)) }
    return try unsafe pool.packet(copying: bytes.span.bytes)
  }

  /// The number of a packet; nil if its bytes are not those that it was sent with.
  private static func number(_ packet: borrowing Packet) -> Int? {
    let bytes = packet.allBytes
    guard bytes.count >= 8 else { return nil }
    let number = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    let isWhole =
      bytes.count == 8 + number % 300
      && bytes[8...].allSatisfy { $0 == UInt8(truncatingIfNeeded: number) }
    return isWhole ? number : nil
  }

  private static func numbers(_ queue: inout PacketQueue) -> [Int?] {
    var numbers: [Int?] = []
    while let packet = queue.dequeue() { numbers.append(number(packet)) }
    return numbers
  }

  @Test(arguments: 1...9) func everySplitOfBatchesIsFirstInFirstOut(capacity: Int) throws {
    try leakChecked { pool in
      for offered in 0...capacity + 2 {
        for wanted in 1...capacity + 2 {
          let ring = PacketRing(capacity: capacity)
          var producer = ring.producer
          var consumer = ring.consumer
          var model: [Int] = []
          var next = 0
          for _ in 0..<3 * capacity {
            var packets = try Self.queue(next..<next + offered, pool)
            let fit = min(offered, capacity - model.count)
            #expect(producer.enqueue(&packets) == (fit == offered ? .all : .full))
            packets.checkInvariants()
            #expect(Self.numbers(&packets) == Array(next + fit..<next + offered))
            model += next..<next + fit
            next += fit
            #expect(producer.packetCount == model.count)
            var taken = PacketQueue()
            // What was last seen may be less than there is, but never nothing where something is.
            let supply = consumer.dequeue(upTo: wanted, into: &taken)
            taken.checkInvariants()
            #expect(supply == (model.isEmpty ? .none : .more))
            let count = taken.packetCount
            #expect(count <= wanted && (count > 0) == !model.isEmpty)
            #expect(Self.numbers(&taken) == Array(model.prefix(count)))
            model.removeFirst(count)
            #expect(consumer.packetCount == model.count)
          }
        }
      }
    }
  }

  @Test func whatIsInAtTheEndComesAndThenTheEnd() throws {
    try leakChecked { pool in
      let ring = PacketRing(capacity: 8)
      var consumer = ring.consumer
      do {
        var producer = ring.producer
        var packets = try Self.queue(0..<5, pool)
        #expect(producer.enqueue(&packets) == .all)
      }
      var packets = PacketQueue()
      #expect(consumer.dequeue(upTo: 3, into: &packets) == .more)
      #expect(consumer.dequeue(upTo: 3, into: &packets) == .more)
      #expect(consumer.dequeue(upTo: 3, into: &packets) == .ended)
      #expect(consumer.dequeue(upTo: 3, into: &packets) == .ended)
      #expect(consumer.waitForPackets() == true)
      #expect(Self.numbers(&packets) == Array(0..<5))
    }
  }

  private func end(_ consumer: consuming PacketRing.Consumer) {}

  @Test func packetsStayWithTheCallerOnceTheConsumerHasEnded() throws {
    try leakChecked { pool in
      let ring = PacketRing(capacity: 8)
      var producer = ring.producer
      var packets = try Self.queue(0..<3, pool)
      #expect(producer.enqueue(&packets) == .all)
      end(ring.consumer)
      packets = try Self.queue(3..<5, pool)
      #expect(producer.enqueue(&packets) == .closed)
      #expect(producer.waitForRoom(for: 8) == true)
      #expect(Self.numbers(&packets) == [3, 4])
      #expect(pool.outstanding > 0)
    }
  }

  @Test func theHalfThatEndsLastFreesWhatIsInside() throws {
    try leakChecked { pool in
      for producerIsFirst in [true, false] {
        let ring = PacketRing(capacity: 4)
        var producer: PacketRing.Producer? = ring.producer
        var consumer: PacketRing.Consumer? = ring.consumer
        var packets = try Self.queue(0..<4, pool)
        #expect(producer?.enqueue(&packets) == .all)
        #expect(consumer?.dequeue(upTo: 1, into: &packets) == .more)
        packets = PacketQueue()
        if producerIsFirst { producer = nil } else { consumer = nil }
        #expect(pool.outstanding > 0)
        producer = nil
        consumer = nil
        #expect(pool.outstanding == 0)
      }
    }
  }

  @Test func aClosedRingGivesWhatItHasWhicheverHalfClosedIt() throws {
    try leakChecked { pool in
      for isProducers in [true, false] {
        let ring = PacketRing(capacity: 4)
        var producer = ring.producer
        var consumer = ring.consumer
        var packets = try Self.queue(0..<2, pool)
        #expect(producer.enqueue(&packets) == .all)
        if isProducers { producer.close() } else { consumer.close() }
        packets = try Self.queue(2..<3, pool)
        #expect(producer.enqueue(&packets) == .closed)
        #expect(Self.numbers(&packets) == [2])
        #expect(consumer.dequeue(upTo: 9, into: &packets) == .more)
        #expect(consumer.dequeue(upTo: 9, into: &packets) == .ended)
        #expect(Self.numbers(&packets) == [0, 1])
      }
    }
  }

  @Test func aWaitEndsAtItsDeadlineOrAtOnce() throws {
    try leakChecked { pool in
      let ring = PacketRing(capacity: 2)
      var producer = ring.producer
      var consumer = ring.consumer
      let start = ContinuousClock.now
      #expect(consumer.waitForPackets(until: start + .milliseconds(20)) == false)
      #expect(ContinuousClock.now - start >= .milliseconds(20))
      #expect(producer.waitForRoom(for: 2) == true)
      var packets = try Self.queue(0..<1, pool)
      #expect(producer.enqueue(&packets) == .all)
      #expect(consumer.waitForPackets() == true)
      #expect(consumer.waitForPackets(2, until: .now) == false)
      #expect(producer.waitForRoom() == true)
      #expect(producer.waitForRoom(for: 2, until: .now) == false)
    }
  }

  /// How the halves of a ring go about a ring that is full or empty.
  enum Manner: CaseIterable { case asking, sleeping, sleepingForMany }

  @Test(arguments: [1, 3, 64], Manner.allCases)
  func packetsGoFromThreadToThreadInOrder(capacity: Int, manner: Manner) throws {
    leakChecked { pool in
      let total = Steps.of(manner == .asking ? 60_000 : 200_000)
      let ring = PacketRing(capacity: capacity)
      let sender = Mutex<PacketRing.Producer?>(ring.producer)
      let receiver = Mutex<PacketRing.Consumer?>(ring.consumer)
      let many = manner == .sleepingForMany ? (capacity + 1) / 2 : 1
      let seen = Atomic(0)
      let wrong = Atomic(0)
      var seed = SeededRandom()
      let seeds = [seed.split(), seed.split()]
      onThreads(2) { thread in
        var random = seeds[thread]
        if thread == 0 {
          guard var producer = sender.withLock({ $0.take() }) else { return }
          var next = 0
          while next < total {
            let count = min(total - next, Int.random(in: 1...capacity + 3, using: &random))
            guard var packets = try? Self.queue(next..<next + count, pool) else { continue }
            next += count
            while producer.enqueue(&packets) == .full {
              if manner == .asking { letOthersRun() } else { _ = producer.waitForRoom(for: many) }
            }
          }
        } else {
          guard var consumer = receiver.withLock({ $0.take() }) else { return }
          var next = 0
          var packets = PacketQueue()
          receiving: while true {
            let limit = Int.random(in: 1...capacity + 3, using: &random)
            switch consumer.dequeue(upTo: limit, into: &packets) {
            case .more: break
            case .none where manner == .asking: letOthersRun()
            case .none: _ = consumer.waitForPackets(many)
            case .ended: break receiving
            }
            for number in Self.numbers(&packets) {
              if number != next { wrong.add(1, ordering: .relaxed) }
              next += 1
            }
          }
          seen.store(next, ordering: .relaxed)
        }
      }
      #expect(seen.load(ordering: .relaxed) == total)
      #expect(wrong.load(ordering: .relaxed) == 0)
    }
  }

  @Test func anEndWakesTheOtherThreadAndNothingIsLost() throws {
    try leakChecked { pool in
      for round in 0..<Steps.of(2_000) {
        let ring = PacketRing(capacity: 4)
        let sender = Mutex<PacketRing.Producer?>(ring.producer)
        let receiver = Mutex<PacketRing.Consumer?>(ring.consumer)
        let given = Mutex(try Self.queue(0..<20, pool))
        let wrong = Atomic(0)
        onThreads(2) { thread in
          if thread == 0 {
            guard var producer = sender.withLock({ $0.take() }) else { return }
            var packets = PacketQueue()
            given.withLock { _ = $0.moveFirst(20, to: &packets) }
            var acceptance = producer.enqueue(&packets)
            while acceptance == .full, producer.waitForRoom() {
              acceptance = producer.enqueue(&packets)
            }
            if (acceptance == .closed) != !packets.isEmpty { wrong.add(1, ordering: .relaxed) }
          } else {
            guard var consumer = receiver.withLock({ $0.take() }) else { return }
            var packets = PacketQueue()
            // Ends before, amid or after all have come.
            while packets.packetCount < round % 24, consumer.waitForPackets() {
              if consumer.dequeue(upTo: 3, into: &packets) == .ended { break }
            }
            let numbers = Self.numbers(&packets)
            if numbers != Array(0..<numbers.count) { wrong.add(1, ordering: .relaxed) }
          }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
      }
    }
  }

  @Test func aRingForNoPacketsTraps() async {
    await #expect(processExitsWith: .failure) { _ = PacketRing(capacity: 0) }
    await #expect(processExitsWith: .failure) {
      let ring = PacketRing(capacity: 2)
      var consumer = ring.consumer
      var packets = PacketQueue()
      _ = consumer.dequeue(upTo: 0, into: &packets)
    }
    await #expect(processExitsWith: .failure) {
      let ring = PacketRing(capacity: 2)
      var producer = ring.producer
      _ = producer.waitForRoom(for: 3)
    }
  }
}
