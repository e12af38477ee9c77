// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

/// What chain routines of the originals got wrong, one test each.
@Suite struct KnownTrapsTests {
  /// The read-only mark went along with a header, so that private copies were born read-only.
  @Test func copiesOfReadOnlyBytesAreWritable() throws {
    try leakChecked { pool in
      let memory = LentMemory(isReadOnly: true)
      var packet = try pool.packet(over: memory.storage(), byteCount: 64)
      let duplicate = try packet.duplicate()
      #expect(duplicate.isWritable == true)
      let shared = try packet.sharedCopy()
      #expect(shared.isWritable == false)
      var defragmented = try packet.sharedCopy()
      try defragmented.defragment()
      #expect(defragmented.isWritable == true)
      var unshared = try packet.sharedCopy()
      try unshared.makeWritable()
      #expect(unshared.isWritable == true)
      var cut = try packet.sharedCopy()
      try cut.fragment(into: 10)
      #expect(cut.isWritable == true)
      // A header that moves to an mbuf in front does not make that one read-only.
      try packet.prepend(8)
      #expect(packet.headroom == 160)
      try packet.copyUp(4, headroom: 4)
      #expect(packet.headroom == 4)
      // Nor does the mark end with the other reference: it is the storage's.
      _ = consume shared
      packet.trimFront(8)
      #expect(packet.isWritable == false)
    }
  }

  /// Headroom beside data that fills a cluster: the data was written that far beyond its end.
  @Test func headroomBesideAFullCluster() throws {
    try leakChecked { pool in
      for byteCount in [1_900, 2_000, 2_047, 2_048, 2_049] {
        let bytes = GrowTests.bytes(byteCount)
        var list = GatherList([bytes])
        let packet = try pool.packet(gathering: &list, headroom: 160)
        packet.checkInvariants()
        #expect(packet.headroom == 160)
        #expect(packet.segmentCount == (byteCount + 160 <= 2_048 ? 1 : 2))
        #expect(packet.allBytes == bytes)
      }
    }
  }

  /// Headroom for a copy was compared without a sign.
  @Test func headroomOfACopyBeyondTheStorage() throws {
    try leakChecked { pool in
      var packet = try pool.packet(copying: unsafe GrowTests.bytes(100).span.bytes)
      let limit = MbufLayout.largestContiguousByteCount
      #expect(throws: MbufError.tooLong(wanted: limit + 1, limit: limit)) {
        try packet.copyUp(100, headroom: limit - 99)
      }
      try packet.copyUp(100, headroom: limit - 100)
      packet.checkInvariants()
      #expect(packet.tailroom == 0 && packet.headroom == limit - 100)
    }
  }

  /// A region that was to be contiguous was not, where the next mbuf had room before too few bytes.
  @Test func pulledDownIsContiguous() throws {
    try leakChecked { pool in
      let bytes = GrowTests.bytes(30)
      var others = PacketQueue()
      var packet = try packetInPieces(bytes, 10, pool, &others)
      // The second segment alone gets writable room in front.
      while others.dequeue() != nil {}
      packet.head.place(headroom: 2_038)
      unsafe packet.head.data.copyMemory(from: bytes, byteCount: 10)
      let next = try #require(packet.head.next)
      next.place(headroom: 100)
      unsafe next.data.copyMemory(from: [UInt8](bytes[10..<20]), byteCount: 10)
      #expect(packet.allBytes == bytes)
      try packet.pullDown(5..<28)
      packet.checkInvariants()
      #expect(packet.bytes(in: 5..<28)?.array == [UInt8](bytes[5..<28]))
      #expect(packet.contiguousByteCount == 5)
      #expect(packet.allBytes == bytes)
    }
  }

  /// Pulling down a few bytes lost the whole packet where they lay in a segment with a long rest.
  @Test func pullDownBesideALongRest() throws {
    try leakChecked { pool in
      let memory = LentMemory(isReadOnly: true, byteCount: 9_216)
      var packet = try pool.packet(copying: unsafe GrowTests.bytes(60).span.bytes)
      packet.join(try pool.packet(over: memory.storage(), byteCount: 9_216))
      try packet.pullDown(50..<70)
      try packet.pullDown(100..<5_000)
      packet.checkInvariants()
      #expect(packet.byteCount == 9_276)
    }
  }

  /// A split that failed left the length of its first half.
  @Test func aFailedSplitKeepsTheLength() throws {
    let bench = ChainBench()
    let model = PacketModel(GrowTests.bytes(2_300))
    for offset in [0, 1, 60, 100, 2_047, 2_048, 2_100, 2_300] {
      try FailurePlan.forEachAttempt { plan in
        var packet = try bench.pool.packet(copying: unsafe model.bytes.span.bytes)
        bench.pool.inject(plan)
        do throws(MbufError) {
          let rest = try packet.split(at: offset)
          #expect(packet.byteCount + rest.byteCount == 2_300)
          packet.join(rest)
        } catch {
          #expect(packet.byteCount == 2_300)
        }
        bench.pool.inject(nil)
        try bench.check(packet, model)
      }
    }
    try bench.end()
  }

  /// Copying in wrote what others saw, and told nobody when it stopped half-way.
  @Test func copyInIsSeenByNobodyElse() throws {
    try leakChecked { pool in
      let bytes = GrowTests.bytes(3_000)
      var packet = try pool.packet(copying: unsafe bytes.span.bytes)
      let copy = try packet.sharedCopy()
      try packet.copyIn([1, 2, 3], at: 2_046)
      #expect(copy.allBytes == bytes)
      #expect(packet.allBytes != bytes)
      var other = try packet.sharedCopy()
      let before = other.allBytes
      pool.inject(FailurePlan(failing: 2, andAllLater: true))
      #expect(throws: MbufError.self) { try other.copyIn(GrowTests.bytes(9_000), at: 10) }
      #expect(other.allBytes == before)
    }
  }

  /// Appending reported failure with some of the bytes appended.
  @Test func appendIsAllOrNothing() throws {
    try leakChecked { pool in
      var packet = try pool.packet(copying: unsafe GrowTests.bytes(10).span.bytes)
      for attempt in 1...3 {
        pool.inject(FailurePlan(failing: attempt, andAllLater: true))
        #expect(throws: MbufError.self) { try packet.append(GrowTests.bytes(9_000)) }
        #expect(packet.allBytes == GrowTests.bytes(10))
        #expect(packet.segmentCount == 1)
      }
    }
  }

  /// Concatenation left a second packet header inside the chain, and the length as it was.
  @Test func oneHeaderAfterJoining() throws {
    try leakChecked { pool in
      var packet = try pool.packet(copying: unsafe GrowTests.bytes(10).span.bytes)
      packet.join(try pool.packet(copying: unsafe GrowTests.bytes(3_000).span.bytes))
      #expect(packet.segmentCount > 1)
      #expect(packet.byteCount == 3_010)
      #expect(packet.brokenInvariant() == nil)
      try packet.makeWritable()
      #expect(packet.brokenInvariant() == nil)
    }
  }

  /// Empty mbufs are legal anywhere; no loop shows them or stumbles over them.
  @Test func emptySegmentsAreNotShown() throws {
    let layout = ChainLayout([
      SegmentLayout(0, .inner, .start), SegmentLayout(0, .sharedCluster, .middle),
      SegmentLayout(2, .cluster, .start), SegmentLayout(0, .readOnlyLent, .end),
      SegmentLayout(2, .inner, .end), SegmentLayout(0, .cluster, .start),
    ])
    let bench = ChainBench()
    var model = ChainBench.model(4)
    var packet = try bench.build(layout, model)
    var lengths: [Int] = []
    packet.forEachSegment { lengths.append($0.byteCount) }
    #expect(lengths == [2, 2])
    lengths = []
    packet.forEachSegment(from: 0, byteCount: 4) { lengths.append($0.byteCount) }
    #expect(lengths == [2, 2])
    lengths = []
    packet.forEachSegment(from: 4, byteCount: 0) { lengths.append($0.byteCount) }
    packet.forEachSegment(from: 2, byteCount: 0) { lengths.append($0.byteCount) }
    #expect(lengths.isEmpty)
    // Trimming to nothing leaves a packet of use.
    packet.trimFront(4)
    model.trimFront(4)
    try bench.settle(packet, model)
    try bench.endCase()
    try bench.end()
  }

  /// Room for no bytes with a record's end asked for was an mbuf at no address.
  @Test func roomForNoBytes() throws {
    try leakChecked { pool in
      var packet = try pool.packet(byteCount: 0)
      #expect(packet.segmentCount == 1 && packet.byteCount == 0)
      packet.head.last.flags.insert(.endOfRecord)
      packet.checkInvariants()
      var list = GatherList([])
      let empty = try pool.packet(gathering: &list)
      #expect(empty.segmentCount == 1 && empty.byteCount == 0)
      packet.join(empty)
      #expect(packet.byteCount == 0)
      try packet.defragment()
      packet.checkInvariants()
    }
  }
}
