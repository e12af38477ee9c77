// SPDX-License-Identifier: BSD-2-Clause
import Models
import TestSupport
import Testing
import UMA

@testable import Mbufs

@Suite struct RoomTests {
  // MARK: Room behind

  @Test func whatIsReservedCanBeAppendedWithoutMemory() throws {
    try forEveryChain(of: [0, 3], upTo: 2, with: { _ in [0, 1, 216, 217, 2_049] }) {
      _, packet, model, count in
      let before = packet.allBytes
      try packet.reserveTailroom(count)
      guard packet.allBytes == before else { throw Failure(description: "other bytes") }
      let more = GrowTests.bytes(count)
      let segmentCount = packet.segmentCount
      try packet.append(more)
      model.append(more)
      guard packet.segmentCount == segmentCount else {
        throw Failure(description: "\(packet.segmentCount) segments, not \(segmentCount)")
      }
    }
  }

  @Test func roomIsInPiecesAsLargeAsAllowed() throws {
    try leakChecked { pool in
      var packet = try pool.packet(copying: unsafe ([1, 2, 3] as [UInt8]).span.bytes)
      try packet.reserveTailroom(165)
      #expect(packet.segmentCount == 1)
      try packet.reserveTailroom(165 + 16_384, upTo: .jumbo16)
      #expect(packet.segmentCount == 2)
      try packet.reserveTailroom(165 + 16_384 + 2_048 + 216)
      #expect(packet.segmentCount == 4)
      #expect(packet.allBytes == [1, 2, 3])
    }
  }

  @Test func reservingFails() throws {
    try failingEachAllocation(upTo: 2, with: { _ in [300, 5_000] }) { _, packet, _, count in
      try packet.reserveTailroom(count)
    }
  }

  // MARK: Clusters

  @Test(arguments: ClusterSize.allCases)
  func attachedClustersHoldTheBytesWhereTheyWere(_ size: ClusterSize) throws {
    let most = size == .standard ? 3 : 2
    try forEveryChain(of: [0, 2], upTo: most) { _, packet, model in
      let last = packet.head.appendPosition
      if last.isExternal { return }
      let headroom = last.offset
      try packet.attachCluster(size)
      let after = packet.head.appendPosition
      guard after.isExternal, after.capacity == size.byteCount, after.headroom == headroom,
        after.tailroom == size.byteCount - headroom - after.byteCount
      else {
        throw Failure(description: "\(after.headroom) and \(after.tailroom) of \(after.capacity)")
      }
      // Its own to write, whatever the packet was marked before.
      let more = GrowTests.bytes(after.tailroom)
      try packet.append(more)
      model.append(more)
    }
  }

  @Test func attachingFails() throws {
    try failingEachAllocation(with: { _ in ClusterSize.allCases }) { _, packet, _, size in
      if !packet.head.appendPosition.isExternal { try packet.attachCluster(size) }
    }
  }

  @Test func oneClusterIsAllThatASegmentHas() async {
    await #expect(processExitsWith: .failure) {
      try leakChecked { pool in
        var packet = try pool.packet()
        try packet.attachCluster()
      }
    }
  }
}
