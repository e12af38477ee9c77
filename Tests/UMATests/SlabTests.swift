// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import UMA

extension Slab {
  /// Takes the first free item.
  func takeItem(_ layout: SlabLayout) -> Item {
    ItemPlaces.withOne { place in
      precondition(takeItems(into: place, layout) == 1, "a slab with no free item")
      return place[0]
    }
  }
}

@Suite struct SlabTests {
  /// Runs `body` with a fresh slab on the heap, the header where the layout puts it.
  static func withSlab(_ layout: SlabLayout, _ body: (Slab) -> Void) {
    let offset = layout.headerOffset ?? layout.byteCount
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: offset + layout.headerByteCount, alignment: 4_096)
    // Dirty, since the header must not count on zeroes.
    unsafe memory.initializeMemory(
      as: UInt8.self, repeating: 0xa5, count: offset + layout.headerByteCount)
    let items = unsafe Item(memory)
    body(Slab.make(at: items.advanced(by: offset), items: items, layout: layout))
    unsafe memory.deallocate()
  }

  @Test(arguments: [
    SlabLayout(itemByteCount: 256, alignment: 256),
    SlabLayout(itemByteCount: 2_048, flags: .referenceCounted),
    SlabLayout(itemByteCount: 24), SlabLayout(itemByteCount: 1), SlabLayout(itemByteCount: 16_384),
  ])
  func takesEachItemOnceFromTheLowest(_ layout: SlabLayout) {
    Self.withSlab(layout) { slab in
      let start = slab.items.number
      for index in 0..<layout.itemCount {
        let item = slab.takeItem(layout).number
        #expect(item == start + UInt(index * layout.stride))
        slab.checkInvariants(layout)
      }
      #expect(slab.freeCount == 0)
    }
  }

  @Test func aFreedItemIsTakenAgainBeforeHigherOnes() {
    let layout = SlabLayout(itemByteCount: 24)
    Self.withSlab(layout) { slab in
      for _ in 0..<100 { _ = slab.takeItem(layout) }
      for index in [70, 3, 64] {
        slab.putItem(slab.items.advanced(by: index * layout.stride), layout)
      }
      let taken = (0..<4).map { _ in
        slab.takeItem(layout).distance(from: slab.items) / layout.stride
      }
      #expect(taken == [3, 64, 70, 100])
      slab.checkInvariants(layout)
    }
  }

  /// From each place on, and as many as there are: all that are there, then those before, in order.
  @Test func itemsAreTakenFromAPlaceOnAndRound() {
    let layout = SlabLayout(itemByteCount: 24)
    let count = layout.itemCount
    for start in [0, 1, 63, 64, 65, count - 1] {
      for wanted in [1, 5, count - 1, count, count + 1] {
        Self.withSlab(layout) { slab in
          let slots = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: wanted)
          let places = unsafe ItemPlaces(slots, count: wanted)
          let taken = slab.takeItems(into: places, layout, from: start)
          #expect(taken == min(wanted, count) && slab.freeCount == count - taken)
          let indices = (0..<taken).map { places[$0].distance(from: slab.items) / layout.stride }
          #expect(indices == (0..<taken).map { (start + $0) % count })
          slab.checkInvariants(layout)
          let rest = (taken..<count).map { _ in
            slab.takeItem(layout).distance(from: slab.items) / layout.stride
          }
          #expect(rest == (0..<count).filter { !indices.contains($0) })
          unsafe slots.deallocate()
        }
      }
    }
  }

  @Test func countersAreZeroAndALineApart() {
    let layout = SlabLayout(itemByteCount: 2_048, flags: .referenceCounted)
    Self.withSlab(layout) { slab in
      var last = slab.word + UInt(layout.counterOffset) - 64
      for _ in 0..<layout.itemCount {
        let item = slab.takeItem(layout)
        let counter = slab.counter(of: item, layout)
        let value = unsafe counter.address.load(as: UInt32.self)
        #expect(value == 0)
        #expect(counter.number == last + 64)
        last = counter.number
      }
      let end = slab.word + UInt(layout.headerByteCount)
      #expect(last + 64 == end)
    }
  }

  @Test func listsKeepOrderAndCount() {
    let layout = SlabLayout(itemByteCount: 4_000)
    Self.withSlab(layout) { a in
      Self.withSlab(layout) { b in
        Self.withSlab(layout) { c in
          var list = SlabList(.partial)
          list.push(a)
          list.push(b)
          list.push(c)
          #expect(Self.order(list) == [c, b, a].map(\.word))
          list.remove(b)
          #expect(Self.order(list) == [c, a].map(\.word))
          list.remove(c)
          list.push(b)
          list.remove(a)
          #expect(Self.order(list) == [b.word])
          #expect(list.count == 1)
          list.remove(b)
          #expect(Self.order(list).isEmpty && list.count == 0)
        }
      }
    }
  }

  private static func order(_ list: borrowing SlabList) -> [UInt] {
    var order: [UInt] = []
    list.forEach { order.append($0.word) }
    return order
  }

  @Test func trapsOnMistakes() async {
    // Freed twice.
    await #expect(processExitsWith: .failure) {
      let layout = SlabLayout(itemByteCount: 256)
      SlabTests.withSlab(layout) { slab in
        let item = slab.takeItem(layout)
        slab.putItem(item, layout)
        slab.putItem(item, layout)
      }
    }
    // Not where an item starts.
    await #expect(processExitsWith: .failure) {
      let layout = SlabLayout(itemByteCount: 256)
      SlabTests.withSlab(layout) { slab in
        slab.putItem(slab.takeItem(layout).advanced(by: 8), layout)
      }
    }
    // No counters in this keg.
    await #expect(processExitsWith: .failure) {
      let layout = SlabLayout(itemByteCount: 256)
      SlabTests.withSlab(layout) { slab in
        _ = slab.counter(of: slab.takeItem(layout), layout)
      }
    }
  }
}
