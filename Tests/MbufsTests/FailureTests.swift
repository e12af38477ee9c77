// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

/// Every operation that allocates, with each of its allocations failing.
@Suite struct FailureTests {
  @Test func prepend() throws {
    try failingEachAllocation(upTo: 2, with: { _ in [4, 169, 2_300] }) { _, packet, model, count in
      try packet.prepend(count)
      model.prepend(count)
    }
  }

  @Test func append() throws {
    try failingEachAllocation(upTo: 2, with: { _ in [4, 2_300] }) { _, packet, model, count in
      try packet.append(GrowTests.bytes(count))
      model.append(GrowTests.bytes(count))
    }
  }

  @Test func appendZeroes() throws {
    try failingEachAllocation(upTo: 2) { _, packet, model in
      try packet.appendZeroes(2_300)
      model.appendZeroes(2_300)
    }
  }

  @Test func pullUp() throws {
    try failingEachAllocation(with: { [$0 - 1, $0] }) { _, packet, _, count in
      try packet.pullUp(count)
    }
  }

  @Test func pullUpIntoACluster() throws {
    let bench = ChainBench()
    let model = PacketModel(GrowTests.bytes(400))
    try FailurePlan.forEachAttempt { plan in
      var others = PacketQueue()
      var packet = try packetInPieces(model.bytes, 100, bench.pool, &others)
      bench.pool.inject(plan)
      do throws(MbufError) { try packet.pullUp(300) } catch {}
      bench.pool.inject(nil)
      try bench.settle(packet, model)
    }
    try bench.end()
  }

  @Test func split() throws {
    try failingEachAllocation(with: { Array(0...$0) }) { bench, packet, model, offset in
      let rest = try packet.split(at: offset)
      let restModel = model.split(at: offset)
      try bench.check(rest, restModel)
    }
  }

  @Test(arguments: [0, 1, 100, 2_048, 2_100, 2_264])
  func splitOfALongPacket(_ offset: Int) throws {
    let bench = ChainBench()
    let model = PacketModel(GrowTests.bytes(2_264))
    try FailurePlan.forEachAttempt { plan in
      var packet = try bench.pool.packet(copying: unsafe model.bytes.span.bytes)
      bench.pool.inject(plan)
      do throws(MbufError) { packet.join(try packet.split(at: offset)) } catch {}
      bench.pool.inject(nil)
      try bench.settle(packet, model)
    }
    try bench.end()
  }

  @Test func sharedCopy() throws {
    try failingEachAllocation(with: { [0..<$0, 1..<$0, 1..<1] }) {
      bench, packet, model, range in
      let copy = try packet.sharedCopy(range)
      try bench.check(copy, model.copy(range))
    }
  }

  @Test func duplicate() throws {
    try failingEachAllocation { bench, packet, model in
      let copy = try packet.duplicate()
      try bench.check(copy, model)
    }
  }

  @Test func copyIn() throws {
    try failingEachAllocation(with: { [(0, 1), (1, 2), ($0 - 1, 2), (1, 300), ($0 + 1, 2)] }) {
      _, packet, model, one in
      try packet.copyIn(GrowTests.bytes(one.1), at: one.0)
      model.copyIn(GrowTests.bytes(one.1), at: one.0)
    }
  }

  @Test func makeWritable() throws {
    try failingEachAllocation(with: { [0..<$0, 1..<2] }) { _, packet, _, range in
      try packet.makeWritable(range)
    }
  }

  @Test func operationsThatAllocateNothing() throws {
    let bench = ChainBench()
    try ChainLayout.forEach(of: 3, upTo: 3, everyPlace: false) { layout in
      var model = ChainBench.model(3)
      var packet = try bench.build(layout, model)
      let other = try bench.build(layout, model)
      let plan = FailurePlan(failing: 1, andAllLater: true)
      bench.pool.inject(plan)
      packet.trimFront(1)
      packet.trimBack(1)
      packet.join(other)
      packet.header.vlanTag = 3
      var out = [UInt8](repeating: 0, count: 2)
      var span = out.mutableSpan
      var raw = unsafe span.mutableBytes
      try packet.copyOut(1, into: &raw)
      var queue = PacketQueue()
      queue.enqueue(packet)
      guard let packet = queue.dequeue() else { throw Failure(description: "lost in the queue") }
      if plan.attemptCount != 0 { throw Failure(description: "\(layout): allocates") }
      bench.pool.inject(nil)
      model.bytes = [2, 1, 2, 3]
      model.header.vlanTag = 3
      try bench.settle(packet, model)
      try bench.endCase()
    }
    try bench.end()
  }

  // MARK: Getting packets

  private func get(_ kind: Int, _ pool: MbufPool) throws(MbufError) -> Packet {
    switch kind {
    case 0: return try pool.packet()
    case 1: return try pool.packet(headroom: 64)
    case 2: return try pool.smallPacket()
    case 3: return try pool.packet(byteCount: 0)
    case 4: return try pool.packet(byteCount: 7_000)
    default:
      let bytes = GrowTests.bytes(5_000)
      return try pool.packet(copying: unsafe bytes.span.bytes, headroom: 60)
    }
  }

  @Test func gettingPackets() throws {
    let bench = ChainBench()
    for kind in 0..<6 {
      let attempts = try bench.pool.sweepFailures {
        let packet = try get(kind, bench.pool)
        packet.checkInvariants()
      }
      #expect(attempts > 0)
    }
    try bench.end()
  }

  @Test func aDeniedPacketDoesNotHoldLentMemory() throws {
    let bench = ChainBench()
    let memory = LentMemory()
    do {
      let storage = memory.storage()
      bench.pool.inject(FailurePlan(failing: 1))
      #expect(throws: MbufError.self) { _ = try bench.pool.packet(over: storage, byteCount: 5) }
      bench.pool.inject(nil)
      #expect(memory.releaseCount == 0)
      // Not lent yet, so it may be tried again.
      let packet = try bench.pool.packet(over: storage, byteCount: 5)
      #expect(packet.byteCount == 5)
    }
    #expect(memory.releaseCount == 1)
    try bench.end()
  }
}
