// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Models

// Operations on one packet.

extension PacketWorld {
  func grow(_ operation: PacketOperation) throws {
    let slot = slot()
    switch operation {
    case .prepend:
      let count = input.number(upTo: room(slot))
      try attempt(slot) { (packet) throws(MbufError) in
        try packet.prepend(count)
      } _: {
        $0.prepend(count)
      }
    case .append:
      let bytes = input.content(upTo: room(slot))
      try attempt(slot) { (packet) throws(MbufError) in
        try packet.append(bytes)
      } _: {
        $0.append(bytes)
      }
    case .appendZeroes:
      let count = input.number(upTo: room(slot))
      try attempt(slot) { (packet) throws(MbufError) in
        try packet.appendZeroes(count)
      } _: {
        $0.appendZeroes(count)
      }
    case .extend:
      let tail = unsafe slot.packet.unsafeTail()
      let bytes = input.content(upTo: Swift.min(tail.count, room(slot)))
      for (index, byte) in bytes.enumerated() { unsafe tail[index] = byte }
      unsafe slot.packet.extend(by: bytes.count)
      slot.model.append(bytes)
    case .reserve:
      let (byteCount, size) = (input.number(upTo: 4_000), size())
      try attempt(slot) { (packet) throws(MbufError) in
        try packet.reserveTailroom(byteCount, upTo: size)
      } _: { _ in
      }
    default:
      // Up to some bytes beyond the end, which leaves a gap of zeroes.
      let offset = input.number(upTo: slot.model.byteCount + 300)
      let bytes = input.content(upTo: room(slot))
      try attempt(slot) { (packet) throws(MbufError) in
        try packet.copyIn(bytes, at: offset)
      } _: {
        $0.copyIn(bytes, at: offset)
      }
    }
  }

  func rearrange(_ operation: PacketOperation) throws {
    let slot = slot()
    let byteCount = slot.model.byteCount
    switch operation {
    case .trimFront:
      let count = input.number(upTo: byteCount)
      slot.packet.trimFront(count)
      slot.model.trimFront(count)
    case .trimBack:
      let count = input.number(upTo: byteCount)
      slot.packet.trimBack(count)
      slot.model.trimBack(count)
    case .pullUp:
      let count = input.number(upTo: Swift.min(MbufLayout.clusterByteCount, byteCount + 1))
      if count > byteCount {
        return try demandTooShort(slot, count) { (packet) throws(MbufError) in
          try packet.pullUp(count)
        }
      }
      let isDone = try attempt(slot) { (packet) throws(MbufError) in
        try packet.pullUp(count)
      } _: { _ in
      }
      if isDone, slot.packet.contiguousByteCount < count {
        throw Failure(description: "\(slot.packet.contiguousByteCount) of \(count) contiguous")
      }
    case .makeWritable:
      let range = input.range(in: byteCount)
      let isDone = try attempt(slot) { (packet) throws(MbufError) in
        try packet.makeWritable(range)
      } _: { _ in
      }
      if isDone, range.count == byteCount, !slot.packet.isWritable {
        throw Failure(description: "made writable, but is not")
      }
    default:
      // Nobody else may see a byte of it, and those who share it would show that they do.
      let isWritable = try attempt(slot) { (packet) throws(MbufError) in
        try packet.makeWritable(0..<packet.contiguousByteCount)
      } _: { _ in
      }
      let count = slot.packet.contiguousByteCount
      guard isWritable, count > 0 else { return }
      let place = input.number(upTo: count - 1)
      let value = UInt8(input.byte())
      slot.packet.write(value, at: place)
      slot.model.bytes[place] = value
    }
  }

  func look(_ operation: PacketOperation) throws {
    let slot = slot()
    let byteCount = slot.model.byteCount
    switch operation {
    case .copyOut:
      let range = input.range(in: byteCount)
      let isTooLong = input.byte() & 7 == 0
      let count = isTooLong ? byteCount - range.lowerBound + 1 : range.count
      var copied = [UInt8](repeating: 0xaa, count: count)
      let copy = { (packet: inout Packet) throws(MbufError) in
        var span = copied.mutableSpan
        var bytes = unsafe span.mutableBytes
        try packet.copyOut(range.lowerBound, into: &bytes)
      }
      if isTooLong {
        try demandTooShort(slot, byteCount + 1, copy)
        guard copied.allSatisfy({ $0 == 0xaa }) else { throw Failure(description: "half copied") }
      } else {
        try copy(&slot.packet)
        guard copied[...] == slot.model.bytes[range] else {
          throw Failure(description: "copied \(copied) of \(range)")
        }
      }
    case .walk:
      let range = input.range(in: byteCount)
      var seen: [UInt8] = []
      slot.packet.forEachSegment(from: range.lowerBound, byteCount: range.count) { segment in
        unsafe segment.withUnsafeBytes { unsafe seen.append(contentsOf: $0) }
      }
      guard seen[...] == slot.model.bytes[range] else {
        throw Failure(description: "saw \(seen) of \(range)")
      }
    default:
      var header = slot.packet.header
      header.vlanTag = UInt16(input.byte())
      header.networkOffset = UInt16(input.byte())
      header.transportOffset = UInt16(input.byte())
      header.flowHash = UInt32(input.byte())
      header.timestampInNanoseconds = Int64(input.byte())
      slot.packet.header = header
      slot.model.header = header
      let wire = input.number()
      slot.packet.wireByteCount = wire
      slot.model.wireByteCount = wire
    }
  }

  func pass(_ operation: PacketOperation) throws {
    let slot = slot()
    switch operation {
    case .enqueue:
      guard queued.count < Self.mostQueued else { return }
      let model = slot.model
      guard let packet = try take(slot) else { return }
      queue.enqueue(packet)
      queued.append(model)
    case .dequeue:
      guard let packet = queue.dequeue() else {
        guard queued.isEmpty else { throw Failure(description: "the queue lost packets") }
        return
      }
      slot.packet = packet
      slot.model = queued.removeFirst()
    default:
      // Two packets change places: the first of a pool ends in the other's slot.
      let other = self.slot()
      guard other !== slot else { return }
      swap(&slot.packet, &other.packet)
      swap(&slot.model, &other.model)
    }
    guard queue.packetCount == queued.count else { throw Failure(description: "queue and model") }
  }
}

extension Packet {
  fileprivate mutating func write(_ value: UInt8, at place: Int) {
    var bytes = mutableBytes
    bytes.storeBytes(of: value, toByteOffset: place, as: UInt8.self)
  }
}
