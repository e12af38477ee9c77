// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

@Suite struct CollapseTests {
  @Test func everyChain() throws {
    try forEveryChain(with: { _ in [1, 2, 3, 4] }) { bench, packet, _, most in
      let count = packet.segmentCount
      let before = bench.pool.statistics().zones.map(\.allocations)
      try packet.collapse(to: most)
      guard packet.segmentCount <= most else { throw Failure(description: packet.dump()) }
      let after = bench.pool.statistics().zones.map(\.allocations)
      if count <= most, packet.segmentCount != count || after != before {
        throw Failure(description: "collapsed for nothing: \(packet.dump())")
      }
    }
  }

  @Test func failing() throws {
    try failingEachAllocation(of: [3], with: { _ in [1, 2] }) { _, packet, _, most in
      try packet.collapse(to: most)
    }
  }

  /// To every number of segments: it succeeds if a copy would, and else nothing has changed.
  @Test(arguments: [100, 600, 1_000, 1_500, 2_000])
  func manyBytes(_ segmentByteCount: Int) throws {
    let bytes = GrowTests.bytes(7_000)
    for isShared in [false, true] {
      for most in 1...12 {
        try leakChecked { pool in
          var others = PacketQueue()
          var packet = try packetInPieces(bytes, segmentByteCount, pool, &others)
          if !isShared { while others.dequeue() != nil {} }
          let before = packet.dump()
          do throws(MbufError) {
            try packet.collapse(to: most)
            #expect(most >= 4)
            #expect(packet.segmentCount <= most)
          } catch {
            #expect(error == .tooManySegments(least: 4, most: most))
            #expect(most < 4)
            #expect(packet.dump() == before)
          }
          packet.checkInvariants()
          #expect(packet.allBytes == bytes)
        }
      }
    }
  }

  /// Small segments around a large one, none of which has room, become one on either side.
  @Test func aLargeSegmentStays() throws {
    try leakChecked { pool in
      let memory = LentMemory(isReadOnly: true, byteCount: 9_000)
      var others = PacketQueue()
      var packet = try packetInPieces(GrowTests.bytes(900), 300, pool, &others)
      packet.join(try pool.packet(over: memory.storage(), byteCount: 9_000))
      packet.join(try packetInPieces(GrowTests.bytes(900), 300, pool, &others))
      let bytes = packet.allBytes
      #expect(packet.segmentCount == 7)
      try packet.collapse(to: 3)
      var lengths: [Int] = []
      packet.forEachSegment { lengths.append($0.byteCount) }
      #expect(lengths == [900, 9_000, 900])
      #expect(packet.allBytes == bytes)
      packet.checkInvariants()
    }
  }

  /// Where the bytes fit behind others nothing is allocated.
  @Test func roomIsUsedBeforeClusters() throws {
    try leakChecked { pool in
      var packet = try pool.packet()
      try packet.appendZeroes(100)
      // As trimming leaves them: segments of their own with few bytes.
      for _ in 0..<5 {
        var more = try pool.packet()
        try more.appendZeroes(200)
        packet.join(more)
        packet.trimBack(190)
      }
      #expect(packet.segmentCount == 6)
      let plan = FailurePlan(failing: 1, andAllLater: true)
      pool.inject(plan)
      try packet.collapse(to: 1)
      #expect(plan.attemptCount == 0)
      #expect(packet.segmentCount == 1)
      pool.inject(nil)
    }
  }

  @Test func noSegmentsTrap() async {
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().smallPacket()
      try packet.collapse(to: 0)
    }
  }
}
