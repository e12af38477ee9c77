// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

@Suite struct ApplyTests {
  private struct Stop: Error {}

  @Test func piecesAreTheRangeAndNoneIsEmpty() throws {
    try forEveryChain(of: [0, 1, 3], with: CopyTests.ranges) { _, packet, model, range in
      var pieces: [[UInt8]] = []
      packet.forEachSegment(from: range.lowerBound, byteCount: range.count) {
        pieces.append($0.array)
      }
      if pieces.contains([]) { throw Failure(description: "an empty piece") }
      if pieces.flatMap({ $0 })[...] != model.bytes[range] {
        throw Failure(description: "\(pieces)")
      }
    }
  }

  /// A body that stops is not called again, and what it throws comes out.
  @Test func aBodyThatStops() throws {
    try forEveryChain(of: [3], with: { Array(1...$0) }) { _, packet, model, stop in
      var calls = 0
      var seen: [UInt8] = []
      var isStopped = false
      let body = { (piece: RawSpan) throws(Stop) in
        calls += 1
        if calls == stop { throw Stop() }
        seen += piece.array
      }
      do throws(Stop) {
        try packet.forEachSegment(from: 1, byteCount: model.byteCount - 1, body)
      } catch {
        isStopped = true
      }
      if calls > stop || isStopped != (calls == stop) {
        throw Failure(description: "\(calls) calls")
      }
      if seen[...] != model.bytes[1...].prefix(seen.count) {
        throw Failure(description: "\(seen)")
      }
    }
  }

  @Test func everyRangeIsChanged() throws {
    try forEveryChain(of: [0, 1, 3], with: CopyTests.ranges) { _, packet, model, range in
      try packet.makeWritable(range)
      packet.forEachMutableSegment(in: range) { piece in
        if piece.isEmpty { fatalError("an empty piece") }
        for index in piece.byteOffsets {
          let byte = unsafe piece.unsafeLoad(fromByteOffset: index, as: UInt8.self)
          piece.storeBytes(of: byte ^ 0x55, toByteOffset: index, as: UInt8.self)
        }
      }
      for index in range { model.bytes[index] ^= 0x55 }
    }
  }

  @Test func changingStopsWithItsBody() throws {
    try leakChecked { pool in
      var packet = try pool.smallPacket()
      try packet.appendZeroes(6)
      try packet.fragment(into: 2)
      var calls = 0
      #expect(throws: Stop.self) {
        try packet.forEachMutableSegment { piece throws(Stop) in
          calls += 1
          if calls == 2 { throw Stop() }
          piece.storeBytes(of: 7, toByteOffset: 0, as: UInt8.self)
        }
      }
      #expect(calls == 2)
      #expect(packet.allBytes == [7, 0, 0, 0, 0, 0])
    }
  }

  @Test func changingSharedBytesTraps() async {
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().packet()
      try packet.append([1])
      let copy = try packet.sharedCopy()
      packet.forEachMutableSegment { _ in }
      withExtendedLifetime(copy.byteCount) {}
    }
  }

  @Test(arguments: [0, 1, 168, 169, 2_048, 2_049, 5_000])
  func aCopyThatIsTransformed(_ byteCount: Int) throws {
    let bytes = GrowTests.bytes(byteCount)
    for headroom in [0, 60, 168] {
      try leakChecked { pool in
        var calls = 0
        try pool.sweepFailures {
          calls = 0
          let packet = try pool.packet(
            copying: unsafe bytes.span.bytes, headroom: headroom,
            transform: { piece in
              calls += 1
              for index in piece.byteOffsets {
                let byte = unsafe piece.unsafeLoad(fromByteOffset: index, as: UInt8.self)
                piece.storeBytes(of: byte ^ 0x55, toByteOffset: index, as: UInt8.self)
              }
            })
          packet.checkInvariants()
          #expect(packet.allBytes == bytes.map { $0 ^ 0x55 })
          #expect(packet.headroom >= headroom)
        }
        #expect((calls == 0) == (byteCount == 0))
      }
    }
  }
}

@Suite struct AlignTests {
  @Test(arguments: [0, 1, 7, 8, 9, 100, 160, 168])
  func anObjectEndsWithTheStorage(_ byteCount: Int) throws {
    try leakChecked { pool in
      for isSmall in [false, true] {
        var packet = isSmall ? try pool.smallPacket() : try pool.packet(headroom: 5)
        packet.alignToEnd(byteCount)
        #expect(packet.headroom % 8 == 0)
        #expect((byteCount..<byteCount + 8).contains(packet.tailroom))
        #expect(packet.headroom + packet.tailroom == (isSmall ? 168 : 2_048))
        try packet.append(GrowTests.bytes(byteCount))
        packet.checkInvariants()
        #expect(packet.segmentCount == 1)
        #expect(packet.allBytes == GrowTests.bytes(byteCount))
      }
    }
  }

  @Test func everyEmptyChain() throws {
    try forEveryChain(of: [0], with: { _ in [0, 1, 60] }) { _, packet, _, byteCount in
      packet.alignToEnd(byteCount)
    }
  }

  @Test func anObjectThatDoesNotFitTraps() async {
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().smallPacket()
      packet.alignToEnd(169)
    }
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().smallPacket()
      try packet.append([1])
      packet.alignToEnd(4)
    }
  }
}
