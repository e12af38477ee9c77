// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

@Suite struct ContiguousTests {
  @Test(arguments: [0, 1, 168, 169, 216, 217, 2_048, 2_049, 4_096, 9_000, 16_384])
  func theSmallestStorageThatHolds(_ byteCount: Int) throws {
    try leakChecked { pool in
      try pool.sweepFailures {
        var packet = try pool.packet(contiguous: byteCount)
        let cluster = ClusterSize.holding(byteCount)?.byteCount
        #expect(packet.tailroom == (byteCount <= 168 ? 168 : cluster))
        try packet.append(GrowTests.bytes(byteCount))
        #expect(packet.segmentCount == 1)
        #expect(packet.allBytes == GrowTests.bytes(byteCount))
        // Without a packet header there is more room inside.
        let plain = try pool.core.mbuf(holding: byteCount, [], CallSite(#fileID, #line))
        #expect(plain.capacity == (byteCount <= 216 ? 216 : cluster))
        plain.freeChain()
      }
    }
  }

  @Test func moreThanAnyStorage() throws {
    try leakChecked { pool in
      let limit = MbufLayout.largestContiguousByteCount
      let packet = try pool.packet(contiguous: limit)
      #expect(packet.tailroom >= limit)
      for byteCount in [limit + 1, .max] {
        #expect(throws: MbufError.tooLong(wanted: byteCount, limit: limit)) {
          _ = try pool.packet(contiguous: byteCount)
        }
      }
    }
  }

  @Test func pullUpTooLong() throws {
    try leakChecked { pool in
      let limit = MbufLayout.largestContiguousByteCount
      var packet = try pool.packet(copying: unsafe GrowTests.bytes(limit + 5).span.bytes)
      let before = packet.dump()
      #expect(throws: MbufError.tooLong(wanted: limit + 1, limit: limit)) {
        try packet.pullUp(limit + 1)
      }
      #expect(packet.dump() == before)
      #expect(throws: MbufError.tooShort(wanted: limit + 6, available: limit + 5)) {
        try packet.pullUp(limit + 6)
      }
    }
  }
}
