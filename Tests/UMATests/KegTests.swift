// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

@Suite struct KegTests {
  static func keg(
    _ layout: SlabLayout, _ pages: any PageSource, _ hooks: ItemHooks = ItemHooks()
  ) -> Keg { Keg(layout: layout, pages: pages, hooks: hooks) }

  static func take(
    _ count: Int, from keg: Keg, mayGrow: Bool = true, usesReserve: Bool = false
  ) -> [HeldItem] {
    let slots = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: count)
    defer { unsafe slots.deallocate() }
    let places = unsafe ItemPlaces(slots, count: count)
    let taken = keg.takeItems(into: places, mayGrow: mayGrow, usesReserve: usesReserve)
    return (0..<taken).map { HeldItem(places[$0]) }
  }

  static func put(_ items: [HeldItem], into keg: Keg) {
    for item in items { keg.putItem(item.item) }
  }

  /// Slabs that are partial, empty, full.
  static func lists(of keg: Keg) -> [Int] {
    keg.slabs.withLock { [$0.partial.count, $0.empty.count, $0.full.count] }
  }

  @Test func slabsMoveBetweenLists() {
    let layout = SlabLayout(itemByteCount: 1_000)
    let pages = CountedPages()
    let keg = Self.keg(layout, pages)
    let each = layout.itemCount
    let first = Self.take(each, from: keg)
    #expect(Self.lists(of: keg) == [0, 0, 1])
    let second = Self.take(1, from: keg)
    #expect(Self.lists(of: keg) == [1, 0, 1])
    Self.put([first[0]], into: keg)
    #expect(Self.lists(of: keg) == [2, 0, 0])
    Self.put(second, into: keg)
    #expect(Self.lists(of: keg) == [1, 1, 0])
    // The partial slab first: the empty one stays whole and can be released.
    #expect(Self.take(1, from: keg) == [first[0]])
    #expect(keg.releaseEmptySlabs() == layout.pageCount)
    #expect(Self.lists(of: keg) == [0, 0, 1])
    #expect(pages.pagesOut == layout.pageCount)
    keg.checkInvariants()
    Self.put(first, into: keg)
    keg.checkInvariants()
    #expect(keg.releaseEmptySlabs() == layout.pageCount)
    #expect(pages.pagesOut == 0)
  }

  @Test func drawsWhatIsThereBeforeItGrows() {
    let layout = SlabLayout(itemByteCount: 1_000)
    let keg = Self.keg(layout, CountedPages())
    let held = Self.take(layout.itemCount - 2, from: keg)
    #expect(held.count == layout.itemCount - 2)
    // Two are left: no slab is made for the rest of the ten.
    let rest = Self.take(10, from: keg)
    #expect(rest.count == 2 && Self.lists(of: keg) == [0, 0, 1])
    let more = Self.take(10, from: keg)
    #expect(more.count == min(10, layout.itemCount))
    Self.put(held + rest + more, into: keg)
    keg.checkInvariants()
  }

  @Test func givesNothingWhenPagesRunOut() {
    let layout = SlabLayout(itemByteCount: 2_048)
    let pages = CountedPages(limit: layout.pageCount)
    let keg = Self.keg(layout, pages)
    let all = Self.take(layout.itemCount + 5, from: keg)
    #expect(all.count == layout.itemCount)
    #expect(Self.take(1, from: keg).isEmpty)
    #expect(pages.refusals == 1)
    Self.put(all, into: keg)
    #expect(Set(Self.take(layout.itemCount, from: keg)) == Set(all))
    Self.put(all, into: keg)
  }

  @Test func withoutGrowingOnlySlabsThatExistAreDrawnFrom() {
    let layout = SlabLayout(itemByteCount: 1_000)
    let pages = CountedPages()
    let keg = Self.keg(layout, pages)
    #expect(Self.take(1, from: keg, mayGrow: false).isEmpty)
    #expect(pages.runsMade == 0 && pages.refusals == 0)
    let one = Self.take(1, from: keg)
    let rest = Self.take(1_000, from: keg, mayGrow: false)
    #expect(rest.count == layout.itemCount - 1 && pages.runsMade == 1)
    #expect(Self.take(1, from: keg, mayGrow: false).isEmpty && pages.runsMade == 1)
    Self.put(one + rest, into: keg)
  }

  @Test func preallocatesUntilThatManyAreFree() {
    let layout = SlabLayout(itemByteCount: 1_000)
    let each = layout.itemCount
    let pages = CountedPages(limit: 10 * layout.pageCount)
    let keg = Self.keg(layout, pages)
    #expect(keg.preallocate(2 * each + 1) == 3 * each)
    #expect(Self.lists(of: keg) == [0, 3, 0])
    #expect(keg.preallocate(3 * each) == 0)
    let held = Self.take(each, from: keg)
    #expect(keg.preallocate(3 * each) == each)
    #expect(Self.take(1, from: keg, mayGrow: false).count == 1)
    // Only six more slabs are to be had.
    #expect(keg.preallocate(1_000 * each) == 6 * each)
    #expect(pages.refusals == 1)
    keg.checkInvariants()
    Self.put(held, into: keg)
  }

  @Test func theReserveIsLeftToThoseWhoMayUseIt() {
    let layout = SlabLayout(itemByteCount: 1_000)
    let each = layout.itemCount
    let pages = CountedPages(limit: 3 * layout.pageCount)
    let keg = Self.keg(layout, pages)
    keg.reserve = 2
    #expect(Self.take(each, from: keg).count == each - 2)
    // Two are free, and a slab is made rather than touch them.
    let grown = Self.take(1, from: keg)
    #expect(grown.count == 1 && pages.runsMade == 2)
    let ordinary = Self.take(1_000, from: keg) + Self.take(1_000, from: keg)
    #expect(pages.runsMade == 3 && each - 2 + 1 + ordinary.count == 3 * each - 2)
    #expect(Self.take(1, from: keg).isEmpty)
    #expect(Self.take(1, from: keg, mayGrow: false).isEmpty)
    let last = Self.take(1_000, from: keg, usesReserve: true)
    #expect(last.count == 2)
    #expect(Self.take(1, from: keg, usesReserve: true).isEmpty)
    // What comes back refills the reserve first.
    Self.put(last, into: keg)
    #expect(Self.take(1, from: keg).isEmpty)
    #expect(Self.take(2, from: keg, usesReserve: true).count == 2)
    keg.checkInvariants()
  }

  @Test(arguments: [0, 1, 5, 9])
  func releasingLeavesSlabsForTheReserve(_ reserve: Int) {
    let layout = SlabLayout(itemByteCount: 1_000)
    let each = layout.itemCount
    let keg = Self.keg(layout, CountedPages())
    keg.reserve = reserve
    #expect(keg.preallocate(5 * each) == 5 * each)
    let needed = (reserve + each - 1) / each
    #expect(keg.releaseEmptySlabs() == (5 - needed) * layout.pageCount)
    #expect(Self.lists(of: keg) == [0, needed, 0])
    keg.reserve = 0
    #expect(keg.releaseEmptySlabs() == needed * layout.pageCount)
  }

  @Test(arguments: [8, 256, 2_048, 9_216, 16_384, 20_000, 100_000])
  func randomAgainstASet(_ byteCount: Int) {
    var random = SeededRandom()
    for counted in [false, true] {
      let layout = SlabLayout(itemByteCount: byteCount, flags: counted ? .referenceCounted : [])
      let pages = CountedPages()
      let keg = Self.keg(layout, pages)
      var held: [HeldItem] = []
      var model: Set<HeldItem> = []
      for step in 0..<600 {
        if random.chance(step < 300 ? 60 : 40) {
          for item in Self.take(Int.random(in: 1...5, using: &random), from: keg) {
            #expect(model.insert(item).inserted, "given out twice")
            #expect(item.number % UInt(layout.alignment) == 0)
            held.append(item)
          }
        } else if !held.isEmpty {
          let index = Int.random(in: 0..<held.count, using: &random)
          let item = held.remove(at: index)
          model.remove(item)
          Self.put([item], into: keg)
        }
        if random.chance(2) { _ = keg.releaseEmptySlabs() }
        if random.chance(5) { keg.checkInvariants() }
      }
      let free = keg.slabs.withLock { $0.freeItemCount }
      let slabs = keg.slabs.withLock { $0.slabCount }
      #expect(free + held.count == slabs * layout.itemCount)
      #expect(pages.pagesOut == slabs * layout.pageCount)
      Self.put(held, into: keg)
      _ = keg.releaseEmptySlabs()
      #expect(pages.pagesOut == 0)
    }
  }

  @Test(arguments: [256, 2_048, 16_384, 20_000])
  func countersOfDifferentItemsAreDifferent(_ byteCount: Int) {
    let layout = SlabLayout(itemByteCount: byteCount, flags: .referenceCounted)
    let keg = Self.keg(layout, CountedPages())
    var items: [HeldItem] = []
    while items.count < 70 { items += Self.take(10, from: keg) }
    for (index, item) in items.enumerated() {
      let counter = HeldItem(keg.counter(of: item.item))
      #expect(counter.number % 64 == 0)
      unsafe #expect(counter.address.load(as: UInt32.self) == 0)
      unsafe counter.address.storeBytes(of: UInt32(index + 1), as: UInt32.self)
    }
    for (index, item) in items.enumerated() {
      let counter = HeldItem(keg.counter(of: item.item))
      unsafe #expect(counter.address.load(as: UInt32.self) == UInt32(index + 1))
    }
    Self.put(items, into: keg)
  }

  @Test func trapsOnStrangeItems() async {
    await #expect(processExitsWith: .failure) {
      // Off the slab: nothing is known of this page.
      let keg = KegTests.keg(SlabLayout(itemByteCount: 16_384), CountedPages())
      let item = KegTests.take(1, from: keg)[0]
      keg.putItem(item.item.advanced(by: 1 << 24))
    }
    await #expect(processExitsWith: .failure) {
      // Freed a second time after its slab went back to the page source.
      let keg = KegTests.keg(SlabLayout(itemByteCount: 256), CountedPages())
      let items = KegTests.take(1, from: keg)
      KegTests.put(items, into: keg)
      _ = keg.releaseEmptySlabs()
      KegTests.put(items, into: keg)
    }
    await #expect(processExitsWith: .failure) {
      // A page source that ignores the alignment.
      final class Crooked: PageSource {
        let arena = PageArena(reservingByteCount: 4 << 20)
        func allocatePages(_ pageCount: Int, alignment: Int) -> UnsafeMutableRawPointer? {
          guard let pages = unsafe arena.allocatePages(pageCount + 1, alignment: alignment) else {
            return nil
          }
          return unsafe pages + PageArena.pageByteCount
        }
        func freePages(_ pages: UnsafeMutableRawPointer, _ pageCount: Int) {}
      }
      _ = KegTests.take(1, from: KegTests.keg(SlabLayout(itemByteCount: 2_048), Crooked()))
    }
  }
}
