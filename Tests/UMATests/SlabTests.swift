// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import UMA

@Suite struct SlabTests {
  /// Runs `body` with a fresh slab on the heap, the header where the layout puts it.
  static func withSlab(_ layout: SlabLayout, _ body: (SlabPointer) -> Void) {
    let offset = layout.headerOffset ?? layout.byteCount
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: offset + layout.headerByteCount, alignment: 4_096)
    // Dirty, since the header must not count on zeroes.
    unsafe memory.initializeMemory(
      as: UInt8.self, repeating: 0xa5, count: offset + layout.headerByteCount)
    let slab = unsafe (memory + offset).assumingMemoryBound(to: Slab.self)
    unsafe slab.initializeHeader(items: memory, layout: layout)
    unsafe body(slab)
    unsafe memory.deallocate()
  }

  @Test(arguments: [
    SlabLayout(itemByteCount: 256, alignment: 256),
    SlabLayout(itemByteCount: 2_048, flags: .referenceCounted),
    SlabLayout(itemByteCount: 24), SlabLayout(itemByteCount: 1), SlabLayout(itemByteCount: 16_384),
  ])
  func takesEachItemOnceFromTheLowest(_ layout: SlabLayout) {
    unsafe Self.withSlab(layout) { slab in
      let start = unsafe UInt(bitPattern: slab.pointee.items)
      for index in 0..<layout.itemCount {
        let item = unsafe UInt(bitPattern: slab.takeItem(layout))
        #expect(item == start + UInt(index * layout.stride))
        unsafe slab.checkInvariants(layout)
      }
      let freeCount = unsafe slab.pointee.freeCount
      #expect(freeCount == 0)
    }
  }

  @Test func aFreedItemIsTakenAgainBeforeHigherOnes() {
    let layout = SlabLayout(itemByteCount: 24)
    unsafe Self.withSlab(layout) { slab in
      for _ in 0..<100 { _ = unsafe slab.takeItem(layout) }
      let start = unsafe slab.pointee.items
      for index in [70, 3, 64] { unsafe slab.putItem(start + index * layout.stride, layout) }
      let taken = (0..<4).map { _ in
        unsafe (slab.takeItem(layout) - slab.pointee.items) / layout.stride
      }
      #expect(taken == [3, 64, 70, 100])
      unsafe slab.checkInvariants(layout)
    }
  }

  @Test func countersAreZeroAndALineApart() {
    let layout = SlabLayout(itemByteCount: 2_048, flags: .referenceCounted)
    unsafe Self.withSlab(layout) { slab in
      var last = UInt(bitPattern: slab) + UInt(layout.counterOffset) - 64
      for _ in 0..<layout.itemCount {
        let item = unsafe slab.takeItem(layout)
        let counter = unsafe slab.counter(of: item, layout)
        let value = unsafe counter.load(as: UInt32.self)
        #expect(value == 0)
        #expect(UInt(bitPattern: counter) == last + 64)
        last = UInt(bitPattern: counter)
      }
      let end = UInt(bitPattern: slab) + UInt(layout.headerByteCount)
      #expect(last + 64 == end)
    }
  }

  @Test func listsKeepOrderAndCount() {
    let layout = SlabLayout(itemByteCount: 4_000)
    unsafe Self.withSlab(layout) { a in
      unsafe Self.withSlab(layout) { b in
        unsafe Self.withSlab(layout) { c in
          var list = SlabList(.partial)
          unsafe list.push(a)
          unsafe list.push(b)
          unsafe list.push(c)
          #expect(Self.order(list) == (unsafe [c, b, a].map { UInt(bitPattern: $0) }))
          unsafe list.remove(b)
          #expect(Self.order(list) == (unsafe [c, a].map { UInt(bitPattern: $0) }))
          unsafe list.remove(c)
          unsafe list.push(b)
          unsafe list.remove(a)
          #expect(Self.order(list) == (unsafe [b].map { UInt(bitPattern: $0) }))
          #expect(list.count == 1)
          unsafe list.remove(b)
          #expect(Self.order(list).isEmpty && list.count == 0)
        }
      }
    }
  }

  private static func order(_ list: borrowing SlabList) -> [UInt] {
    var order: [UInt] = []
    unsafe list.forEach { order.append(UInt(bitPattern: $0)) }
    return order
  }

  @Test func trapsOnMistakes() async {
    // Freed twice.
    await #expect(processExitsWith: .failure) {
      let layout = SlabLayout(itemByteCount: 256)
      unsafe SlabTests.withSlab(layout) { slab in
        let item = unsafe slab.takeItem(layout)
        unsafe slab.putItem(item, layout)
        unsafe slab.putItem(item, layout)
      }
    }
    // Not where an item starts.
    await #expect(processExitsWith: .failure) {
      let layout = SlabLayout(itemByteCount: 256)
      unsafe SlabTests.withSlab(layout) { slab in
        unsafe slab.putItem(slab.takeItem(layout) + 8, layout)
      }
    }
    // Asked for an item it does not have.
    await #expect(processExitsWith: .failure) {
      let layout = SlabLayout(itemByteCount: 16_384)
      unsafe SlabTests.withSlab(layout) { slab in
        for _ in 0...layout.itemCount { _ = unsafe slab.takeItem(layout) }
      }
    }
    // No counters in this keg.
    await #expect(processExitsWith: .failure) {
      let layout = SlabLayout(itemByteCount: 256)
      unsafe SlabTests.withSlab(layout) { slab in
        _ = unsafe slab.counter(of: slab.takeItem(layout), layout)
      }
    }
  }
}
