// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

@Suite struct CopyTests {
  static func ranges(_ byteCount: Int) -> [Range<Int>] {
    (0...byteCount).flatMap { start in (start...byteCount).map { start..<$0 } }
  }

  @Test func sharedCopyOfEveryRange() throws {
    try forEveryChain(of: [0, 1, 3], with: Self.ranges) { bench, packet, model, range in
      let copy = try packet.sharedCopy(range)
      try bench.check(packet, model)
      // The copy is written and freed first, then the original.
      try bench.settle(copy, model.copy(range))
    }
  }

  @Test func sharedCopyOutlivesThePacket() throws {
    try forEveryChain { bench, packet, model in
      var copy = try packet.sharedCopy()
      let original = model
      try packet.copyIn([0xd1], at: 0)
      model.copyIn([0xd1], at: 0)
      try bench.check(copy, original)
      swap(&packet, &copy)
      try bench.settle(copy, model)
      model = original
    }
  }

  @Test func duplicate() throws {
    try forEveryChain { bench, packet, model in
      let copy = try packet.duplicate()
      if !copy.isWritable { throw Failure(description: "a duplicate is writable") }
      if copy.segmentCount != 1 { throw Failure(description: "few bytes need one segment") }
      try bench.check(packet, model)
      try bench.settle(copy, model)
    }
  }

  @Test(arguments: [168, 169, 2_048, 2_049, 2_216, 2_217, 2_264, 2_265, 10_000])
  func duplicateOfManyBytes(_ byteCount: Int) throws {
    try leakChecked { pool in
      let bytes = GrowTests.bytes(byteCount)
      let packet = try pool.packet(copying: unsafe bytes.span.bytes)
      let copy = try packet.duplicate()
      copy.checkInvariants()
      #expect(copy.allBytes == bytes)
      #expect(copy.segmentCount == Swift.max(1, (byteCount + 2_047) / 2_048))
    }
  }

  @Test func copyOutOfEveryRange() throws {
    try forEveryChain(of: [0, 1, 3], with: Self.ranges) { _, packet, model, range in
      var out = [UInt8](repeating: 0xff, count: range.count)
      var span = out.mutableSpan
      var raw = unsafe span.mutableBytes
      try packet.copyOut(range.lowerBound, into: &raw)
      if out[...] != model.bytes[range] { throw Failure(description: "\(out) came out") }
    }
  }

  @Test func copyOutBeyondTheEnd() throws {
    try forEveryChain(of: [0, 2], with: { Array(0...$0) }) { _, packet, model, offset in
      var out = [UInt8](repeating: 0xff, count: model.byteCount - offset + 1)
      try demandTooShort(model.byteCount) {
        var span = out.mutableSpan
        var raw = unsafe span.mutableBytes
        try packet.copyOut(offset, into: &raw)
      }
      if out.contains(where: { $0 != 0xff }) { throw Failure(description: "\(out) came out") }
    }
  }

  @Test func copyInEverywhere() throws {
    let cases = { (byteCount: Int) in
      (0...byteCount + 2).flatMap { offset in [0, 1, 3].map { (offset: offset, count: $0) } }
    }
    try forEveryChain(of: [0, 1, 3], with: cases) { _, packet, model, one in
      let bytes = [UInt8]([0xc1, 0xc2, 0xc3].prefix(one.count))
      try packet.copyIn(bytes, at: one.offset)
      model.copyIn(bytes, at: one.offset)
    }
  }

  @Test func copyInFarBeyond() throws {
    let cases = { (byteCount: Int) in [(1, 3_000), (byteCount, 169), (2_500, 300), (300, 1)] }
    try forEveryChain(of: [3], upTo: 2, with: cases) { _, packet, model, one in
      try packet.copyIn(GrowTests.bytes(one.1), at: one.0)
      model.copyIn(GrowTests.bytes(one.1), at: one.0)
    }
  }
}

@Suite struct SegmentTests {
  struct Enough: Error {}

  @Test func everySegmentWithBytes() throws {
    try forEveryChain { _, packet, model in
      var seen: [Int] = []
      packet.forEachSegment { seen.append($0.byteCount) }
      if seen.contains(0) || seen.reduce(0, +) != model.byteCount {
        throw Failure(description: "segments of \(seen)")
      }
    }
  }

  @Test func piecesOfEveryRange() throws {
    try forEveryChain(of: [0, 1, 3], with: CopyTests.ranges) { _, packet, model, range in
      var seen: [UInt8] = []
      var hasEmpty = false
      packet.forEachSegment(from: range.lowerBound, byteCount: range.count) { piece in
        hasEmpty = hasEmpty || piece.isEmpty
        unsafe piece.withUnsafeBytes { unsafe seen.append(contentsOf: $0) }
      }
      if hasEmpty || seen[...] != model.bytes[range] { throw Failure(description: "saw \(seen)") }
    }
  }

  @Test func endsAtAThrow() throws {
    try forEveryChain(of: [3], upTo: 3) { _, packet, _ in
      var calls = 0
      for isPart in [false, true] {
        calls = 0
        let stop: (RawSpan) throws(Enough) -> Void = { _ throws(Enough) in
          calls += 1
          throw Enough()
        }
        do throws(Enough) {
          if isPart {
            try packet.forEachSegment(from: 1, byteCount: 2, stop)
          } else {
            try packet.forEachSegment(stop)
          }
          calls = 0
        } catch {}
        if calls != 1 { throw Failure(description: "did not end at the first throw") }
      }
    }
  }

  @Test func headerIsReadAndWritten() throws {
    try forEveryChain { _, packet, model in
      packet.header.vlanTag = 7
      packet.timestampInNanoseconds = -1
      packet.wireByteCount = 9_000
      model.header.vlanTag = 7
      model.header.timestampInNanoseconds = -1
      model.wireByteCount = 9_000
      let other = PacketHeader()
      let kept = packet.header
      // A whole header from elsewhere brings everything but the length.
      packet.header = other
      if packet.byteCount != model.byteCount || packet.wireByteCount != model.byteCount {
        throw Failure(description: "the length came from another header")
      }
      packet.header = kept
    }
  }
}
