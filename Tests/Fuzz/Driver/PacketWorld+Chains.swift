// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Models

// Chains without a packet header.

/// A chain and its bytes; a class, so that an array can hold several.
final class ChainSlot {
  var chain = MbufChain()
  var model = PacketModel()

  func exchange(_ other: consuming MbufChain) -> MbufChain {
    swap(&chain, &other)
    return other
  }

  func check(_ what: () -> String) throws {
    chain.checkInvariants()
    var found: [UInt8] = []
    chain.forEachSegment { segment in
      unsafe segment.withUnsafeBytes { unsafe found.append(contentsOf: $0) }
    }
    if chain.byteCount != model.byteCount || found != model.bytes {
      throw Failure(description: "\(what()): bytes \(found), not \(model.bytes)")
    }
  }
}

extension PacketWorld {
  func chain(_ operation: PacketOperation) throws {
    let slot = chains[input.byte() % chains.count]
    let room = Swift.max(0, Self.mostBytes - slot.model.byteCount)
    do {
      switch operation {
      case .getChain:
        let byteCount = input.number(upTo: Self.mostBytes)
        slot.chain = try pools[input.byte() & 1].chain(byteCount: byteCount, upTo: size())
        slot.model = PacketModel()
      case .appendPacket:
        let other = self.slot()
        let more = other.model
        guard more.byteCount <= room, let packet = try take(other) else { return }
        slot.chain.append(packet)
        slot.model.join(more)
      case .appendChain:
        let other = chains[input.byte() % chains.count]
        guard other !== slot, other.model.byteCount <= room else { return }
        slot.chain.append(other.exchange(MbufChain()))
        slot.model.join(other.model)
        other.model = PacketModel()
      case .trimChainFront:
        let count = input.number(upTo: slot.model.byteCount)
        slot.chain.trimFront(count)
        slot.model.trimFront(count)
      case .trimChainBack:
        let count = input.number(upTo: slot.model.byteCount)
        slot.chain.trimBack(count)
        slot.model.trimBack(count)
      case .splitChain:
        let other = chains[input.byte() % chains.count]
        let offset = input.number(upTo: slot.model.byteCount)
        let rest = try slot.chain.split(at: offset)
        let model = slot.model.split(at: offset)
        other.chain = rest
        other.model = model
      case .chainToPacket:
        let other = self.slot()
        if let packet = try slot.chain.takePacket() {
          other.packet = packet
          other.model = slot.model
          other.model.tags = []
        }
        slot.model = PacketModel()
      default: try lend(slot, room)
      }
    } catch let error as MbufError {
      try demandReason(error)
    }
  }

  /// Does a packet's operation to a chain.
  private func lend(_ slot: ChainSlot, _ room: Int) throws {
    let choice = input.byte() & 3
    let more = input.content(upTo: room)
    let count = input.number(upTo: slot.model.byteCount)
    let isThere = try slot.chain.withPacket { (packet) throws(MbufError) -> Bool in
      switch choice {
      case 0: try packet.append(more)
      case 1: try packet.prepend(more.count)
      case 2: try packet.pullUp(Swift.min(count, MbufLayout.clusterByteCount))
      default: try packet.copyIn(more, at: count)
      }
      return true
    }
    guard isThere == true else { return }
    switch choice {
    case 0: slot.model.append(more)
    case 1: slot.model.prepend(more.count)
    case 2: break
    default: slot.model.copyIn(more, at: count)
    }
  }
}
