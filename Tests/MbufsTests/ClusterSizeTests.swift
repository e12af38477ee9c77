// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs
@testable import UMA

@Suite struct ClusterSizeTests {
  @Test(arguments: ClusterSize.allCases)
  func aPacketWithOneCluster(_ size: ClusterSize) throws {
    try leakChecked { pool in
      var packet = try pool.packet(size, headroom: 100)
      #expect(packet.headroom == 100 && packet.tailroom == size.byteCount - 100)
      #expect(packet.storageByteCount == 256 + size.byteCount)
      let bytes = (0..<size.byteCount - 100).map { UInt8(truncatingIfNeeded: $0 * 7) }
      try packet.append(bytes)
      #expect(packet.segmentCount == 1)
      #expect(pool.statistics().clusters(of: size).inUse > 0)
      let copy = try packet.sharedCopy()
      #expect(!packet.isWritable && copy.allBytes == bytes)
      _ = consume packet
      #expect(copy.isWritable == true)
    }
  }

  @Test func theSmallestThatHolds() {
    let sizes = [0, 2_048, 2_049, 4_096, 4_097, 9_216, 9_217, 16_384, 16_385].map {
      ClusterSize.holding($0)
    }
    #expect(
      sizes == [
        .standard, .standard, .page, .page, .jumbo9, .jumbo9, .jumbo16, .jumbo16, nil,
      ])
  }

  @Test func eachSizeHasItsLimit() throws {
    let pages = PageArena(reservingByteCount: 64 << 20)
    let pool = MbufPool(clusterLimit: 64, pages: pages)
    #expect(ClusterSize.allCases.map { pool.clusterLimit(of: $0) } == [64, 32, 16, 8])
    pool.setClusterLimit(2, of: .jumbo9)
    do {
      let first = try pool.packet(.jumbo9)
      let second = try pool.packet(.jumbo9)
      let error = #expect(throws: MbufError.self) { _ = try pool.packet(.jumbo9) }
      #expect(error?.description.contains("mbuf_jumbo_9k") == true)
      let other = try pool.packet(.jumbo16)
      #expect(pool.outstanding == 3)
      withExtendedLifetime((first.byteCount, second.byteCount, other.byteCount)) {}
    }
    pool.setClusterLimit(0, of: .jumbo9)
    pool.setClusterLimit(100, of: .standard)
    #expect(pool.clusterLimit == 100 && pool.clusterLimit(of: .page) == 32)
    expectNothingOut(of: pool, pages)
  }

  /// A packet allocation must not take every cluster into a cache: a small limit serves both kinds.
  @Test func aSmallLimitServesPacketsAndClusters() throws {
    try leakChecked(clusterLimit: 44) { pool in
      let packet = try pool.packet()
      let chain = try pool.core.mbuf(
        with: .standard, .packetHeader, CallSite(#fileID, #line))
      let other = Packet(chain)
      #expect(pool.statistics().clustersInUse == 2)
      withExtendedLifetime((packet.byteCount, other.byteCount)) {}
    }
  }

  @Test func mbufsAreCountedByType() throws {
    try leakChecked { pool in
      var packet = try pool.packet(byteCount: 3_000)
      packet.type = .control
      #expect(pool.statistics().mbufsInUse(holding: .control) == 2)
      let copy = try packet.sharedCopy()
      #expect(copy.type == .control || copy.byteCount == 0)
      packet.type = .outOfBand
      try packet.addTag(PacketTag(cookie: 1, id: 1, byteCount: 1))
      let s = pool.statistics()
      #expect(s.outOfBand == 2 && s.tags == 1)
      #expect(MbufType.allCases.reduce(0) { $0 + s.mbufsInUse(holding: $1) } == s.mbufsInUse)
      _ = consume packet
      _ = consume copy
      let after = pool.statistics()
      #expect(MbufType.allCases.allSatisfy { after.mbufsInUse(holding: $0) == 0 })
    }
  }
}
