// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Models

// Operations that change how bytes lie and not what they are; headers between packets; lists.

extension PacketWorld {
  func reshape(_ operation: PacketOperation) throws {
    let slot = slot()
    let byteCount = slot.model.byteCount
    switch operation {
    case .copyUp:
      let most = Swift.min(byteCount, 1_500)
      let (count, headroom) = (input.number(upTo: most), input.number(upTo: 500))
      let isDone = try attempt(slot) { (packet) throws(MbufError) in
        try packet.copyUp(count, headroom: headroom)
      } _: { _ in
      }
      guard isDone else { return }
      if slot.packet.contiguousByteCount < count || slot.packet.headroom < headroom {
        throw Failure(description: "copied up \(count) bytes behind \(headroom)")
      }
    case .pullDown:
      let start = input.number(upTo: byteCount)
      let count = input.number(upTo: Swift.min(byteCount - start, MbufLayout.clusterByteCount))
      let range = start..<start + count
      let isDone = try attempt(slot) { (packet) throws(MbufError) in
        try packet.pullDown(range)
      } _: { _ in
      }
      guard isDone else { return }
      if let found = slot.packet.copy(inPlace: range) {
        if found[...] == slot.model.bytes[range] { return }
        throw Failure(description: "\(found) in one piece at \(range)")
      }
      throw Failure(description: "\(range) is not in one piece")
    case .defragment:
      let isDone = try attempt(slot) { (packet) throws(MbufError) in
        try packet.defragment()
      } _: { _ in
      }
      if isDone, !slot.packet.isWritable { throw Failure(description: "not writable") }
    case .collapse:
      // As many as the bytes take in clusters, at least.
      let least = byteCount / MbufLayout.clusterByteCount + 1
      let most = least + input.number(upTo: 20)
      let isDone = try attempt(slot) { (packet) throws(MbufError) in
        try packet.collapse(to: most)
      } _: { _ in
      }
      if isDone, slot.packet.segmentCount > most {
        throw Failure(description: "\(slot.packet.segmentCount) segments, at most \(most)")
      }
    default:
      let size = 1 + input.number(upTo: MbufLayout.packetDataByteCount - 1)
      guard byteCount / size < 200 else { return }
      try attempt(slot) { (packet) throws(MbufError) in
        try packet.fragment(into: size)
      } _: { _ in
      }
    }
  }

  func header(_ operation: PacketOperation) throws {
    let (slot, other) = (slot(), slot())
    guard slot !== other else { return }
    var model = PacketModel(
      slot.model.bytes, header: other.model.header, wireByteCount: other.model.wireByteCount)
    model.tags = other.model.tags
    model.endsRecord = slot.model.endsRecord
    if operation == .copyHeader {
      try attempt(slot) { (packet) throws(MbufError) in
        try packet.copyHeader(from: other.packet)
      } _: {
        $0 = model
      }
    } else {
      slot.packet.moveHeader(from: &other.packet)
      slot.model = model
      (other.model.header, other.model.wireByteCount) = (PacketHeader(), nil)
      other.model.tags = []
    }
  }

  func lists(_ operation: PacketOperation) throws {
    let slot = slot()
    switch operation {
    case .transform:
      let isDone = try attempt(slot) { (packet) throws(MbufError) in
        try packet.makeWritable()
      } _: { _ in
      }
      guard isDone else { return }
      let range = input.range(in: slot.model.byteCount)
      slot.packet.forEachMutableSegment(in: range) { piece in
        unsafe piece.withUnsafeMutableBytes { bytes in
          for index in bytes.indices { unsafe bytes[index] ^= 0x5a }
        }
      }
      for index in range { slot.model.bytes[index] ^= 0x5a }
    case .gather:
      let bytes = input.content(upTo: room(slot))
      let cut = input.number(upTo: bytes.count)
      var list = GatherList([[UInt8](bytes[..<cut]), [], [UInt8](bytes[cut...])])
      let isDone = try attempt(slot) { (packet) throws(MbufError) in
        try packet.append(gathering: &list)
      } _: {
        $0.append(bytes)
      }
      if list.remaining != (isDone ? 0 : bytes.count) {
        throw Failure(description: "\(list.remaining) of \(bytes.count) bytes remain")
      }
    default:
      let range = input.range(in: slot.model.byteCount)
      let cut = input.number(upTo: range.count)
      var list = ScatterList(byteCounts: [cut, 0, range.count - cut])
      let count = slot.packet.scatter(into: &list, from: range.lowerBound)
      let found = Array(list.pieces.joined())
      if count != range.count || found[...] != slot.model.bytes[range] {
        throw Failure(description: "scattered \(found) of \(range)")
      }
    }
  }
}

extension Packet {
  fileprivate func copy(inPlace range: Range<Int>) -> [UInt8]? {
    guard let piece = bytes(in: range) else { return nil }
    return unsafe piece.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}
