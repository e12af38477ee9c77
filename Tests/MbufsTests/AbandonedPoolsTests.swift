// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

@Suite struct AbandonedPoolsTests {
  @Test func zonesLeftToAPacketEndAfterIt() throws {
    let arena = PageArena(reservingByteCount: 16 << 20)
    var packet = try MbufPool(clusterLimit: 8, pages: arena).packet()
    try packet.appendZeroes(2)
    // The pool is gone; the packet lives and grows all the same.
    try packet.appendZeroes(3_000)
    #expect(packet.byteCount == 3_002)
    #expect(arena.pagesOut > 0)
    packet = try MbufPool().smallPacket()
    _ = consume packet
    // Another pool may be sweeping the list on another thread, and then puts nothing back.
    for _ in 0..<1_000 where arena.pagesOut > 0 { _ = MbufPool() }
    #expect(arena.pagesOut == 0)
  }

  @Test func aPoolMayEndWhileItsPacketsAreExchanged() {
    for _ in 0..<200 {
      let shared = Parting()
      onThreads(2) { index in
        if index == 0 {
          guard var packet = shared.takePacket() else { return }
          for round in 0..<300 {
            // Small and large by turns: an mbuf of one zone for one of the other.
            guard let copy = try? packet.duplicate() else { break }
            packet = copy
            if round % 2 == 0 {
              try? packet.appendZeroes(600)
            } else {
              packet.trimBack(packet.byteCount - 1)
            }
          }
        } else {
          shared.dropPool()
        }
      }
    }
  }
}

/// A pool and a packet of its own, for two threads to part.
private final class Parting: @unchecked Sendable {
  private var pool: MbufPool?
  private var packet: Packet?

  init() {
    let pool = MbufPool(clusterLimit: 64)
    var packet = try? pool.smallPacket()
    try? packet?.appendZeroes(1)
    self.pool = pool
    self.packet = packet.take()
  }

  func takePacket() -> Packet? { packet.take() }
  func dropPool() { pool = nil }
}
