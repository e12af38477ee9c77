// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

/// A caller's mistake stops the program.
@Suite struct TrapTests {
  @Test func trimBeyondTheLength() async {
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().smallPacket()
      packet.trimFront(1)
    }
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().smallPacket()
      packet.trimBack(1)
    }
  }

  @Test func writingASharedPacket() async {
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().packet()
      try packet.append([1])
      let copy = try packet.sharedCopy()
      _ = packet.mutableBytes
      withExtendedLifetime(copy.byteCount) {}
    }
  }

  @Test func negativeCounts() async {
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().smallPacket()
      _ = try packet.split(at: -1)
    }
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().smallPacket()
      try packet.prepend(-1)
    }
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().smallPacket()
      packet.trimFront(-1)
    }
  }

  @Test func lendingTwice() async {
    await #expect(processExitsWith: .failure) {
      let pool = MbufPool()
      let storage = LentMemory().storage()
      let first = try pool.packet(over: storage, byteCount: 1)
      let second = try pool.packet(over: storage, byteCount: 1)
      withExtendedLifetime(first.byteCount + second.byteCount) {}
    }
  }

  @Test func headroomBeyondTheStorage() async {
    await #expect(processExitsWith: .failure) { _ = try MbufPool().smallPacket(headroom: 169) }
  }

  @Test func growingBeyondALengthsBits() async {
    await #expect(processExitsWith: .failure) {
      // Shared copies of much memory, joined until the length would no longer fit.
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 400 << 20, alignment: 16)
      let storage = unsafe LentStorage(unsafeLending: bytes, isReadOnly: true) {}
      var packet = try MbufPool().packet(over: storage, byteCount: bytes.count)
      packet.join(try packet.sharedCopy())
      packet.join(try packet.sharedCopy())
    }
  }
}
