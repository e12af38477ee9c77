// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

/// Bytes of a packet as values, over all its segments.
@Suite struct ValuesTests {
  @Test func numbersAtEveryOffsetOfEveryChain() throws {
    try forEveryChain(of: [0, 1, 5], upTo: 3) { _, packet, model in
      let bytes = model.bytes
      for offset in 0...bytes.count {
        try expect(bytes, offset, 1) { () throws(MbufError) in
          try UInt32(packet.uint8(at: offset))
        }
        try expect(bytes, offset, 2) { () throws(MbufError) in
          try UInt32(packet.uint16(at: offset))
        }
        try expect(bytes, offset, 4) { () throws(MbufError) in try packet.uint32(at: offset) }
      }
    }
  }

  private func expect(
    _ bytes: [UInt8], _ offset: Int, _ byteCount: Int, _ number: () throws(MbufError) -> UInt32
  ) throws {
    do {
      let found = try number()
      guard offset + byteCount <= bytes.count else {
        throw Failure(description: "\(found) at \(offset) of \(bytes.count)")
      }
      let wanted = bytes[offset..<offset + byteCount].reduce(0) { $0 << 8 | UInt32($1) }
      if found != wanted { throw Failure(description: "\(found) at \(offset), not \(wanted)") }
    } catch let error as MbufError {
      if error == .tooShort(wanted: offset + byteCount, available: bytes.count) { return }
      throw error
    }
  }

  @Test func copiesOfEveryRangeOfEveryChain() throws {
    try forEveryChain(of: [0, 1, 4], upTo: 3) { _, packet, model in
      if [UInt8](copying: packet) != model.bytes { throw Failure(description: packet.dump()) }
      for start in 0...model.byteCount {
        for end in start...model.byteCount {
          let copy = try packet.copyBytes(in: start..<end)
          if copy[...] != model.bytes[start..<end] { throw Failure(description: "\(copy)") }
        }
        try demandTooShort(model.byteCount) {
          _ = try packet.copyBytes(in: start..<model.byteCount + 1)
        }
      }
    }
  }

  @Test func offsetsThatOverflowAreBeyondTheEnd() throws {
    try leakChecked { pool in
      let packet = try pool.packet(copying: unsafe GrowTests.bytes(10).span.bytes)
      #expect(throws: MbufError.tooShort(wanted: .max, available: 10)) {
        try packet.uint32(at: .max)
      }
      #expect(throws: MbufError.tooShort(wanted: .max, available: 10)) {
        try packet.uint8(at: .max)
      }
    }
  }

  @Test func negativeOffsetsTrap() async {
    await #expect(processExitsWith: .failure) {
      _ = try MbufPool().smallPacket().uint16(at: -1)
    }
    await #expect(processExitsWith: .failure) {
      _ = try MbufPool().smallPacket().copyBytes(in: -1..<0)
    }
  }

  /// The samples of the article `LookThenHandOn`: each compiles with `let`, and hands its packet on.
  @Test func aConstantIsLookedAtAndHandedOn() throws {
    try leakChecked { pool in
      var queue = PacketQueue()
      let frame = [UInt8](repeating: 2, count: 12) + [8, 0] + GrowTests.bytes(40)
      for _ in 0..<2 {
        let packet = try pool.packet(copying: unsafe frame.span.bytes)
        if try packet.uint16(at: 12) == 0x0800 { queue.enqueue(packet) }
      }
      do {
        let packet = try pool.packet(copying: unsafe frame.span.bytes)
        var count = 0
        packet.forEachSegment { count += $0.byteCount }
        #expect(count == 54 && isIPv4(packet) && packet.byteCount == 54)
        #expect(try packet.copyBytes(in: 12..<14) == [8, 0])
        enqueue(packet, on: &queue)
      }
      #expect(queue.packetCount == 3)
    }
  }

  private func isIPv4(_ packet: borrowing Packet) -> Bool {
    let bytes = packet.bytes
    return unsafe bytes.byteCount >= 14
      && bytes.unsafeLoadUnaligned(fromByteOffset: 12, as: UInt16.self).bigEndian == 0x0800
  }

  private func enqueue(_ packet: consuming Packet, on queue: inout PacketQueue) {
    if packet.bytes.byteCount > 0 { queue.enqueue(packet) }
  }
}
