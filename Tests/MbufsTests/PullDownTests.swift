// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

@Suite struct PullDownTests {
  /// Pulls down and checks all that is promised; returns where the range is.
  @discardableResult
  private func pullDown(_ packet: inout Packet, _ range: Range<Int>, _ bytes: [UInt8]) throws
    -> SegmentPosition
  {
    let head = packet.head
    let before = addresses(packet, range.lowerBound)
    let position = try packet.pullDown(range)
    packet.checkInvariants()
    if packet.position(of: range.lowerBound) != position {
      throw Failure(description: "\(range) is not at \(position)")
    }
    guard let found = packet.bytes(in: range) else {
      throw Failure(description: "\(range) is not contiguous")
    }
    if found.array[...] != bytes[range] { throw Failure(description: "\(found.array)") }
    if packet.head != head { throw Failure(description: "another first segment") }
    if addresses(packet, range.lowerBound) != before {
      throw Failure(description: "bytes before \(range) moved")
    }
    return position
  }

  /// Where the first bytes lie.
  private func addresses(_ packet: borrowing Packet, _ count: Int) -> [UInt] {
    (0..<count).map { offset in
      guard let place = packet.head.locate(offset) else { return 0 }
      return UInt(bitPattern: unsafe place.mbuf.data) + UInt(place.offset)
    }
  }

  @Test func everyRange() throws {
    try forEveryChain(of: [0, 1, 3], with: CopyTests.ranges) { _, packet, model, range in
      try pullDown(&packet, range, model.bytes)
    }
  }

  @Test func everyRangeOfFourSegments() throws {
    try forEveryChain(of: [4], with: { _ in [0..<4, 1..<4, 1..<3, 2..<4] }) {
      _, packet, model, range in
      try pullDown(&packet, range, model.bytes)
    }
  }

  @Test func contiguousBytesAreLeftAlone() throws {
    try forEveryChain(of: [3], upTo: 3, with: CopyTests.ranges) { bench, packet, model, range in
      guard packet.bytes(in: range) != nil else { return }
      let before = bench.pool.statistics().zones.map(\.allocations)
      let places = addresses(packet, model.byteCount)
      try packet.pullDown(range)
      let after = bench.pool.statistics().zones.map(\.allocations)
      if addresses(packet, model.byteCount) != places || after != before {
        throw Failure(description: "moved for nothing")
      }
    }
  }

  @Test func tooShort() throws {
    try forEveryChain { _, packet, model in
      for start in [0, model.byteCount] {
        try demandTooShort(model.byteCount) { try packet.pullDown(start..<model.byteCount + 1) }
      }
    }
  }

  @Test func failing() throws {
    try failingEachAllocation(of: [3], with: { [0..<$0, 1..<$0, 1..<2] }) {
      _, packet, _, range in
      try packet.pullDown(range)
    }
  }

  /// Ranges as long as storage is, over segments of every length.
  @Test(arguments: [2, 20, 216, 217, 1_000, 2_048])
  func longRanges(_ byteCount: Int) throws {
    let bytes = GrowTests.bytes(4_500)
    for segmentByteCount in [1, 7, 168, 216, 600, 2_000, 2_048] {
      for start in [0, 5, 300, 2_400, 4_500 - byteCount] {
        try leakChecked { pool in
          var others = PacketQueue()
          var packet = try packetInPieces(bytes, segmentByteCount, pool, &others)
          try pullDown(&packet, start..<start + byteCount, bytes)
          #expect(packet.allBytes == bytes)
        }
      }
    }
  }

  /// The room behind the first piece and before the second: a byte too small, just enough, ample.
  ///
  /// An early one took the second without looking whether it had all the bytes.
  @Test func roomOnEitherSide() throws {
    let bytes = GrowTests.bytes(70)
    for tailroom in [0, 29, 30, 31, 2_000] {
      for headroom in [0, 9, 10, 11, 60] {
        for second in [1, 20, 29, 30, 40] {
          try leakChecked { pool in
            var packet = try pool.packet(headroom: Swift.max(0, 2_048 - 30 - tailroom))
            try packet.append([UInt8](bytes[..<30]))
            for piece in [30..<30 + second, 30 + second..<70] where !piece.isEmpty {
              try link(try pool.packet(headroom: headroom), [UInt8](bytes[piece]), behind: packet)
            }
            try pullDown(&packet, 20..<60, bytes)
            #expect(packet.allBytes == bytes)
          }
        }
      }
    }
  }

  /// Puts bytes behind a packet without looking for room there.
  private func link(
    _ other: consuming Packet, _ bytes: [UInt8], behind packet: borrowing Packet
  ) throws {
    try other.append(bytes)
    let mbuf = other.release()
    mbuf.dropPacketHeader()
    packet.head.last.next = mbuf
    packet.head.packetByteCount += bytes.count
  }

  /// A segment longer than a cluster is no obstacle: only the range is copied.
  @Test func acrossALargeSegment() throws {
    for isReadOnly in [false, true] {
      try leakChecked { pool in
        let memories = [LentMemory(isReadOnly: isReadOnly, byteCount: 9_216), LentMemory()]
        var packet = try pool.packet(over: memories[1].storage(), byteCount: 64)
        packet.join(try pool.packet(over: memories[0].storage(), byteCount: 9_216))
        let bytes = packet.allBytes
        for range in [60..<100, 63..<65, 100..<9_280, 9_279..<9_280] {
          try pullDown(&packet, range, bytes)
          #expect(packet.allBytes == bytes)
        }
        let limit = MbufLayout.largestContiguousByteCount
        var others = PacketQueue()
        var long = try packetInPieces(GrowTests.bytes(limit + 10), 1_000, pool, &others)
        let segmentCount = long.segmentCount
        #expect(throws: MbufError.tooLong(wanted: limit + 1, limit: limit)) {
          try long.pullDown(0..<limit + 1)
        }
        #expect(long.segmentCount == segmentCount)
        try pullDown(&long, 3..<limit + 3, GrowTests.bytes(limit + 10))
      }
    }
  }
}
