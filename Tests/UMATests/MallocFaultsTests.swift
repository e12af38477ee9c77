// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

/// What a caller can do wrong with memory, each in a process of its own.
@Suite struct MallocFaultsTests {
  /// Frees a fresh item of `byteCount` bytes by `body`, which is given its address as a number.
  static func fault(_ byteCount: Int, _ body: (SizeClassAllocator, MallocType, HeldItem) -> Void) {
    let memory = SizeClassAllocator()
    let type = MallocType("right")
    guard let item = try? SizeClassAllocatorTests.take(byteCount, type, from: memory) else {
      return
    }
    body(memory, type, item)
  }

  static func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func aSecondFreeTraps() async {
    let small = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      MallocFaultsTests.fault(100) { memory, type, item in
        unsafe memory.free(item.address, type: type)
        unsafe memory.free(item.address, type: type)
      }
    }
    #expect(trap(Self.message(small), says: "is freed twice"))
    let drained = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      MallocFaultsTests.fault(100) { memory, type, item in
        unsafe memory.free(item.address, type: type)
        memory.drain()
        unsafe memory.free(item.address, type: type)
      }
    }
    #expect(trap(Self.message(drained), says: "is no memory of this allocator"))
    let large = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      MallocFaultsTests.fault(100_000) { memory, type, item in
        unsafe memory.free(item.address, type: type)
        unsafe memory.free(item.address, type: type)
      }
    }
    #expect(trap(Self.message(large), says: "is no memory of this allocator"))
  }

  @Test func theWrongTypeTraps() async {
    let small = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      MallocFaultsTests.fault(100) { memory, _, item in
        unsafe memory.free(item.address, type: MallocType("wrong"))
      }
    }
    #expect(trap(Self.message(small), says: "is of type right, and freed as wrong"))
    let large = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      MallocFaultsTests.fault(100_000) { memory, _, item in
        unsafe memory.free(item.address, type: MallocType("wrong"))
      }
    }
    #expect(trap(Self.message(large), says: "is of type right, and freed as wrong"))
  }

  @Test func foreignAndCrookedPointersTrap() async {
    await #expect(processExitsWith: .failure) {
      // Into the midst of an item.
      MallocFaultsTests.fault(100) { memory, type, item in
        unsafe memory.free(item.address + 16, type: type)
      }
    }
    await #expect(processExitsWith: .failure) {
      // Into the midst of a run, on its second page.
      MallocFaultsTests.fault(100_000) { memory, type, item in
        unsafe memory.free(item.address + 4_096, type: type)
      }
    }
    await #expect(processExitsWith: .failure) {
      // An item of the slab that nobody was ever given.
      MallocFaultsTests.fault(100) { memory, type, item in
        unsafe memory.free(item.address - 128, type: type)
        unsafe memory.free(item.address + 128, type: type)
      }
    }
    await #expect(processExitsWith: .failure) {
      // Memory of the C library.
      MallocFaultsTests.fault(100) { memory, type, _ in
        unsafe memory.free(.allocate(byteCount: 100, alignment: 16), type: type)
      }
    }
    await #expect(processExitsWith: .failure) {
      // Memory of another allocator on the same pages.
      let pages = PageArena()
      let (one, other) = (SizeClassAllocator(pages: pages), SizeClassAllocator(pages: pages))
      let type = MallocType("right")
      unsafe other.free(try one.allocate(byteCount: 100, type: type), type: type)
    }
    await #expect(processExitsWith: .failure) {
      // A run of another allocator on the same pages.
      let pages = PageArena()
      let (one, other) = (SizeClassAllocator(pages: pages), SizeClassAllocator(pages: pages))
      let type = MallocType("right")
      unsafe other.free(try one.allocate(byteCount: 100_000, type: type), type: type)
    }
  }
}
