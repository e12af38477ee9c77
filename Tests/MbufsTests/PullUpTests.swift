// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

@Suite struct PullUpTests {
  @Test func everyCount() throws {
    try forEveryChain(with: { Array(0...$0) }) { _, packet, _, count in
      try packet.pullUp(count)
      guard packet.contiguousByteCount >= count else {
        throw Failure(description: "\(packet.contiguousByteCount) contiguous of \(count)")
      }
    }
  }

  @Test func tooShort() throws {
    try forEveryChain { _, packet, model in
      try demandTooShort(model.byteCount) { try packet.pullUp(model.byteCount + 1) }
    }
  }

  @Test func contiguousBytesAreLeftAlone() throws {
    try forEveryChain(of: [3], with: { Array(0...$0) }) { bench, packet, model, count in
      guard count <= packet.contiguousByteCount else { return }
      let before = bench.pool.statistics().zones.map(\.allocations)
      let address = unsafe packet.head.data
      try packet.pullUp(count)
      let isSame = unsafe packet.head.data == address
      if !isSame || bench.pool.statistics().zones.map(\.allocations) != before {
        throw Failure(description: "moved for nothing")
      }
    }
  }

  @Test(arguments: [20, 168, 169, 216, 1_000, 2_048])
  func longHeaders(_ byteCount: Int) throws {
    let bytes = GrowTests.bytes(3_000)
    for segmentByteCount in [1, 7, 100, 168, 600, 2_000] {
      try leakChecked { pool in
        var others = PacketQueue()
        var packet = try packetInPieces(bytes, segmentByteCount, pool, &others)
        #expect(packet.segmentCount == others.packetCount)
        try packet.pullUp(byteCount)
        packet.checkInvariants()
        #expect(packet.contiguousByteCount >= byteCount)
        #expect(packet.allBytes == bytes)
      }
    }
  }
}

@Suite struct MakeWritableTests {
  static func ranges(_ byteCount: Int) -> [Range<Int>] {
    (0...byteCount).flatMap { start in (start...byteCount).map { start..<$0 } }
  }

  @Test func everyRange() throws {
    try forEveryChain(of: [0, 1, 3], with: { Self.ranges($0) }) { bench, packet, model, range in
      try packet.makeWritable(range)
      try bench.check(packet, model)
      // Write what was made writable, under the eyes of whoever shared it.
      var offset = 0
      var mbuf: Mbuf? = packet.head
      while let here = mbuf {
        let piece = range.clamped(to: offset..<offset + here.byteCount)
        if !piece.isEmpty, !here.isWritable { throw Failure(description: "bytes \(piece)") }
        for index in piece {
          unsafe here.data.storeBytes(of: 0xc0, toByteOffset: index - offset, as: UInt8.self)
          model.bytes[index] = 0xc0
        }
        offset += here.byteCount
        mbuf = here.next
      }
    }
  }

  @Test func wholePacket() throws {
    try forEveryChain { _, packet, _ in
      try packet.makeWritable()
      if !packet.isWritable { throw Failure(description: "is not writable") }
      _ = packet.mutableBytes
    }
  }

  @Test func anEmptyRangeCopiesNothing() throws {
    try leakChecked { pool in
      var packet = try pool.packet(copying: unsafe GrowTests.bytes(300).span.bytes)
      let copy = try packet.sharedCopy()
      let before = pool.statistics().zones.map(\.allocations)
      try packet.makeWritable(100..<100)
      #expect(pool.statistics().zones.map(\.allocations) == before)
      #expect(packet.isWritable == false)
      #expect(copy.byteCount == 300)
    }
  }

  @Test func isWritableAgainOnceTheOtherEnds() throws {
    try leakChecked { pool in
      var packet = try pool.packet(copying: unsafe GrowTests.bytes(300).span.bytes)
      do {
        let copy = try packet.sharedCopy()
        #expect(packet.isWritable == false)
        #expect(copy.isWritable == false)
        #expect(packet.tailroom == 0 && packet.headroom == 0)
      }
      #expect(packet.isWritable == true)
      #expect(packet.tailroom == 2_048 - 300)
    }
  }

  @Test func readOnlyMemoryStaysReadOnlyInEveryCopy() throws {
    try leakChecked { pool in
      let memory = LentMemory(isReadOnly: true)
      var packet = try pool.packet(over: memory.storage(), byteCount: 64)
      #expect(packet.isWritable == false)
      var copy = try packet.sharedCopy(8..<32)
      _ = consume packet
      // The sole reference now, and still not to be written.
      #expect(copy.isWritable == false)
      let copied = try copy.duplicate()
      #expect(copied.isWritable == true, "a private copy is no longer read-only")
      try copy.makeWritable()
      #expect(copy.isWritable == true)
      #expect(memory.releaseCount == 1)
    }
  }
}
