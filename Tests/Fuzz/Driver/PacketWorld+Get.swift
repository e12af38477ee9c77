// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Models

// New packets, and packets made of others.

extension PacketWorld {
  func get(_ operation: PacketOperation) throws {
    let index = input.byte() % slots.count
    let pool = pools[input.byte() & 1]
    do {
      switch operation {
      case .packet:
        let headroom = input.number(upTo: MbufLayout.clusterByteCount)
        slots[index] = Slot(try pool.packet(headroom: headroom), PacketModel())
      case .smallPacket:
        let headroom = input.number(upTo: MbufLayout.packetDataByteCount)
        slots[index] = Slot(try pool.smallPacket(headroom: headroom), PacketModel())
      case .sizedPacket:
        let size = size()
        let headroom = input.number(upTo: size.byteCount)
        slots[index] = Slot(try pool.packet(size, headroom: headroom), PacketModel())
      case .contiguous:
        let byteCount = input.number(upTo: MbufLayout.largestContiguousByteCount)
        let packet = try pool.packet(contiguous: byteCount)
        if packet.tailroom < byteCount { throw Failure(description: "no room for \(byteCount)") }
        slots[index] = Slot(packet, PacketModel())
      case .longPacket:
        let byteCount = input.number(upTo: Self.mostBytes)
        slots[index] = Slot(
          try pool.packet(byteCount: byteCount, upTo: size()), PacketModel())
        let before = slots[index].packet.segmentCount
        // The room must be there: filling it takes no segment more.
        let bytes = input.content(upTo: byteCount)
        try slots[index].packet.append(bytes)
        slots[index].model.append(bytes)
        if slots[index].packet.segmentCount != before {
          throw Failure(description: "no room for \(bytes.count) of \(byteCount) bytes")
        }
      case .packetCopying:
        let headroom = input.number(upTo: MbufLayout.packetDataByteCount)
        let bytes = input.content(upTo: Self.mostBytes)
        let packet = try pool.packet(copying: unsafe bytes.span.bytes, headroom: headroom)
        slots[index] = Slot(packet, PacketModel(bytes))
      default:
        let isReadOnly = input.byte() & 1 != 0
        let byteCount = 1 + input.number()
        let memory = LentMemory(isReadOnly: isReadOnly, byteCount: byteCount)
        try memory.check()
        memories.append(memory)
        let count = input.number(upTo: byteCount)
        let packet = try pool.packet(over: memory.storage(), byteCount: count)
        slots[index] = Slot(packet, PacketModel([UInt8](repeating: 0xee, count: count)))
      }
    } catch let error as MbufError {
      try demandReason(error)
    }
  }

  func relate(_ operation: PacketOperation) throws {
    let slot = slot()
    let index = input.byte() % slots.count
    let byteCount = slot.model.byteCount
    var made: Slot?
    switch operation {
    case .split:
      let offset = input.number(upTo: byteCount + 1)
      if offset > byteCount {
        return try demandTooShort(slot, offset) { (packet) throws(MbufError) in
          _ = try packet.split(at: offset)
        }
      }
      try attempt(slot) { (packet) throws(MbufError) in
        made = Slot(try packet.split(at: offset), PacketModel())
      } _: {
        made?.model = $0.split(at: offset)
      }
    case .sharedCopy:
      let range = input.range(in: byteCount)
      try attempt(slot) { (packet) throws(MbufError) in
        made = Slot(try packet.sharedCopy(range), PacketModel())
      } _: {
        made?.model = $0.copy(range)
      }
    case .duplicate:
      try attempt(slot) { (packet) throws(MbufError) in
        made = Slot(try packet.duplicate(), PacketModel())
      } _: {
        made?.model = $0
      }
      if let made, !made.packet.isWritable {
        throw Failure(description: "a private copy that cannot be written")
      }
    default:
      let other = slots[index]
      let more = other.model
      guard other !== slot, more.byteCount <= room(slot) else { return }
      guard let packet = try take(other) else { return }
      slot.packet.join(packet)
      slot.model.join(more)
    }
    if let made { slots[index] = made }
  }
}
