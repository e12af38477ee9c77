// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

@Suite struct ScatterTests {
  /// `bytes` in pieces of these lengths; the last has what is left.
  private static func pieces(_ bytes: [UInt8], _ lengths: [Int]) -> [[UInt8]] {
    var rest = bytes[...]
    var pieces: [[UInt8]] = []
    for length in lengths {
      pieces.append([UInt8](rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    return pieces + [[UInt8](rest)]
  }

  private static let cuts: [[Int]] = [[], [0], [1, 0, 2], [0, 0, 100, 0], [168, 169, 2_000]]

  /// Headroom beside data that fills a cluster, where it was once written beyond its end.
  @Test(arguments: [0, 1, 168, 169, 2_000, 2_048, 2_049, 6_000])
  func gathered(_ byteCount: Int) throws {
    let bytes = GrowTests.bytes(byteCount)
    for cut in Self.cuts {
      for headroom in [0, 1, 16, 48, 168] {
        for wanted in [nil, 0, 1, byteCount / 2, byteCount, byteCount + 1] {
          try leakChecked { pool in
            var list = GatherList(Self.pieces(bytes, cut))
            #expect(list.remaining == byteCount)
            let packet = try pool.packet(gathering: &list, byteCount: wanted, headroom: headroom)
            let count = Swift.min(wanted ?? byteCount, byteCount)
            packet.checkInvariants()
            #expect(packet.allBytes[...] == bytes[..<count])
            #expect(packet.headroom >= headroom)
            #expect(list.remaining == byteCount - count)
            let rest = try pool.packet(gathering: &list)
            #expect(rest.allBytes[...] == bytes[count...])
            #expect(list.remaining == 0)
          }
        }
      }
    }
  }

  @Test func appendedToEveryChain() throws {
    let cases = { (_: Int) in [[0], [1, 2], [3, 0, 60], [0, 300]] }
    try forEveryChain(of: [0, 2], upTo: 3, with: cases) { _, packet, model, lengths in
      let bytes = GrowTests.bytes(lengths.reduce(0, +))
      var list = GatherList(Self.pieces(bytes, lengths))
      try packet.append(gathering: &list)
      model.append(bytes)
    }
  }

  @Test func aFailureTakesNothing() throws {
    let bytes = GrowTests.bytes(5_000)
    try failingEachAllocation(upTo: 2) { _, packet, model in
      var list = GatherList(Self.pieces(bytes, [100, 0, 3_000]))
      do {
        try packet.append(gathering: &list, byteCount: 4_000)
        if list.remaining != 1_000 { throw Failure(description: "\(list.remaining)") }
        model.append([UInt8](bytes[..<4_000]))
      } catch let error as MbufError {
        if list.remaining != 5_000 { throw Failure(description: "\(list.remaining)") }
        throw error
      }
    }
    try leakChecked { pool in
      try pool.sweepFailures {
        var list = GatherList([bytes])
        do {
          _ = try pool.packet(gathering: &list, headroom: 100)
        } catch {
          #expect(list.remaining == 5_000)
          throw error
        }
        #expect(list.remaining == 0)
      }
    }
  }

  @Test func scatteredFromEveryChain() throws {
    let cases = { (byteCount: Int) in
      CopyTests.ranges(byteCount).flatMap { range in
        [[0], [1, 0, 1], [2, 9]].map { (range, $0) }
      }
    }
    try forEveryChain(of: [0, 1, 3], upTo: 3, with: cases) { _, packet, model, one in
      let (range, lengths) = one
      var list = ScatterList(byteCounts: lengths)
      let room = lengths.reduce(0, +)
      let count = packet.scatter(into: &list, from: range.lowerBound, byteCount: range.count)
      let expected = [UInt8](model.bytes[range].prefix(room))
      let filled = expected + [UInt8](repeating: 0, count: room - expected.count)
      guard count == expected.count, list.remaining == room - count,
        list.pieces.flatMap({ $0 }) == filled, list.pieces.map(\.count) == lengths
      else { throw Failure(description: "\(count): \(list.pieces)") }
    }
  }

  @Test func scatteredInSeveralGoes() throws {
    try leakChecked { pool in
      let bytes = GrowTests.bytes(5_000)
      let packet = try pool.packet(copying: unsafe bytes.span.bytes)
      var list = ScatterList(byteCounts: [10, 0, 2_990, 1_000])
      var offset = 0
      for count in [0, 1, 9, 100, 2_500] {
        #expect(packet.scatter(into: &list, from: offset, byteCount: count) == count)
        offset += count
      }
      #expect(packet.scatter(into: &list, from: offset) == 1_390)
      #expect(list.remaining == 0)
      #expect(packet.scatter(into: &list) == 0)
      #expect(list.pieces.flatMap { $0 } == [UInt8](bytes[..<4_000]))
    }
  }

  @Test func memoryOfSomebodyElse() throws {
    try leakChecked { pool in
      let bytes = GrowTests.bytes(3_000)
      var out = [UInt8](repeating: 0, count: 3_000)
      try unsafe bytes.withUnsafeBytes { source in
        var list = unsafe GatherList(unsafeReading: [
          UnsafeRawBufferPointer(rebasing: source[..<700]),
          UnsafeRawBufferPointer(start: nil, count: 0),
          UnsafeRawBufferPointer(rebasing: source[700...]),
        ])
        let packet = try pool.packet(gathering: &list, headroom: 32)
        unsafe out.withUnsafeMutableBytes { target in
          var list = unsafe ScatterList(unsafeWriting: [
            UnsafeMutableRawBufferPointer(start: nil, count: 0),
            UnsafeMutableRawBufferPointer(rebasing: target[..<2_999]),
            UnsafeMutableRawBufferPointer(rebasing: target[2_999...]),
          ])
          #expect(packet.scatter(into: &list) == 3_000)
        }
      }
      #expect(out == bytes)
    }
  }

  @Test(arguments: [0, 169, 2_047, 2_048], [0, 1, 168, 2_048, 2_049])
  func gatheredBytesStandBehindTheirHeadroom(_ headroom: Int, _ byteCount: Int) throws {
    let bytes = GrowTests.bytes(byteCount)
    try leakChecked { pool in
      var list = GatherList([bytes])
      let packet = try pool.packet(gathering: &list, headroom: headroom)
      packet.checkInvariants()
      #expect(packet.headroom == headroom)
      #expect(packet.allBytes == bytes)
    }
  }

  @Test func impossibleCountsTrap() async {
    await #expect(processExitsWith: .failure) {
      var list = GatherList([[1]])
      _ = try MbufPool().packet(gathering: &list, byteCount: -1)
    }
    await #expect(processExitsWith: .failure) {
      var list = GatherList([[1]])
      _ = try MbufPool().packet(gathering: &list, headroom: 2_049)
    }
    await #expect(processExitsWith: .failure) {
      var list = ScatterList(byteCounts: [1])
      try MbufPool().smallPacket().scatter(into: &list, from: 1)
    }
  }
}
