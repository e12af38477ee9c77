// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import UMA

@testable import Mbufs

/// A long random sequence of every operation, over packets that share storage with each other, now
/// and then with an allocation failing.
@Suite struct RandomTests {
  private static let operationCount = Steps.of(1_000_000)

  @Test func operationsAgainstTheModel() throws {
    var random = SeededRandom()
    try leakChecked(clusterLimit: 400) { pool in
      var walk = RandomWalk(pool, random.split())
      for step in 0..<Self.operationCount { try walk.step(step) }
      #expect(
        walk.kinds.allSatisfy { $0 > Self.operationCount / 1_000 },
        "operations by kind: \(walk.kinds)")
      #expect(walk.failureCount > Self.operationCount / 1_000)
      pool.checkInvariants()
      try walk.end()
    }
  }
}

/// A packet and what it should be; a class, so that an array can hold several.
private final class Pair {
  var packet: Packet
  var model: PacketModel

  init(_ packet: consuming Packet, _ model: PacketModel) {
    self.packet = packet
    self.model = model
  }

  func check() throws {
    if let broken = packet.brokenInvariant() { throw Failure(description: broken) }
    if let difference = model.difference(from: packet) { throw Failure(description: difference) }
  }
}

private struct RandomWalk {
  private let pool: MbufPool
  private var random: SeededRandom
  private var pairs: [Pair] = []
  private var memories: [LentMemory] = []
  private(set) var kinds = [Int](repeating: 0, count: 29)
  private(set) var failureCount = 0

  /// Packets longer than that are only made shorter.
  private static let mostBytes = 2_500
  private static let ramp = (0..<1_024).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  init(_ pool: MbufPool, _ random: SeededRandom) {
    self.pool = pool
    self.random = random
  }

  private mutating func number(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &random)
  }

  private mutating func bytes(upTo most: Int) -> [UInt8] {
    let first = number(0...255)
    return [UInt8](Self.ramp[first..<first + number(0...most)])
  }

  mutating func step(_ step: Int) throws {
    while pairs.count < 6 { pairs.append(Pair(try pool.smallPacket(), PacketModel())) }
    let index = number(0...5)
    let other = number(0...5)
    let kind = number(0...(pairs[index].model.byteCount > Self.mostBytes ? 6 : kinds.count - 1))
    let fails = random.chance(3)
    if fails {
      pool.inject(FailurePlan(failing: number(1...3), andAllLater: random.chance(50)))
    }
    do {
      do {
        try perform(kind, index, other)
        kinds[kind] += 1
      } catch MbufError.exhausted where fails {
        failureCount += 1
      }
      if fails { pool.inject(nil) }
      try pairs[index].check()
      if other != index { try pairs[other].check() }
      if step % 64 == 0 {
        for pair in pairs { try pair.check() }
        for memory in memories where memory.isReadOnly { try memory.check() }
        memories.removeAll { $0.releaseCount > 0 }
      }
    } catch {
      throw Failure(description: "step \(step), kind \(kind) on \(index), \(other): \(error)")
    }
  }

  mutating func end() throws {
    pairs.removeAll()
    #expect(memories.allSatisfy { $0.releaseCount == 1 })
  }

  private mutating func perform(_ kind: Int, _ index: Int, _ other: Int) throws {
    let pair = pairs[index]
    let some = random.chance(80) ? 40 : 600
    let offset = number(0...pair.model.byteCount)
    let range = offset..<number(offset...pair.model.byteCount)
    switch kind {
    case 0...6: try shrink(kind, pair, other, offset, range)
    case 7...13: try grow(kind, pair, other, offset, some)
    case 14...22: try rearrange(kind, pair, range)
    default: try replace(kind, pair, index, other)
    }
  }

  private mutating func shrink(
    _ kind: Int, _ pair: Pair, _ other: Int, _ offset: Int, _ range: Range<Int>
  ) throws {
    switch kind {
    case 0, 1:
      pair.packet.trimFront(offset)
      pair.model.trimFront(offset)
    case 2, 3:
      pair.packet.trimBack(offset)
      pair.model.trimBack(offset)
    case 4, 5:
      let rest = try pair.packet.split(at: offset)
      let model = pair.model.split(at: offset)
      if pairs[other] !== pair { pairs[other] = Pair(rest, model) }
    default:
      let copy = try pair.packet.sharedCopy(range)
      if pairs[other] !== pair { pairs[other] = Pair(copy, pair.model.copy(range)) }
    }
  }

  private mutating func grow(
    _ kind: Int, _ pair: Pair, _ other: Int, _ offset: Int, _ some: Int
  ) throws {
    let more = bytes(upTo: some)
    switch kind {
    case 7:
      try pair.packet.prepend(more.count)
      pair.model.prepend(more.count)
    case 8:
      if random.chance(30) { try pair.packet.reserveTailroom(number(0...3_000)) }
      try pair.packet.append(more)
      pair.model.append(more)
    case 9:
      try pair.packet.appendZeroes(more.count)
      pair.model.appendZeroes(more.count)
    case 10:
      let place = offset + (random.chance(10) ? 20 : 0)
      try pair.packet.copyIn(more, at: place)
      pair.model.copyIn(more, at: place)
    case 11:
      if pairs[other] !== pair, pairs[other].model.byteCount < Self.mostBytes {
        pair.packet.join(try pairs[other].packet.sharedCopy())
        pair.model.join(pairs[other].model)
      }
    case 12:
      let cut = number(0...more.count)
      var list = GatherList([[UInt8](more[..<cut]), [], [UInt8](more[cut...])])
      let count = number(0...more.count)
      try pair.packet.append(gathering: &list, byteCount: count)
      pair.model.append([UInt8](more[..<count]))
      if list.remaining != more.count - count { throw Failure(description: "\(list)") }
    default:
      if pair.packet.tagCount < 2 {
        try pair.packet.addTag(PacketTag(cookie: 1, id: 2, byteCount: more.count))
      }
    }
  }

  private mutating func rearrange(_ kind: Int, _ pair: Pair, _ range: Range<Int>) throws {
    let tagCount = pair.packet.tagCount
    switch kind {
    case 14:
      if random.chance(30), !pair.packet.head.appendPosition.isExternal {
        try pair.packet.attachCluster(ClusterSize.allCases[number(0...3)])
      }
      try pair.packet.pullUp(range.count)
      if pair.packet.contiguousByteCount < range.count { throw Failure(description: "apart") }
    case 15:
      let headroom = number(0...100)
      try pair.packet.copyUp(range.count, headroom: headroom)
      if pair.packet.headroom != headroom { throw Failure(description: "no headroom") }
    case 16:
      let position = try pair.packet.pullDown(range)
      if pair.packet.position(of: range.lowerBound) != position
        || pair.packet.contiguousArray(range) != [UInt8](pair.model.bytes[range])
      {
        throw Failure(description: "\(range) is apart")
      }
    case 17:
      try pair.packet.makeWritable(range)
      pair.packet.forEachMutableSegment(in: range) { piece in
        piece.storeBytes(of: 0x5a, toByteOffset: piece.byteCount - 1, as: UInt8.self)
        piece.storeBytes(of: 0x5a, toByteOffset: 0, as: UInt8.self)
      }
      // Where the pieces end is the packet's affair: both ends of each are what was written.
      try followPieces(pair, range)
    case 18:
      try pair.packet.defragment()
      if !pair.packet.isWritable { throw Failure(description: "not writable") }
    case 19:
      try pair.packet.fragment(into: number(20...168))
    case 20:
      let most = number(1...4)
      do {
        try pair.packet.collapse(to: most)
        if pair.packet.segmentCount > most { throw Failure(description: "too many") }
      } catch MbufError.tooManySegments(let least, most) {
        if least <= most || least > (pair.model.byteCount + 2_047) / 2_048 {
          throw Failure(description: "\(least) segments at least")
        }
      }
    case 21:
      var list = ScatterList(byteCounts: [number(0...50), 0, number(0...600)])
      let count = pair.packet.scatter(into: &list, from: range.lowerBound)
      let found = list.pieces.flatMap { $0 }
      if found.prefix(count) != pair.model.bytes[range.lowerBound...].prefix(found.count) {
        throw Failure(description: "\(found)")
      }
    case 22 where random.chance(50):
      pair.model.endsRecord = random.chance(70)
      pair.packet.endsRecord = pair.model.endsRecord
    default:
      pair.packet.header.vlanTag = UInt16(range.count)
      pair.model.header.vlanTag = UInt16(range.count)
      if pair.model.byteCount == 0 {
        pair.packet.alignToEnd(Swift.min(pair.packet.head.capacity, 48))
      }
    }
    if pair.packet.tagCount != tagCount { throw Failure(description: "tags lost") }
  }

  private func followPieces(_ pair: Pair, _ range: Range<Int>) throws {
    var offset = range.lowerBound
    pair.packet.forEachSegment(from: range.lowerBound, byteCount: range.count) { piece in
      pair.model.bytes[offset] = 0x5a
      offset += piece.byteCount
      pair.model.bytes[offset - 1] = 0x5a
    }
  }

  private mutating func replace(_ kind: Int, _ pair: Pair, _ index: Int, _ other: Int) throws {
    switch kind {
    case 23:
      pairs[index] = Pair(try pair.packet.duplicate(), pair.model)
    case 24:
      let memory = LentMemory(isReadOnly: random.chance(50))
      memories.append(memory)
      let count = number(0...64)
      let packet = try pool.packet(over: memory.storage(), byteCount: count)
      pairs[index] = Pair(packet, PacketModel([UInt8](repeating: 0xee, count: count)))
    case 25:
      var packet = try pool.packet(contiguous: number(0...5_000))
      let more = bytes(upTo: 300)
      try packet.append(more)
      pairs[index] = Pair(packet, PacketModel(more))
    case 26:
      let more = bytes(upTo: 600)
      var list = GatherList([more])
      let packet = try pool.packet(gathering: &list, headroom: number(0...168))
      pairs[index] = Pair(packet, PacketModel(more))
    case 27:
      let more = bytes(upTo: 600)
      let packet = try pool.packet(
        copying: unsafe more.span.bytes, headroom: number(0...168), transform: { _ in })
      pairs[index] = Pair(packet, PacketModel(more))
    default:
      let second = pairs[other]
      if second === pair { return }
      if random.chance(50) {
        try pair.packet.copyHeader(from: second.packet)
        pair.model.header = second.model.header
      } else {
        pair.packet.moveHeader(from: &second.packet)
        pair.model.header = second.model.header
        second.model.header = PacketHeader()
      }
    }
  }
}

extension Packet {
  /// The bytes of a range if they are contiguous.
  fileprivate borrowing func contiguousArray(_ range: Range<Int>) -> [UInt8]? {
    bytes(in: range)?.array
  }
}
