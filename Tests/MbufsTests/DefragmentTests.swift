// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

@Suite struct DefragmentTests {
  @Test func everyChain() throws {
    try forEveryChain { _, packet, _ in
      try packet.defragment()
      guard packet.segmentCount == 1, packet.isWritable, packet.head.isWritable else {
        throw Failure(description: packet.dump())
      }
    }
  }

  @Test func failing() throws {
    try failingEachAllocation { _, packet, _ in try packet.defragment() }
  }

  @Test(arguments: [0, 168, 169, 2_048, 2_049, 2_264, 2_265, 10_000])
  func manyBytes(_ byteCount: Int) throws {
    try leakChecked { pool in
      let bytes = GrowTests.bytes(byteCount)
      var packet = try pool.packet(copying: unsafe bytes.span.bytes)
      try packet.fragment(into: 50)
      try packet.defragment()
      packet.checkInvariants()
      #expect(packet.allBytes == bytes)
      #expect(packet.segmentCount == Swift.max(1, (byteCount + 2_047) / 2_048))
    }
  }

  @Test func marksStay() throws {
    try leakChecked { pool in
      var packet = try pool.packet(byteCount: 5_000)
      try packet.appendZeroes(5_000)
      packet.head.type = .control
      packet.head.last.flags.insert(.endOfRecord)
      packet.head.flags.insert(.multicast)
      try packet.fragment(into: 100)
      try packet.defragment()
      #expect(packet.head.type == .control && packet.head.flags.contains(.multicast))
      #expect(!packet.head.flags.contains(.endOfRecord))
      #expect(packet.head.last.type == .control && packet.head.last.flags.contains(.endOfRecord))
    }
  }
}

@Suite struct FragmentTests {
  @Test func everyChain() throws {
    try forEveryChain(of: [0, 1, 5], upTo: 3, with: { _ in [1, 2, 3, 168] }) {
      _, packet, model, byteCount in
      try packet.fragment(into: byteCount)
      let count = Swift.max(1, (model.byteCount + byteCount - 1) / byteCount)
      guard packet.segmentCount == count, packet.isWritable else {
        throw Failure(description: packet.dump())
      }
    }
  }

  @Test func failing() throws {
    try failingEachAllocation(of: [3], upTo: 2, with: { _ in [1, 2] }) { _, packet, _, byteCount in
      try packet.fragment(into: byteCount)
    }
  }

  @Test func segmentsAreOfThatLength() throws {
    try leakChecked { pool in
      var packet = try pool.packet(copying: unsafe GrowTests.bytes(500).span.bytes)
      try packet.fragment(into: 150)
      var lengths: [Int] = []
      packet.forEachSegment { lengths.append($0.byteCount) }
      #expect(lengths == [150, 150, 150, 50])
    }
  }

  @Test func noBytesTrap() async {
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().smallPacket()
      try packet.fragment(into: 0)
    }
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().smallPacket()
      try packet.fragment(into: 169)
    }
  }

  /// What was in one piece is in one piece again, and never in more segments than before.
  @Test func largeSegmentsStayWhole() throws {
    let bytes = GrowTests.bytes(9_300)
    try leakChecked { pool in
      var packet = try pool.packet(.jumbo9)
      try packet.append([UInt8](bytes[..<8_900]))
      try packet.append([UInt8](bytes[8_900...]))
      let copy = try packet.duplicate()
      #expect(copy.segmentCount == packet.segmentCount && copy.allBytes == bytes)
      let shared = try packet.sharedCopy()
      try packet.collapse(to: 2)
      try packet.defragment()
      #expect(packet.segmentCount == 2 && packet.allBytes == bytes && packet.isWritable)
      // Without clusters of that size it is copied into smaller ones.
      pool.setClusterLimit(1, of: .jumbo9)
      pool.setClusterLimit(1, of: .jumbo16)
      var other = try shared.duplicate()
      #expect(other.allBytes == bytes)
      other.trimBack(1)
      #expect(shared.allBytes == bytes)
    }
  }

  @Test func theMarkOfARecordsEndStaysAtTheEnd() throws {
    try leakChecked { pool in
      var packet = try pool.packet(byteCount: 3_000)
      try packet.append(GrowTests.bytes(3_000))
      packet.endsRecord = true
      packet.trimBack(2_000)
      #expect(packet.endsRecord == true && packet.segmentCount == 1)
    }
  }
}
