// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

@Suite struct PoolTests {
  @Test func roomAndHeadroomOfFreshPackets() throws {
    try leakChecked { pool in
      for headroom in [0, 1, 64, 2_048] {
        let packet = try pool.packet(headroom: headroom)
        #expect(packet.headroom == headroom && packet.tailroom == 2_048 - headroom)
        #expect(packet.byteCount == 0 && packet.segmentCount == 1)
      }
      for headroom in [0, 1, 64, 168] {
        let packet = try pool.smallPacket(headroom: headroom)
        #expect(packet.headroom == headroom && packet.tailroom == 168 - headroom)
      }
    }
  }

  @Test(arguments: [0, 1, 168, 169, 2_048, 2_049, 2_264, 2_265, 4_096, 10_000])
  func roomForSoMany(_ byteCount: Int) throws {
    try leakChecked { pool in
      var packet = try pool.packet(byteCount: byteCount)
      packet.checkInvariants()
      #expect(packet.byteCount == 0)
      let before = pool.statistics().zones.map(\.allocations)
      try packet.appendZeroes(byteCount)
      #expect(pool.statistics().zones.map(\.allocations) == before, "the room was there")
      packet.checkInvariants()
      #expect(packet.allBytes == [UInt8](repeating: 0, count: byteCount))
    }
  }

  @Test func copiesOfEveryLength() throws {
    let lengths = [0, 1, 100, 167, 168, 169, 2_047, 2_048, 2_049, 2_217, 6_000]
    for byteCount in lengths {
      let bytes = GrowTests.bytes(byteCount)
      for headroom in [0, 1, 20, 168, 2_048] {
        try leakChecked { pool in
          let packet = try pool.packet(copying: unsafe bytes.span.bytes, headroom: headroom)
          packet.checkInvariants()
          #expect(packet.allBytes == bytes)
          #expect(packet.headroom == headroom)
          #expect(packet.isWritable == true)
        }
      }
    }
  }

  @Test func aUsedMbufIsAsFreshAsANewOne() throws {
    try leakChecked { pool in
      for _ in 0..<2 {
        for isSmall in [true, false] {
          var packet = isSmall ? try pool.smallPacket() : try pool.packet()
          #expect(packet.header == PacketHeader())
          #expect(packet.byteCount == 0 && packet.segmentCount == 1)
          #expect(packet.head.type == .data)
          #expect(packet.head.flags.subtracting(.external) == .packetHeader)
          packet.header = ChainBench.header
          packet.head.flags.formUnion([.broadcast, .multicast, .endOfRecord])
          packet.head.type = .control
          try packet.append(GrowTests.bytes(150))
          _ = try packet.sharedCopy()
        }
      }
    }
  }

  @Test func marksOfAPacketMoveWithItsHeader() throws {
    try leakChecked { pool in
      var packet = try pool.smallPacket()
      packet.head.flags.formUnion([.broadcast, .multicast])
      try packet.append([1, 2, 3])
      try packet.prepend(10)
      #expect(packet.segmentCount == 2)
      try packet.pullUp(12)
      let copy = try packet.sharedCopy()
      let duplicate = try packet.duplicate()
      let rest = try packet.split(at: 5)
      for flags in [packet.head.flags, copy.head.flags, duplicate.head.flags, rest.head.flags] {
        #expect(flags.isSuperset(of: [.broadcast, .multicast, .packetHeader]))
      }
    }
  }

  @Test func statisticsFollowThePackets() throws {
    try leakChecked { pool in
      let small = try pool.smallPacket()
      var packet = try pool.packet()
      #expect(pool.outstanding == 2)
      #expect(pool.statistics().clustersInUse == 1)
      try packet.append([1])
      let copy = try packet.sharedCopy()
      #expect(pool.statistics().clustersInUse == 1)
      #expect(pool.outstanding == 3)
      // The original goes back without its cluster, which the copy still holds.
      _ = consume packet
      #expect(pool.statistics().clustersInUse == 1)
      #expect(pool.outstanding == 2)
      pool.checkInvariants()
      #expect(copy.byteCount == 1 && small.byteCount == 0)
    }
  }

  @Test func poolsLiveSideBySide() throws {
    try leakChecked(clusterLimit: 1) { one in
      try leakChecked(clusterLimit: 1) { other in
        let first = try one.packet()
        let second = try other.packet()
        #expect(one.outstanding == 1 && other.outstanding == 1)
        #expect(first.byteCount == second.byteCount)
      }
    }
  }

  @Test func aPoolGivesBackByLevels() throws {
    try leakChecked { pool in
      do {
        var queue = PacketQueue()
        for _ in 0..<2_000 { queue.enqueue(try pool.packet()) }
      }
      let before = pool.statistics()
      #expect(pool.reclaim(.trim) <= before.zones.reduce(0) { $0 + $1.pageCount })
      #expect(pool.statistics().packets.inDepot == before.packets.inDepot)
      #expect(pool.reclaim(.drain) > 0)
      let drained = pool.statistics()
      #expect(drained.packets.inDepot == 0 && drained.packets.cached > 0)
      #expect(pool.reclaim(.drainWithCaches) > 0)
      #expect(pool.statistics().zones.allSatisfy { $0.total == 0 })
    }
  }

  @Test func anEmptyPoolTakesItsPagesWithIt() throws {
    let pages = PageArena(reservingByteCount: 64 << 20)
    do {
      let pool = MbufPool(pages: pages)
      _ = try pool.packet()
      _ = try pool.smallPacket()
      #expect(pages.pagesOut > 0)
    }
    #expect(pages.pagesOut == 0)
  }

  /// A pool may end before its packets: they go on growing, sharing and ending as before.
  @Test(arguments: [true, false])
  func packetsOutliveTheirPool(_ isSmall: Bool) throws {
    let bytes = GrowTests.bytes(3_000)
    let orphan = { () throws -> Packet in
      let pool = MbufPool(clusterLimit: 10)
      return isSmall ? try pool.smallPacket() : try pool.packet()
    }
    for _ in 0..<3 {
      var packet = try orphan()
      try packet.append(bytes)
      try packet.prepend(300)
      packet.trimFront(300)
      let copy = try packet.sharedCopy()
      try packet.makeWritable()
      let duplicate = try copy.duplicate()
      let rest = try packet.split(at: 1_000)
      packet.join(rest)
      packet.checkInvariants()
      #expect(packet.allBytes == bytes && copy.allBytes == bytes && duplicate.allBytes == bytes)
      // Its limit holds without it as well.
      #expect(throws: MbufError.self) { try packet.append(GrowTests.bytes(40_000)) }
      #expect(packet.allBytes == bytes)
    }
  }

  @Test func errorsSayWhatToDo() throws {
    try leakChecked(clusterLimit: 1) { pool in
      let packet = try pool.packet()
      do throws(MbufError) {
        _ = try pool.packet()
        Issue.record("two clusters of one")
      } catch {
        #expect("\(error)".contains("mbuf_cluster"))
        #expect("\(error)".contains("limit of 1 items"))
      }
      #expect(packet.byteCount == 0)
      #expect("\(MbufError.tooShort(wanted: 28, available: 6))" == "28 bytes wanted of 6")
    }
  }
}
