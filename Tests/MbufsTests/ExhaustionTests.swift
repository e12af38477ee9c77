// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing
import UMA

@testable import Mbufs

/// Small limits, met exactly.
@Suite struct ExhaustionTests {
  /// Packets from `get` until it fails, and what it failed with.
  private func fill(
    _ queue: inout PacketQueue, _ get: () throws(MbufError) -> Packet
  ) -> ZoneError? {
    while true {
      do throws(MbufError) {
        queue.enqueue(try get())
      } catch {
        if case .exhausted(let zoneError) = error { return zoneError }
        return nil
      }
    }
  }

  @Test(arguments: [1, 2, 7, 44, 300])
  func exactlyTheLimitOfClusters(_ limit: Int) throws {
    try leakChecked(clusterLimit: limit) { pool in
      for _ in 0..<3 {
        var queue = PacketQueue()
        let denial = fill(&queue) { () throws(MbufError) in try pool.packet() }
        #expect(queue.packetCount == limit)
        #expect(denial?.zone.name == "mbuf_cluster")
        #expect(denial?.reason == .limitReached)
        #expect(denial?.count == limit)
        // Small packets need no cluster, and one freed packet makes room for one.
        _ = try pool.smallPacket()
        _ = queue.dequeue()
        queue.enqueue(try pool.packet())
        #expect(throws: MbufError.self) { _ = try pool.packet() }
      }
      #expect(pool.statistics().clustersInUse == 0)
    }
  }

  @Test(arguments: [1, 2, 7, 300])
  func exactlyTheLimitOfMbufs(_ limit: Int) throws {
    try leakChecked(mbufLimit: limit) { pool in
      for _ in 0..<3 {
        var queue = PacketQueue()
        let denial = fill(&queue) { () throws(MbufError) in try pool.smallPacket() }
        #expect(queue.packetCount == limit)
        #expect(denial?.zone.name == "mbuf")
        #expect(denial?.count == limit)
        // The packet zone has mbufs of its own.
        _ = try pool.packet()
      }
    }
  }

  /// One packet must not take all clusters with it into the packet zone.
  @Test func onePacketLeavesTheOtherClusters() throws {
    try leakChecked(clusterLimit: 44) { pool in
      let first = try pool.packet()
      let others = Atomic(0)
      onThreads(1) { _ in
        var queue = PacketQueue()
        while let packet = try? pool.packet() { queue.enqueue(packet) }
        others.store(queue.packetCount, ordering: .relaxed)
      }
      #expect(others.load(ordering: .relaxed) == 43)
      var queue = PacketQueue()
      _ = fill(&queue) { () throws(MbufError) in try pool.packet() }
      #expect(queue.packetCount == 43)
      #expect(first.byteCount == 0)
    }
  }

  @Test func plainClustersComeOutOfThePacketZone() throws {
    try leakChecked(clusterLimit: 44) { pool in
      let first = try pool.packet()
      let site = CallSite(#fileID, #line)
      for count in 1...43 {
        // A cluster without the packet zone, as the slow path gets it.
        var queue = PacketQueue()
        for _ in 0..<count {
          queue.enqueue(Packet(try pool.core.clusterMbufSlow(.packetHeader, site)))
        }
        #expect(queue.packetCount == count)
      }
      #expect(first.byteCount == 0)
    }
  }

  @Test func threadsThatStayBelowTheLimitAreNeverDenied() throws {
    leakChecked(clusterLimit: 44) { pool in
      let denials = Atomic(0)
      onThreads(4) { _ in
        for round in 0..<300 {
          var queue = PacketQueue()
          for _ in 0..<(1 + round % 11) {
            if let packet = try? pool.packet() {
              queue.enqueue(packet)
            } else {
              denials.add(1, ordering: .relaxed)
            }
          }
        }
      }
      #expect(denials.load(ordering: .relaxed) == 0)
    }
  }

  @Test func theLimitIsLoweredAndRaised() throws {
    try leakChecked(clusterLimit: 20) { pool in
      var queue = PacketQueue()
      for _ in 0..<15 { queue.enqueue(try pool.packet()) }
      pool.clusterLimit = 10
      #expect(throws: MbufError.self) { _ = try pool.packet() }
      for _ in 0..<5 { _ = queue.dequeue() }
      #expect(throws: MbufError.self) { _ = try pool.packet() }
      _ = queue.dequeue()
      queue.enqueue(try pool.packet())
      #expect(throws: MbufError.self) { _ = try pool.packet() }
      pool.clusterLimit = 0
      for _ in 0..<100 { queue.enqueue(try pool.packet()) }
      #expect(pool.statistics().clustersInUse == 110)
      #expect(pool.clusterLimit == 0)
      pool.mbufLimit = 5
      #expect(pool.mbufLimit == 5)
    }
  }

  /// Every operation with no, one, two and three mbufs and clusters left.
  @Test func operationsNearTheLimit() throws {
    typealias Operation = (inout Packet, inout PacketModel) throws -> Void
    let operations: [Operation] = [
      { packet, model in
        try packet.prepend(4_200)
        model.prepend(4_200)
      },
      { packet, model in
        try packet.append(GrowTests.bytes(4_200))
        model.append(GrowTests.bytes(4_200))
      },
      { packet, _ in try packet.pullUp(3) },
      { packet, _ in packet.join(try packet.split(at: 1)) },
      { packet, model in
        packet.join(try packet.sharedCopy())
        model.join(model)
      },
      { packet, model in
        packet.join(try packet.duplicate())
        model.join(model)
      },
      { packet, model in
        try packet.copyIn(GrowTests.bytes(300), at: 1)
        model.copyIn(GrowTests.bytes(300), at: 1)
      },
      { packet, _ in try packet.makeWritable() },
    ]
    let bench = ChainBench()
    try ChainLayout.forEach(of: 3, upTo: 2, everyPlace: false) { layout in
      for (number, operation) in operations.enumerated() {
        for left in 0..<4 {
          let original = ChainBench.model(3)
          var model = original
          var packet = try bench.build(layout, model)
          let before = bench.pool.statistics()
          bench.pool.mbufLimit = before.mbufs.inUse + left
          bench.pool.clusterLimit = before.clustersInUse + left
          do {
            try operation(&packet, &model)
          } catch is MbufError {
            model = original
          }
          let after = bench.pool.statistics()
          let mbufs = after.mbufs.inUse - before.mbufs.inUse
          let clusters = after.clustersInUse - before.clustersInUse
          if before.mbufs.inUse + left > 0, mbufs > left {
            throw Failure(description: "\(layout), \(number): \(mbufs) mbufs of \(left)")
          }
          if before.clustersInUse + left > 0, clusters > left {
            throw Failure(description: "\(layout), \(number): \(clusters) clusters of \(left)")
          }
          bench.pool.mbufLimit = 0
          bench.pool.clusterLimit = 0
          try bench.settle(packet, model)
          try bench.endCase()
        }
      }
    }
    try bench.end()
  }

  @Test func noPagesLeft() throws {
    let pages = PageArena(reservingByteCount: 4 << 20)
    let pool = MbufPool(clusterLimit: 0, pages: pages)
    var counts: [Int] = []
    for _ in 0..<3 {
      var queue = PacketQueue()
      let denial = fill(&queue) { () throws(MbufError) in try pool.packet() }
      #expect(denial?.reason == .outOfMemory)
      counts.append(queue.packetCount)
    }
    #expect(counts[0] > 200 && counts.allSatisfy { $0 == counts[0] }, "\(counts)")
    expectNothingOut(of: pool, pages)
  }
}
