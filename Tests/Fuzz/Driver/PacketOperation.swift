// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Models
import UMA

/// What one byte of an input asks for; the numbers stay, so that kept inputs keep their meaning.
enum PacketOperation: UInt8 {
  case trimFront = 0
  case trimBack = 1
  case split = 2
  case sharedCopy = 3
  case prepend = 4
  case append = 5
  case appendZeroes = 6
  case pullUp = 7
  case copyIn = 8
  case makeWritable = 9
  case join = 10
  case duplicate = 11
  case lend = 12
  case packet = 13
  case smallPacket = 14
  case longPacket = 15
  case packetCopying = 16
  case copyOut = 17
  case header = 18
  case writeInPlace = 19
  case enqueue = 20
  case dequeue = 21
  case extend = 22
  case walk = 23
  case injectFailure = 24
  case reclaim = 25
  case limit = 26
  case exchange = 27
  case sizedPacket = 28
  case mark = 29
  case addTag = 30
  case removeTag = 31
  case removeTags = 32
  case moveTag = 33
  case copyTags = 34
  case getChain = 35
  case appendPacket = 36
  case appendChain = 37
  case trimChainFront = 38
  case trimChainBack = 39
  case splitChain = 40
  case chainToPacket = 41
  case lendChain = 42
  case copyUp = 43
  case pullDown = 44
  case defragment = 45
  case collapse = 46
  case fragment = 47
  case copyHeader = 48
  case moveHeader = 49
  case transform = 50
  case gather = 51
  case scatter = 52
  case contiguous = 53
  case appendToBuffer = 54
  case appendRecord = 55
  case appendStream = 56
  case insertOutOfBand = 57
  case appendParts = 58
  case reserve = 59
  case dropBytes = 60
  case cutBytes = 61
  case takeRecord = 62
  case send = 63
}

extension PacketWorld {
  func perform(_ operation: PacketOperation) throws {
    switch operation {
    case .packet, .smallPacket, .longPacket, .sizedPacket, .contiguous, .packetCopying, .lend:
      try get(operation)
    case .sharedCopy, .duplicate, .split, .join: try relate(operation)
    case .prepend, .append, .appendZeroes, .extend, .reserve, .copyIn: try grow(operation)
    case .trimFront, .trimBack, .pullUp, .makeWritable, .writeInPlace: try rearrange(operation)
    case .copyOut, .walk, .header: try look(operation)
    case .enqueue, .dequeue, .exchange: try pass(operation)
    case .mark: mark()
    case .addTag, .removeTag, .removeTags, .moveTag, .copyTags: try tag(operation)
    case .getChain, .appendPacket, .appendChain, .trimChainFront, .trimChainBack, .splitChain,
      .chainToPacket, .lendChain:
      try chain(operation)
    case .copyUp, .pullDown, .defragment, .collapse, .fragment: try reshape(operation)
    case .copyHeader, .moveHeader: try header(operation)
    case .transform, .gather, .scatter: try lists(operation)
    case .appendToBuffer, .appendRecord, .appendStream, .insertOutOfBand, .appendParts, .dropBytes,
      .cutBytes, .takeRecord, .send:
      try buffer(operation)
    case .injectFailure:
      let attempt = input.byte()
      plan(FailurePlan(failing: 1 + attempt & 0x1f, andAllLater: attempt & 0x80 != 0))
    case .reclaim:
      for pool in pools { pool.reclaim(input.byte() & 1 == 0 ? .trim : .drainWithCaches) }
    case .limit: limit(to: 1 + input.byte())
    }
  }

  func slot() -> Slot { slots[input.byte() % slots.count] }

  func size() -> ClusterSize { ClusterSize.allCases[input.byte() & 3] }

  /// How much more a packet may have.
  func room(_ slot: Slot) -> Int { Swift.max(0, Self.mostBytes - slot.model.byteCount) }

  /// Takes the packet out of a slot, which then has an empty one; nil if there is none.
  func take(_ slot: Slot) throws -> Packet? {
    do {
      let taken = try pools[0].smallPacket()
      slot.model = PacketModel()
      slot.model.tags = []
      return slot.exchange(taken)
    } catch {
      try demandReason(error)
      return nil
    }
  }

  /// Throws unless the operation is refused for want of a byte, and changes nothing.
  func demandTooShort(
    _ slot: Slot, _ wanted: Int, _ operation: (inout Packet) throws(MbufError) -> Void
  ) throws {
    let before = Shape(slot.packet)
    let available = slot.model.byteCount
    do {
      try operation(&slot.packet)
    } catch {
      guard error == .tooShort(wanted: wanted, available: available) else { throw error }
      guard Shape(slot.packet) == before else { throw Failure(description: "refused, but changed") }
      return
    }
    throw Failure(description: "gave \(wanted) bytes of \(available)")
  }
}
