// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Models
import SocketBuffers

// One socket buffer, whose records are the packets of the slots.

/// A socket buffer and the bytes of its records; a class, so that a closure can hold it.
final class BufferSlot {
  var buffer = SocketBuffer(limit: 60_000)
  var records: [[UInt8]] = []

  /// The bytes of the records as they are.
  var seen: [[UInt8]] {
    var records: [[UInt8]] = []
    buffer.forEachSegment { place, bytes in
      if place.recordNumber == records.count { records.append([]) }
      unsafe bytes.withUnsafeBytes {
        unsafe records[place.recordNumber].append(contentsOf: $0)
      }
    }
    return records
  }

  func check() throws {
    buffer.checkInvariants()
    let seen = seen
    if seen != records { throw Failure(description: "records \(seen), not \(records)") }
    let byteCount = records.reduce(0) { $0 + $1.count }
    if buffer.byteCount != byteCount || buffer.recordCount != records.count {
      throw Failure(description: "\(buffer.byteCount) bytes in \(buffer.recordCount) records")
    }
  }

  /// Takes over what an operation made of the records, if no byte came, went or moved but these.
  func accept(_ bytes: [UInt8], _ what: String) throws {
    let seen = seen
    let flat = Array(seen.joined())
    if flat != bytes { throw Failure(description: "\(what): bytes \(flat), not \(bytes)") }
    records = seen
  }
}

extension PacketWorld {
  func buffer(_ operation: PacketOperation) throws {
    switch operation {
    case .dropBytes: try drop()
    case .cutBytes: try cut()
    case .takeRecord: try takeRecord()
    case .send: try send()
    case .appendParts: try appendParts()
    default: try add(operation)
    }
  }

  // MARK: Appending

  private func add(_ operation: PacketOperation) throws {
    let slot = socketBuffer
    let from = self.slot()
    let more = from.model.bytes
    guard slot.buffer.space >= more.count, slot.records.count < 20 else { return }
    guard var packet = try take(from) else { return }
    packet.type = .data
    let before = slot.records
    switch operation {
    case .appendRecord:
      slot.buffer.appendRecord(packet)
      slot.records = before + [more]
    case .insertOutOfBand:
      slot.buffer.insertOutOfBand(packet)
      let seen = slot.seen
      let place = seen.indices.first { place in
        var others = seen
        return others.remove(at: place) == more && others == before
      }
      if place == nil { throw Failure(description: "\(seen) from \(before) and \(more)") }
      slot.records = seen
    case .appendStream where before.count <= 1:
      slot.buffer.appendStream(packet)
      try slot.accept(before.joined() + more, "append to a stream")
    default:
      slot.buffer.append(packet)
      try slot.accept(before.joined() + more, "append")
    }
  }

  /// A record with an address, with control information, or with both.
  private func appendParts() throws {
    let slot = socketBuffer
    let choice = input.byte()
    let addressBytes = choice & 1 == 0 ? [] : [1] + input.content(upTo: 240)
    let (from, other) = (self.slot(), self.slot())
    guard from !== other, slot.records.count < 20 else { return }
    var data: Packet?
    var control: Packet?
    var (dataBytes, controlBytes): ([UInt8], [UInt8]) = ([], [])
    if choice & 2 != 0 || addressBytes.isEmpty {
      controlBytes = other.model.bytes
      control = try take(other)
      if control == nil { return }
      control?.type = .control
    }
    if choice & 4 != 0 {
      dataBytes = from.model.bytes
      data = try take(from)
      data?.type = .data
      if data == nil { dataBytes = [] }
    }
    do throws(SocketError) {
      if addressBytes.isEmpty {
        try slot.buffer.appendControl(&control, data: &data)
      } else {
        try slot.buffer.appendAddress(
          unsafe addressBytes.span.bytes, control: &control, data: &data, from: pools[0])
      }
      slot.records.append(addressBytes + controlBytes + dataBytes)
    } catch {
      if case .noMemory(let error) = error { try demandReason(error) }
      // The packets are where they were.
      if let packet = control.take() { try compare(packet, controlBytes) }
      if let packet = data.take() { try compare(packet, dataBytes) }
    }
  }

  private func compare(_ packet: borrowing Packet, _ bytes: [UInt8]) throws {
    packet.checkInvariants()
    if packet.allBytes != bytes {
      throw Failure(description: "bytes \(packet.allBytes), not \(bytes)")
    }
  }

  // MARK: Removing

  private func drop() throws {
    let slot = socketBuffer
    let count = input.number(upTo: slot.buffer.byteCount)
    slot.buffer.drop(count)
    try slot.accept(Array(slot.records.joined().dropFirst(count)), "drop \(count)")
  }

  private func cut() throws {
    let slot = socketBuffer
    let count = input.number(upTo: slot.buffer.byteCount)
    let flat = Array(slot.records.joined())
    var front: Packet?
    do throws(MbufError) { front = try slot.buffer.cut(count) } catch {
      return try demandReason(error)
    }
    if let packet = front.take() {
      try compare(packet, Array(flat.prefix(count)))
    } else if count > 0 {
      throw Failure(description: "nothing cut of \(count)")
    }
    try slot.accept(Array(flat.dropFirst(count)), "cut \(count)")
  }

  private func takeRecord() throws {
    let slot = socketBuffer
    let choice = input.byte()
    guard let first = slot.records.first else {
      if slot.buffer.dropRecord() { throw Failure(description: "a record of an empty buffer") }
      return
    }
    switch choice & 7 {
    case 0:
      slot.buffer.flush()
      slot.records = []
    case 1, 2:
      if !slot.buffer.dropRecord() { throw Failure(description: "no record") }
      slot.records.removeFirst()
    default:
      var bytes: [UInt8] = []
      do throws(MbufError) {
        guard var record = try slot.buffer.receiveRecord() else { return }
        slot.records.removeFirst()
        if let packet = record.address.take() { bytes += packet.allBytes }
        if let packet = record.control.take() { bytes += packet.allBytes }
        if let packet = record.data.take() {
          packet.checkInvariants()
          bytes += packet.allBytes
          // It goes on as any other packet.
          let place = self.slot()
          var model = PacketModel(packet.allBytes, header: packet.header)
          model.wireByteCount = packet.header.wireByteCount
          model.tags = packet.allTags
          model.endsRecord = packet.endsRecord
          place.packet = packet
          place.model = model
        }
      } catch { return try demandReason(error) }
      if bytes != first { throw Failure(description: "received \(bytes), not \(first)") }
    }
  }

  // MARK: Sending

  private func send() throws {
    let slot = socketBuffer
    let choice = input.byte()
    if choice & 3 == 0 { slot.buffer.coalesces = choice & 4 != 0 }
    guard slot.records.count == 1, slot.buffer.controlByteCount == 0 else { return }
    let range = input.range(in: slot.records[0].count)
    guard !range.isEmpty else { return }
    if choice & 3 == 1 {
      var bytes: [UInt8] = []
      slot.buffer.forEachSegmentToSend(from: range.lowerBound, byteCount: range.count) { piece in
        unsafe piece.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
      }
      guard bytes[...] == slot.records[0][range] else {
        throw Failure(description: "sends \(bytes) of \(range)")
      }
    } else {
      let packet: Packet
      do throws(MbufError) {
        packet = try slot.buffer.copyToSend(from: range.lowerBound, byteCount: range.count)
      } catch { return try demandReason(error) }
      try compare(packet, Array(slot.records[0][range]))
    }
  }
}
