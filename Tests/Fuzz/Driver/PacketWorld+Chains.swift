// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Models

// Chains without a packet header.

/// A chain and its bytes; a class, so that an array can hold several.
final class ChainSlot {
  var chain = MbufChain()
  var bytes: [UInt8] = []

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
    if chain.byteCount != bytes.count || found != bytes {
      throw Failure(description: "\(what()): bytes \(found), not \(bytes)")
    }
  }
}

extension PacketWorld {
  func chain(_ operation: PacketOperation) throws {
    let slot = chains[input.byte() % chains.count]
    let room = Swift.max(0, Self.mostBytes - slot.bytes.count)
    do {
      switch operation {
      case .getChain:
        let byteCount = input.number(upTo: Self.mostBytes)
        slot.chain = try pools[input.byte() & 1].chain(byteCount: byteCount, upTo: size())
        slot.bytes = []
      case .appendPacket:
        let other = self.slot()
        let more = other.model.bytes
        guard more.count <= room, let packet = try take(other) else { return }
        slot.chain.append(packet)
        slot.bytes += more
      case .appendChain:
        let other = chains[input.byte() % chains.count]
        guard other !== slot, other.bytes.count <= room else { return }
        slot.chain.append(other.exchange(MbufChain()))
        slot.bytes += other.bytes
        other.bytes = []
      case .trimChainFront:
        let count = input.number(upTo: slot.bytes.count)
        slot.chain.trimFront(count)
        slot.bytes.removeFirst(count)
      case .trimChainBack:
        let count = input.number(upTo: slot.bytes.count)
        slot.chain.trimBack(count)
        slot.bytes.removeLast(count)
      case .splitChain:
        let other = chains[input.byte() % chains.count]
        let offset = input.number(upTo: slot.bytes.count)
        let rest = try slot.chain.split(at: offset)
        let bytes = [UInt8](slot.bytes[offset...])
        slot.bytes.removeLast(bytes.count)
        other.chain = rest
        other.bytes = bytes
      case .chainToPacket:
        let other = self.slot()
        if let packet = try slot.chain.takePacket() {
          other.packet = packet
          other.model = PacketModel(slot.bytes)
          other.model.tags = []
        }
        slot.bytes = []
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
    let count = input.number(upTo: slot.bytes.count)
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
    var model = PacketModel(slot.bytes)
    switch choice {
    case 0: model.append(more)
    case 1: model.prepend(more.count)
    case 2: break
    default: model.copyIn(more, at: count)
    }
    slot.bytes = model.bytes
  }
}
