// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Models

// Tags and marks.

extension PacketWorld {
  func tag(_ operation: PacketOperation) throws {
    let slot = slot()
    let count = slot.model.tags?.count ?? 0
    switch operation {
    case .addTag:
      let number = input.byte()
      let byteCount = input.number(upTo: PacketTag.mostBytes)
      guard count < 8 else { return }
      let id = number & 1 == 0 ? UInt16(number) : UInt16(number) | PacketTag.persistent
      let tag = PacketTag(cookie: UInt32(number >> 4), id: id, byteCount: byteCount)
      let isDone = try attempt(slot) { (packet) throws(MbufError) in
        try packet.addTag(tag)
      } _: {
        $0.tags?.insert(TagModel(tag, [UInt8](repeating: 0, count: byteCount)), at: 0)
      }
      guard isDone, byteCount > 0 else { return }
      slot.packet.write(UInt8(number), intoTagAt: byteCount - 1)
      slot.model.tags?[0].bytes[byteCount - 1] = UInt8(number)
    case .removeTag:
      guard count > 0 else { return }
      let index = input.number(upTo: count - 1)
      slot.packet.removeTag(at: index)
      slot.model.tags?.remove(at: index)
    case .removeTags:
      let index = input.number(upTo: count + 1)
      if index > count {
        slot.packet.removeTransientTags()
        slot.model.tags?.removeAll { $0.tag.id & PacketTag.persistent == 0 }
      } else {
        slot.packet.removeTags(from: index)
        slot.model.tags?.removeLast(count - index)
      }
    case .moveTag:
      let other = self.slot()
      guard other !== slot, count > 0 else { return }
      let index = input.number(upTo: count - 1)
      slot.packet.moveTag(at: index, to: &other.packet)
      if let tag = slot.model.tags?.remove(at: index) { other.model.tags?.insert(tag, at: 0) }
    default:
      let other = self.slot()
      guard other !== slot else { return }
      try attempt(slot) { (packet) throws(MbufError) in
        try packet.copyTags(from: other.packet)
      } _: {
        $0.tags = other.model.tags
      }
    }
  }

  func mark() {
    let slot = slot()
    let choice = input.byte()
    switch choice & 3 {
    case 0: slot.packet.type = MbufType.allCases[(choice >> 2) % MbufType.allCases.count]
    case 1:
      slot.packet.endsRecord = choice & 4 != 0
      slot.model.endsRecord = choice & 4 != 0
    default: slot.packet.markReadOnly()
    }
  }
}

extension Packet {
  fileprivate mutating func write(_ value: UInt8, intoTagAt place: Int) {
    var bytes = mutableTagBytes(at: 0)
    bytes.storeBytes(of: value, toByteOffset: place, as: UInt8.self)
  }
}
