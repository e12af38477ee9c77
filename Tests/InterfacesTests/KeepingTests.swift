// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

/// Sinks that know nothing of packets to be kept, which get copies.
@Suite struct KeepingTests {
  @Test func keptPacketsAreSentAgainAndAgain() throws {
    let pool = MbufPool()
    do {
      var link = Loopback()
      // Inner data and shared clusters.
      var packets = try numbered(pool, 5)
      var more = try numbered(pool, 5, from: 5, byteCount: 1_000)
      packets.append(&more)
      let bytes = contents(packets)
      for _ in 0..<3 {
        var kept = PacketQueue()
        try link.transmit(&packets, keeping: &kept)
        #expect(packets.isEmpty && numbers(kept) == Array(0..<10))
        var received = PacketQueue()
        _ = link.receive(upTo: 20, into: &received, from: pool)
        #expect(contents(received) == bytes && numbers(received) == Array(0..<10))
        swap(&kept, &packets)
      }
    }
    #expect(pool.outstanding == 0)
  }

  @Test func whatASinkHasNoRoomForStaysInOrder() throws {
    let pool = MbufPool()
    do {
      var link = Loopback(limitInPackets: 3)
      var packets = try numbered(pool, 5)
      var kept = PacketQueue()
      try link.transmit(&packets, keeping: &kept)
      #expect(numbers(kept) == [0, 1, 2] && numbers(packets) == [3, 4])
      kept.checkInvariants()
      packets.checkInvariants()
    }
    #expect(pool.outstanding == 0)
  }

  @Test func aDeniedCopyLeavesThePacketsThatWereNotSent() throws {
    let pool = MbufPool(clusterLimit: 64, mbufLimit: 12)
    do {
      var link = Loopback()
      var packets = try numbered(pool, 10)
      var kept = PacketQueue()
      let error = #expect(throws: InterfaceError.self) {
        try link.transmit(&packets, keeping: &kept)
      }
      #expect(error?.kind == .failed)
      #expect(numbers(kept) == [0, 1] && numbers(packets) == Array(2..<10))
    }
    #expect(pool.outstanding == 0)
  }
}
