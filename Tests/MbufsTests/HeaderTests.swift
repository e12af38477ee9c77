// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

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
      if other.head.flags != [.packetHeader, .broadcast] {
        throw Failure(description: "flags \(other.head.flags)")
      }
      var expected = model
      expected.bytes = Self.bytes
      try bench.settle(other, expected)
    }
  }

  @Test func moved() throws {
    try forEveryChain(upTo: 3) { bench, packet, model in
      var other = try bench.pool.packet()
      try other.append(Self.bytes)
      packet.head.flags.insert(.broadcast)
      other.moveHeader(from: &packet)
      var expected = model
      expected.bytes = Self.bytes
      if !packet.head.flags.isDisjoint(with: .ofPacket) {
        throw Failure(description: "flags \(packet.head.flags)")
      }
      try bench.settle(other, expected)
      model = PacketModel(model.bytes)
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
}
