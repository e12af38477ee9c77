// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing

@testable import Mbufs
@testable import UMA

@Suite struct PacketTagTests {
  /// A packet with tags (cookie 7, id i, i bytes of i) for each id, the first of them added last.
  private func tagged(_ pool: MbufPool, _ ids: [UInt16]) throws -> Packet {
    var packet = try pool.smallPacket()
    for id in ids.reversed() {
      try packet.addTag(PacketTag(cookie: 7, id: id, byteCount: Int(id)))
      var bytes = packet.mutableTagBytes(at: 0)
      for index in bytes.byteOffsets {
        bytes.storeBytes(of: UInt8(truncatingIfNeeded: id), toByteOffset: index, as: UInt8.self)
      }
    }
    return packet
  }

  private func ids(_ packet: borrowing Packet) -> [UInt16] {
    (0..<packet.tagCount).map { packet.tag(at: $0).id }
  }

  private func payload(_ packet: borrowing Packet, _ index: Int) -> [UInt8] {
    unsafe packet.tagBytes(at: index).withUnsafeBytes { unsafe [UInt8]($0) }
  }

  private func check(_ packet: borrowing Packet, _ expected: [UInt16]) {
    #expect(ids(packet) == expected)
    for (index, id) in expected.enumerated() {
      let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: id), count: Int(id))
      #expect(payload(packet, index) == bytes)
    }
    packet.checkInvariants()
  }

  @Test func theyAreFoundByCookieAndIdInOrder() throws {
    try leakChecked { pool in
      let packet = try tagged(pool, [3, 0, 5, 3])
      check(packet, [3, 0, 5, 3])
      #expect(packet.tagIndex(cookie: 7, id: 3) == 0)
      #expect(packet.tagIndex(cookie: 7, id: 3, after: 0) == 3)
      #expect(packet.tagIndex(cookie: 7, id: 3, after: 3) == nil)
      #expect(packet.tagIndex(cookie: 8, id: 3) == nil)
      #expect(packet.tag(at: 2) == PacketTag(cookie: 7, id: 5, byteCount: 5))
      #expect(pool.statistics().tags == 4)
    }
  }

  @Test(arguments: [0, 1, 200, 201, 2_032, 2_033, 4_081, 9_300, PacketTag.mostBytes])
  func anyPayloadLiesInOnePiece(_ byteCount: Int) throws {
    try leakChecked { pool in
      var packet = try pool.packet()
      try packet.addTag(PacketTag(cookie: 1, id: 2, byteCount: byteCount))
      #expect(payload(packet, 0) == [UInt8](repeating: 0, count: byteCount))
      let copy = try packet.duplicate()
      #expect(payload(copy, 0).count == byteCount)
    }
  }

  @Test func theyAreRemovedOneByOneFromAPlaceOrIfTransient() throws {
    try leakChecked { pool in
      var packet = try tagged(pool, [1, 2, 3, 4, 5])
      packet.removeTag(at: 2)
      check(packet, [1, 2, 4, 5])
      packet.removeTag(at: 0)
      check(packet, [2, 4, 5])
      packet.removeTags(from: 3)
      check(packet, [2, 4, 5])
      packet.removeTags(from: 1)
      check(packet, [2])
      try packet.addTag(PacketTag(cookie: 7, id: 0x803, byteCount: 0))
      packet.removeTransientTags()
      #expect(ids(packet) == [0x803])
      packet.removeTags(from: 0)
      #expect(packet.tagCount == 0 && !packet.head.flags.contains(.tagged))
    }
  }

  @Test func theyMoveToAnotherPacketAndAreCopied() throws {
    try leakChecked { pool in
      var first = try tagged(pool, [1, 2, 3])
      var second = try tagged(pool, [9])
      first.moveTag(at: 1, to: &second)
      check(first, [1, 3])
      check(second, [2, 9])
      try second.copyTags(from: first)
      check(second, [1, 3])
      first.removeTags(from: 0)
      try second.copyTags(from: first)
      check(second, [])
    }
  }

  /// Whatever exchanges the first mbuf takes them along; whatever copies the header copies them.
  @Test func theyGoWhereTheHeaderGoes() throws {
    try leakChecked { pool in
      var packet = try tagged(pool, [4, 2])
      try packet.append([UInt8](0..<100))
      try packet.prepend(300)
      check(packet, [4, 2])
      try packet.pullUp(390)
      check(packet, [4, 2])
      var shared = try packet.sharedCopy()
      check(shared, [4, 2])
      check(try packet.duplicate(), [4, 2])
      check(try packet.sharedCopy(0..<10), [4, 2])
      check(try packet.sharedCopy(1..<10), [])
      try shared.makeWritable()
      check(shared, [4, 2])
      check(try packet.split(at: 200), [])
      check(packet, [4, 2])
      packet.join(shared)
      check(packet, [4, 2])
      #expect(pool.statistics().tags == 2)
      packet.header = PacketHeader()
      check(packet, [4, 2])
      let chain = packet.demoted()
      #expect(pool.statistics().tags == 0 && chain.byteCount == 600)
    }
  }

  @Test func theReleaseClosureRunsOnceWithThePayload() throws {
    try leakChecked { pool in
      let seen = Atomic(0)
      let observe: @Sendable (RawSpan) -> Void = {
        seen.wrappingAdd(1 + $0.byteCount, ordering: .relaxed)
      }
      withExtendedLifetime(seen) {}
      do {
        var packet = try pool.packet()
        try packet.addTag(PacketTag(cookie: 1, id: 1, byteCount: 10), onRelease: observe)
        let copy = try packet.duplicate()
        _ = consume copy
        #expect(seen.load(ordering: .relaxed) == 0, "a copy knows nothing of the closure")
        var other = try pool.packet()
        packet.moveTag(at: 0, to: &other)
        _ = consume packet
        #expect(seen.load(ordering: .relaxed) == 0)
      }
      #expect(seen.load(ordering: .relaxed) == 11)
    }
  }

  @Test func aDeniedTagLeavesThePacketAsItWas() throws {
    try leakChecked { pool in
      try pool.sweepFailures {
        var packet = try tagged(pool, [1, 250])
        let before = pool.outstanding
        do {
          let copy = try packet.sharedCopy()
          check(copy, [1, 250])
        } catch let error as MbufError {
          check(packet, [1, 250])
          #expect(pool.outstanding == before)
          throw error
        }
        var other = try tagged(pool, [5])
        do {
          try other.copyTags(from: packet)
        } catch let error as MbufError {
          check(other, [5])
          throw error
        }
        try packet.addTag(PacketTag(cookie: 0, id: 0, byteCount: 1))
      }
    }
  }

  @Test func mistakesTrap() async {
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().packet()
      packet.removeTag(at: 0)
    }
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().packet()
      try packet.addTag(PacketTag(cookie: 0, id: 0, byteCount: PacketTag.mostBytes + 1))
    }
  }
}
