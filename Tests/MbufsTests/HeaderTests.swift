// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing
import UMA

@testable import Mbufs

/// The packet header between packets.
@Suite struct HeaderTests {
  private static let bytes: [UInt8] = [0x41, 0x42, 0x43]

  @Test func copied() throws {
    try forEveryChain(upTo: 3) { bench, packet, model in
      var other = try bench.pool.smallPacket()
      try other.append(Self.bytes)
      other.head.flags.insert(.multicast)
      packet.head.flags.insert(.broadcast)
      try other.copyHeader(from: packet)
      try bench.check(packet, model)
      // The mark of a record's end is of the bytes.
      if other.head.flags.subtracting(.tagged) != [.packetHeader, .broadcast] {
        throw Failure(description: "flags \(other.head.flags)")
      }
      try bench.settle(other, model.headed(Self.bytes))
    }
  }

  @Test func moved() throws {
    try forEveryChain(upTo: 3) { bench, packet, model in
      var other = try bench.pool.packet()
      try other.append(Self.bytes)
      packet.head.flags.insert(.broadcast)
      other.moveHeader(from: &packet)
      let expected = model.headed(Self.bytes)
      if !packet.head.flags.isDisjoint(with: .ofPacket) {
        throw Failure(description: "flags \(packet.head.flags)")
      }
      try bench.settle(other, expected)
      (model.header, model.wireByteCount, model.tags) = (PacketHeader(), nil, [])
    }
  }

  /// Storage marks belong to the storage: none goes with a header.
  @Test func readOnlyStays() throws {
    try leakChecked { pool in
      let memory = LentMemory(isReadOnly: true)
      var packet = try pool.packet(over: memory.storage(), byteCount: 9)
      var other = try pool.smallPacket()
      try other.append(Self.bytes)
      try other.copyHeader(from: packet)
      #expect(other.isWritable && !packet.isWritable)
      other.moveHeader(from: &packet)
      #expect(other.isWritable && !packet.isWritable)
    }
  }

  /// A packet with a tag that notes its end, and a few segments.
  private func tagged(_ pool: MbufPool, _ ends: Ends) throws -> Packet {
    var packet = try pool.packet(copying: unsafe GrowTests.bytes(300).span.bytes)
    try packet.fragment(into: 90)
    try packet.addTag(PacketTag(cookie: 7, id: 1, byteCount: 4)) { _ in ends.note() }
    return packet
  }

  @Test func tagsAreCopiedWithTheHeader() throws {
    try leakChecked { pool in
      let ends = Ends()
      do {
        let packet = try tagged(pool, ends)
        var other = try tagged(pool, ends)
        pool.inject(FailurePlan(failing: 1))
        #expect(throws: MbufError.self) { try other.copyHeader(from: packet) }
        #expect(other.tagCount == 1 && ends.count == 0)
        pool.inject(nil)
        try other.copyHeader(from: packet)
        // The old tag has ended; the copy has no closure.
        #expect(other.tagCount == 1 && packet.tagCount == 1 && ends.count == 1)
        #expect(other.tagIndex(cookie: 7, id: 1) == 0)
      }
      #expect(ends.count == 2)
    }
  }

  @Test func tagsMoveWithTheHeader() throws {
    try leakChecked { pool in
      let ends = Ends()
      do {
        var packet = try tagged(pool, ends)
        var other = try tagged(pool, ends)
        other.moveHeader(from: &packet)
        #expect(other.tagCount == 1 && packet.tagCount == 0 && ends.count == 1)
        _ = consume packet
        #expect(ends.count == 1)
      }
      #expect(ends.count == 2)
    }
  }

  /// Whatever becomes the first segment has the tags.
  @Test func tagsStayWithTheirPacket() throws {
    try leakChecked { pool in
      let ends = Ends()
      do {
        var packet = try tagged(pool, ends)
        try packet.copyUp(20, headroom: 60)
        try packet.pullDown(10..<200)
        #expect(packet.tagCount == 1)
        try packet.collapse(to: 1)
        #expect(packet.tagCount == 1)
        try packet.fragment(into: 10)
        #expect(packet.tagCount == 1)
        try packet.defragment()
        #expect(packet.tagCount == 1 && ends.count == 0)
        packet.checkInvariants()
      }
      #expect(ends.count == 1)
    }
  }
}

extension PacketModel {
  /// Other bytes, which end no record, with this header.
  fileprivate func headed(_ bytes: [UInt8]) -> PacketModel {
    var model = self
    (model.bytes, model.endsRecord) = (bytes, false)
    return model
  }
}

/// Counts how many tags have ended.
private final class Ends: Sendable {
  private let ends = Atomic(0)
  var count: Int { ends.load(ordering: .relaxed) }
  func note() { ends.add(1, ordering: .relaxed) }
}
