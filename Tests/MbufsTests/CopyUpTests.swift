// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

@Suite struct CopyUpTests {
  static let headrooms = [0, 1, 64, 168, 169, 2_044]

  @Test func everyCountAndHeadroom() throws {
    let cases = { (byteCount: Int) in
      (0...byteCount).flatMap { count in Self.headrooms.map { (count, $0) } }
    }
    try forEveryChain(of: [0, 1, 3], upTo: 3, with: cases) { _, packet, _, one in
      try packet.copyUp(one.0, headroom: one.1)
      guard packet.contiguousByteCount == one.0, packet.headroom == one.1 else {
        throw Failure(
          description: "\(packet.contiguousByteCount) bytes behind \(packet.headroom)")
      }
    }
  }

  @Test func tooShort() throws {
    try forEveryChain { _, packet, model in
      try demandTooShort(model.byteCount) {
        try packet.copyUp(model.byteCount + 1, headroom: 3_000)
      }
    }
  }

  /// More headroom than any storage has was once compared without a sign, and overran.
  @Test(arguments: [2_048, 20_000, Int.max - 1, Int.max])
  func moreHeadroomThanStorage(_ headroom: Int) throws {
    try forEveryChain(of: [2], upTo: 2) { _, packet, _ in
      let limit = MbufLayout.largestContiguousByteCount
      if headroom < limit { return }
      let wanted = headroom == .max ? headroom : headroom + 1
      #expect(throws: MbufError.tooLong(wanted: wanted, limit: limit)) {
        try packet.copyUp(1, headroom: headroom)
      }
    }
  }

  @Test func failing() throws {
    try failingEachAllocation(with: { [(0, 0), (1, 60), ($0, 2_000)] }) { _, packet, _, one in
      try packet.copyUp(one.0, headroom: one.1)
    }
  }

  @Test(arguments: [20, 168, 216, 1_000, 2_000])
  func manyBytes(_ byteCount: Int) throws {
    let bytes = GrowTests.bytes(3_000)
    for segmentByteCount in [1, 100, 168, 2_000] {
      try leakChecked { pool in
        var others = PacketQueue()
        var packet = try packetInPieces(bytes, segmentByteCount, pool, &others)
        try packet.copyUp(byteCount, headroom: 48)
        packet.checkInvariants()
        #expect(packet.contiguousByteCount == byteCount)
        #expect(packet.headroom == 48)
        #expect(packet.allBytes == bytes)
      }
    }
  }
}
