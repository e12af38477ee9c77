// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

@Suite struct StorageTests {
  @Test func bytesFilledInPlaceBecomeThePackets() throws {
    try forEveryChain(with: { _ in [0, 1, 3] }) { _, packet, model, count in
      let room = packet.tailroom
      let tail = unsafe packet.unsafeTail()
      if tail.count != room { throw Failure(description: "\(tail.count) bytes of \(room)") }
      let filled = Swift.min(count, room)
      for index in 0..<filled { unsafe tail[index] = 0x90 + UInt8(index) }
      unsafe packet.extend(by: filled)
      model.append((0..<filled).map { 0x90 + UInt8($0) })
    }
  }

  @Test func everySegmentIsChargedWithItsStorage() throws {
    try leakChecked { pool in
      let small = try pool.smallPacket()
      let packet = try pool.packet(byteCount: 4_096)
      let memory = LentMemory()
      let lent = try pool.packet(over: memory.storage(), byteCount: 1)
      #expect(small.storageByteCount == 256)
      #expect(packet.storageByteCount == 2 * (256 + 2_048))
      #expect(lent.storageByteCount == 256 + 64)
    }
  }
}
