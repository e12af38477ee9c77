// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

/// Pools whose zones are watched: everything is on the account of the pool's user.
@Suite struct DebuggingTests {
  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }

  @Test func mbufsAndClustersAreOnTheAccountOfWhoeverAsked() throws {
    let pool = MbufPool(debugging: .all)
    let line: UInt = #line
    var a = try pool.packet()
    var b = try pool.smallPacket()
    let c = try pool.packet(byteCount: 5_000)
    let d = try pool.packet(copying: unsafe bytes(3_000).span.bytes)
    try a.append(unsafe bytes(2_500).span.bytes)
    try b.prepend(400)
    let e = try a.sharedCopy()
    let f = try a.duplicate()
    let g = try a.split(at: 2_040)
    try b.copyIn(unsafe bytes(10).span.bytes, at: 5_000)
    var h = try pool.packet(copying: unsafe bytes(10).span.bytes)
    try h.appendZeroes(2_000)
    try h.pullUp(1_500)
    try a.makeWritable()
    let live = pool.leakReports().flatMap(\.groups)
    let lines = Set(live.map { Int($0.site.line) - Int(line) })
    #expect(live.allSatisfy { $0.site.file.description == "MbufsTests/DebuggingTests.swift" })
    // The mbuf of line 11 was emptied by the pulling up of line 13, and is free again.
    #expect(lines == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14], "\(lines.sorted())")
    let clusters = try #require(
      pool.leakReports().first { $0.zoneName == "mbuf_cluster" })
    #expect(clusters.groups.contains { $0.site.line == line + 1 })
    withExtendedLifetime(c.byteCount + d.byteCount + e.byteCount + f.byteCount + g.byteCount) {}
  }

  @Test func aPoolWithEverythingOnComesBackWhole() throws {
    let pages = PageArena(reservingByteCount: 256 << 20)
    let pool = MbufPool(pages: pages, debugging: .all)
    for round in 0..<20 {
      var packet = try pool.packet(copying: unsafe bytes(round * 200).span.bytes)
      try packet.append(bytes(round * 100))
      let copy = try packet.sharedCopy()
      try packet.prepend(40)
      #expect(packet.byteCount == round * 300 + 40 && copy.byteCount == round * 300)
      pool.checkInvariants()
    }
    #expect(pool.leakReports().allSatisfy { $0.itemCount == 0 })
    expectNothingOut(of: pool, pages)
  }

  @Test func aWriteIntoAPacketThatIsGoneIsFound() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let pool = MbufPool(debugging: [.junk, .redzones])
      var packet = try pool.packet()
      try packet.append([1, 2, 3])
      let stale = unsafe packet.head.data
      _ = consume packet
      unsafe stale.storeBytes(of: 9, toByteOffset: 4, as: UInt8.self)
      let next = try pool.packet()
      withExtendedLifetime(next.byteCount) {}
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first { $0.contains("mbuf_cluster") })
    #expect(line.contains("(2048 bytes) written after it was freed: byte 4 holds 0xdeadc009"))
    #expect(line.contains("allocated at MbufsTests/DebuggingTests.swift:"))
    #expect(line.contains("noticed at MbufsTests/DebuggingTests.swift:"))
  }

  @Test func aPlanPicksByTheUsersLine() throws {
    let pool = MbufPool()
    pool.inject(FailurePlan([.from(1).at("DebuggingTests.swift:\(#line + 2)")]))
    _ = try pool.packet()
    let denied = try? pool.smallPacket().byteCount
    #expect(denied == nil)
    _ = try pool.smallPacket()
    pool.inject(nil)
    #expect(pool.outstanding == 0)
  }

  @Test func aSweepFindsPacketsThatStay() throws {
    let pool = MbufPool(debugging: .leaks)
    var kept = PacketQueue()
    #expect(throws: SweepFailure.self) {
      try pool.sweepFailures {
        let first = try pool.packet()
        do {
          _ = try pool.smallPacket()
        } catch {
          kept.enqueue(first)
          throw error
        }
      }
    }
    #expect(kept.packetCount == 1)
  }
}
