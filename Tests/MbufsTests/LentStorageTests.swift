// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing

@testable import Mbufs
@testable import UMA

@Suite struct LentStorageTests {
  @Test func comesBackOnceWithTheLastPacket() throws {
    try leakChecked { pool in
      let memory = LentMemory()
      var packet = try pool.packet(over: memory.storage(), byteCount: 64)
      let first = try packet.sharedCopy(0..<10)
      var second = try packet.sharedCopy(20..<40)
      let third = try second.split(at: 5)
      _ = consume packet
      #expect(memory.releaseCount == 0)
      _ = consume first
      _ = consume third
      #expect(memory.releaseCount == 0)
      second.trimFront(1)
      _ = consume second
      #expect(memory.releaseCount == 1)
    }
  }

  @Test func comesBackWhileItsDescriptionIsStillHeld() throws {
    try leakChecked { pool in
      let memory = LentMemory()
      let storage = memory.storage()
      do {
        let packet = try pool.packet(over: storage, byteCount: 5)
        #expect(packet.byteCount == 5)
      }
      #expect(memory.releaseCount == 1)
      withExtendedLifetime(storage) {}
    }
  }

  @Test func comesBackIfNeverLent() {
    let memory = LentMemory()
    do {
      let storage = memory.storage()
      #expect(memory.releaseCount == 0)
      withExtendedLifetime(storage) {}
    }
    #expect(memory.releaseCount == 1)
  }

  /// A number that no other live thread has: the address of its table of zone caches.
  private static var thisThread: UInt { UInt(bitPattern: unsafe CacheTable.current()?.base) }

  @Test func comesBackOnTheThreadThatLetsGo() throws {
    try leakChecked { pool in
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
      let place = Atomic(UInt(0))
      let storage = unsafe LentStorage(unsafeLending: bytes, isReadOnly: false) {
        place.store(Self.thisThread, ordering: .releasing)
      }
      let held = Handover(try pool.packet(over: storage, byteCount: 64))
      let releasing = Atomic(UInt(0))
      onThreads(1) { _ in
        releasing.store(Self.thisThread, ordering: .releasing)
        held.drop()
      }
      #expect(place.load(ordering: .acquiring) != 0)
      #expect(place.load(ordering: .acquiring) == releasing.load(ordering: .acquiring))
      unsafe bytes.deallocate()
    }
  }

  @Test func writableMemoryIsWrittenInPlace() throws {
    try leakChecked { pool in
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
      unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0xee)
      let storage = unsafe LentStorage(unsafeLending: bytes, isReadOnly: false) {}
      var packet = try pool.packet(over: storage, byteCount: 4)
      #expect(packet.tailroom == 4)
      try packet.append([1, 2, 3])
      try packet.copyIn([9], at: 0)
      packet.trimFront(2)
      try packet.prepend(1)
      let now = unsafe [UInt8](bytes)
      #expect(now == [9, 0, 0xee, 0xee, 1, 2, 3, 0xee])
      #expect(packet.segmentCount == 1)
      _ = consume packet
      unsafe bytes.deallocate()
    }
  }

  @Test func sharedCopiesOfReadOnlyMemoryNeverWriteIt() throws {
    try leakChecked { pool in
      let memory = LentMemory(isReadOnly: true)
      try memory.check()
      var packet = try pool.packet(over: memory.storage(), byteCount: 32)
      var copy = try packet.sharedCopy()
      _ = consume packet
      try copy.append([1])
      try copy.copyIn([2], at: 3)
      copy.trimFront(4)
      try copy.prepend(4)
      #expect(copy.byteCount == 33)
      try memory.check()
    }
  }
}
