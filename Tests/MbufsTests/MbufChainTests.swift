// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs
@testable import UMA

@Suite struct MbufChainTests {
  private func bytes(_ chain: borrowing MbufChain) -> [UInt8] {
    var all: [UInt8] = []
    chain.forEachSegment { span in
      unsafe span.withUnsafeBytes { unsafe all.append(contentsOf: $0) }
    }
    return all
  }

  private func check(_ chain: borrowing MbufChain, _ expected: [UInt8]) throws {
    chain.checkInvariants()
    if bytes(chain) != expected { throw Failure(description: "\(bytes(chain)), not \(expected)") }
  }

  @Test func noMbufs() throws {
    try leakChecked { pool in
      var chain = MbufChain()
      #expect(chain.isEmpty && chain.byteCount == 0 && chain.storageByteCount == 0)
      chain.trimFront(0)
      chain.trimBack(0)
      chain.append(MbufChain())
      let rest = try chain.split(at: 0)
      #expect(rest.segmentCount == 0)
      #expect(try chain.withPacket { packet throws(MbufError) in packet.byteCount } == nil)
      chain.checkInvariants()
      #expect(try chain.takePacket() == nil)
      var grown = MbufChain()
      grown.append(try pool.packet(copying: unsafe [UInt8]([1, 2]).span.bytes))
      try check(grown, [1, 2])
      #expect(grown.segmentCount == 1 && grown.storageByteCount == 256)
    }
  }

  @Test func roomOfEverySize() throws {
    try leakChecked { pool in
      let small = try pool.chain(byteCount: 216)
      #expect(small.segmentCount == 1 && small.storageByteCount == 256)
      let mixed = try pool.chain(byteCount: 20_000, upTo: .jumbo16)
      #expect(mixed.segmentCount == 2 && mixed.storageByteCount == 512 + 16_384 + 4_096)
      #expect(try pool.chain(byteCount: 5_000, upTo: .page).segmentCount == 2)
      #expect(try pool.chain(byteCount: 5_000).storageByteCount == 3 * 2_304)
      #expect(try pool.chain(byteCount: 0).segmentCount == 1)
    }
  }

  @Test func packetsJoinChains() throws {
    try forEveryChain(of: [0, 4], upTo: 3) { bench, packet, model in
      let chain = try packet.sharedCopy().demoted()
      packet.join(chain)
      packet.join(MbufChain())
      model.join(model)
    }
  }

  @Test func anInnerMbufWithoutDataCarriesTheHeaderItself() throws {
    try leakChecked { pool in
      var chain = try pool.chain(byteCount: 0)
      let plan = FailurePlan(failing: 1, andAllLater: true)
      pool.inject(plan)
      _ = try chain.withPacket { packet throws(MbufError) in packet.alignToEnd(100) }
      pool.inject(nil)
      #expect(plan.attemptCount == 0)
      #expect(chain.segmentCount == 1)
      #expect(chain.head?.tailroom == 104)
      chain.checkInvariants()
    }
  }

  /// Every chain of up to four segments: what is done to its ends, and to it as a packet.
  @Test func everyLayout() throws {
    try forEveryChain(of: [0, 1, 4], upTo: 3, with: { Array(0...$0) }) { bench, packet, model, n in
      let all = model.bytes
      var chain = try packet.sharedCopy().demoted()
      try check(chain, all)
      var tail = try chain.split(at: n)
      try check(chain, Array(all[..<n]))
      try check(tail, Array(all[n...]))
      tail.append(try packet.sharedCopy())
      chain.append(tail)
      try check(chain, all + all)
      chain.trimFront(n)
      try check(chain, Array((all + all)[n...]))
      chain.trimBack(n)
      try check(chain, Array((all + all)[n...].dropLast(n)))
      try chain.withPacket { packet throws(MbufError) in
        try packet.prepend(2)
        try packet.makeWritable()
      }
      try check(chain, [0, 0] + (all + all)[n...].dropLast(n))
      guard let whole = try chain.takePacket() else { throw Failure(description: "no mbuf") }
      var expected = PacketModel([0, 0] + (all + all)[n...].dropLast(n))
      expected.endsRecord = model.endsRecord
      try bench.check(whole, expected)
    }
  }

  @Test func aDeniedOperationLeavesTheChainAsItWas() throws {
    try failingEachAllocation(of: [3], upTo: 2) { _, packet, model in
      var chain = try packet.sharedCopy().demoted()
      let before = chain.segmentCount
      let storage = chain.storageByteCount
      do throws(MbufError) {
        try chain.withPacket { packet throws(MbufError) in
          try packet.append([UInt8](repeating: 1, count: 3_000))
        }
      } catch {
        try check(chain, model.bytes)
        #expect(chain.segmentCount == before && chain.storageByteCount == storage)
        throw error
      }
      do throws(MbufError) {
        _ = try chain.split(at: 1)
      } catch {
        try check(chain, model.bytes + [UInt8](repeating: 1, count: 3_000))
        throw error
      }
    }
  }

  /// Data in the header's place: an mbuf for the header is needed in front.
  @Test func aChainThatCannotBeAPacketStays() throws {
    try leakChecked { pool in
      let plain = try pool.core.mbuf([], CallSite(#fileID, #line))
      for (offset, byte) in [UInt8]([1, 2, 3]).enumerated() {
        unsafe plain.data.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      }
      plain.byteCount = 3
      var chain = MbufChain(plain)
      pool.inject(FailurePlan(failing: 1, andAllLater: true))
      #expect(throws: MbufError.self) { _ = try chain.takePacket() }
      try check(chain, [1, 2, 3])
      pool.inject(nil)
      let packet = try chain.takePacket()
      #expect(packet?.byteCount == 3 && chain.segmentCount == 0 && chain.byteCount == 0)
    }
  }

  @Test func tooManyBytesTrap() async {
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool(clusterLimit: 0).packet(.jumbo16)
      try packet.appendZeroes(16_384)
      var chain = MbufChain()
      for _ in 0...65_536 { chain.append(try packet.sharedCopy()) }
    }
  }

  @Test func tooLongASplitThrowsAndATrimTraps() async throws {
    try leakChecked { pool in
      var chain = try pool.chain(byteCount: 10)
      #expect(throws: MbufError.tooShort(wanted: 1, available: 0)) {
        _ = try chain.split(at: 1)
      }
    }
    await #expect(processExitsWith: .failure) {
      var chain = try MbufPool().chain(byteCount: 10)
      chain.trimFront(1)
    }
  }
}
