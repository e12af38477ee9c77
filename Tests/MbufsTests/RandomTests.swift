// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

/// Long random sequences over packets that share storage with each other.
@Suite struct RandomTests {
  /// A packet and what it should be; a class, so that an array can hold several.
  private final class Pair {
    var packet: Packet
    var model: PacketModel

    init(_ packet: consuming Packet, _ model: PacketModel) {
      self.packet = packet
      self.model = model
    }

    func check(_ what: String) throws {
      packet.checkInvariants()
      if let difference = model.difference(from: packet) {
        throw Failure(description: "\(what): \(difference)")
      }
    }
  }

  private static let mostBytes = 5_000

  @Test func operationsAgainstTheModel() throws {
    var random = SeededRandom()
    try leakChecked(clusterLimit: 200) { pool in
      var memories: [LentMemory] = []
      do {
        var pairs: [Pair] = []
        for _ in 0..<6 { pairs.append(Pair(try pool.smallPacket(), PacketModel())) }
        for step in 0..<200_000 {
          let index = Int.random(in: 0..<pairs.count, using: &random)
          let other = Int.random(in: 0..<pairs.count, using: &random)
          try self.step(pool, &pairs, index, other, &memories, &random)
          try pairs[index].check("step \(step), packet \(index)")
          if step % 64 == 0 {
            for (index, pair) in pairs.enumerated() { try pair.check("step \(step), \(index)") }
            for memory in memories where memory.isReadOnly { try memory.check() }
            memories.removeAll { $0.releaseCount > 0 }
          }
        }
        pool.checkInvariants()
      }
      #expect(memories.allSatisfy { $0.releaseCount == 1 })
    }
  }

  private func bytes(_ random: inout SeededRandom, upTo most: Int) -> [UInt8] {
    let count = Int.random(in: 0...most, using: &random)
    let first = UInt8.random(in: 0...255, using: &random)
    return (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
  }

  private func step(
    _ pool: MbufPool, _ pairs: inout [Pair], _ index: Int, _ other: Int,
    _ memories: inout [LentMemory], _ random: inout SeededRandom
  ) throws {
    let pair = pairs[index]
    let byteCount = pair.model.byteCount
    let isLong = byteCount > Self.mostBytes
    let some = random.chance(80) ? 40 : 600
    let offset = Int.random(in: 0...byteCount, using: &random)
    let range = offset..<Int.random(in: offset...byteCount, using: &random)
    switch Int.random(in: 0..<(isLong ? 6 : 17), using: &random) {
    case 0, 1:
      let count = isLong ? offset : Swift.min(offset, some)
      pair.packet.trimFront(count)
      pair.model.trimFront(count)
    case 2, 3:
      let count = isLong ? offset : Swift.min(offset, some)
      pair.packet.trimBack(count)
      pair.model.trimBack(count)
    case 4:
      let rest = try pair.packet.split(at: offset)
      pairs[other] = Pair(rest, pair.model.split(at: offset))
    case 5:
      if other != index {
        pairs[other] = Pair(try pair.packet.sharedCopy(range), pair.model.copy(range))
      }
    case 6, 7:
      let count = Int.random(in: 0...some, using: &random)
      try pair.packet.prepend(count)
      pair.model.prepend(count)
    case 8, 9:
      let more = bytes(&random, upTo: some)
      try pair.packet.append(more)
      pair.model.append(more)
    case 10:
      try pair.packet.appendZeroes(offset % 50)
      pair.model.appendZeroes(offset % 50)
    case 11:
      let count = Swift.min(offset, MbufLayout.clusterByteCount)
      try pair.packet.pullUp(count)
      if pair.packet.contiguousByteCount < count { throw Failure(description: "not pulled up") }
    case 12:
      let more = bytes(&random, upTo: some)
      let place = offset + (random.chance(10) ? 20 : 0)
      try pair.packet.copyIn(more, at: place)
      pair.model.copyIn(more, at: place)
    case 13:
      try pair.packet.makeWritable(range)
    case 14:
      if other != index, pairs[other].model.byteCount < Self.mostBytes {
        pair.packet.join(try pairs[other].packet.sharedCopy())
        pair.model.join(pairs[other].model)
      }
    case 15:
      pairs[index] = Pair(try pair.packet.duplicate(), pair.model)
    default:
      let memory = LentMemory(isReadOnly: random.chance(50))
      memories.append(memory)
      let count = Int.random(in: 0...64, using: &random)
      let packet = try pool.packet(over: memory.storage(), byteCount: count)
      pairs[index] = Pair(packet, PacketModel([UInt8](repeating: 0xee, count: count)))
    }
  }
}
