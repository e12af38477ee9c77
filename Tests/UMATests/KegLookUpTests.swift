// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

/// Where the header stands and how the slab is found, in every combination.
@Suite struct KegLookUpTests {
  /// How a keg's slabs are found.
  enum LookUp: Equatable { case page, hash, header }

  struct Case: Sendable, CustomTestStringConvertible {
    var flags: ZoneFlags
    var isMapped: Bool
    var isInside: Bool
    var lookUp: LookUp

    var testDescription: String { "\(flags), \(isMapped ? "arena" : "private pages")" }
  }

  static let cases = [
    Case(flags: [], isMapped: true, isInside: true, lookUp: .page),
    Case(flags: [], isMapped: false, isInside: true, lookUp: .header),
    Case(flags: .hash, isMapped: true, isInside: true, lookUp: .hash),
    Case(flags: .hash, isMapped: false, isInside: true, lookUp: .hash),
    Case(flags: .pageMap, isMapped: true, isInside: true, lookUp: .page),
    Case(flags: .offPage, isMapped: true, isInside: false, lookUp: .page),
    Case(flags: .offPage, isMapped: false, isInside: false, lookUp: .hash),
    Case(flags: [.offPage, .hash], isMapped: true, isInside: false, lookUp: .hash),
    Case(flags: [.offPage, .pageMap], isMapped: true, isInside: false, lookUp: .page),
    Case(
      flags: [.offPage, .referenceCounted], isMapped: false, isInside: false, lookUp: .hash),
  ]

  static func lookUp(of keg: Keg) -> LookUp {
    if keg.slabs.withLock({ $0.hash != nil }) { return .hash }
    return keg.mapping == nil ? .header : .page
  }

  static func isItem(_ address: UInt, of keg: Keg) -> Bool {
    guard let item = Item(number: address) else { return false }
    return keg.slab(containing: item) != nil
  }

  @Test(arguments: cases, [24, 256, 20_000, 100_000])
  func anItemIsToldFromWhatIsNone(_ test: Case, _ byteCount: Int) {
    let arena = PageArena(reservingByteCount: 256 << 20)
    let pages: any PageSource = test.isMapped ? arena : CountedPages()
    let kegs = (0..<2).map { _ in
      Keg(
        layout: SlabLayout(itemByteCount: byteCount, flags: test.flags), pages: pages,
        hooks: ItemHooks(), flags: test.flags)
    }
    let layout = kegs[0].layout
    // 100,000 bytes leave the slab no room for a header.
    #expect((layout.headerOffset != nil) == (test.isInside && byteCount < 100_000))
    let isHashed = test.lookUp == .hash || (test.lookUp == .header && byteCount == 100_000)
    #expect(Self.lookUp(of: kegs[0]) == (isHashed ? .hash : test.lookUp))
    #expect(kegs[0].flags.contains(.hash) == isHashed)
    #expect(kegs[0].flags.contains(.offPage) == (layout.headerOffset == nil))
    // Slabs of both kegs, side by side.
    var held: [[HeldItem]] = [[], []]
    for _ in 0..<5 {
      for index in 0...1 {
        let wanted = held[index].count + layout.itemCount
        while held[index].count < wanted { held[index] += KegTests.take(7, from: kegs[index]) }
      }
    }
    for index in 0...1 {
      for item in held[index] {
        #expect(Self.isItem(item.number, of: kegs[index]))
        #expect(!Self.isItem(item.number, of: kegs[1 - index]))
        #expect(!Self.isItem(item.number + 8, of: kegs[index]))
        #expect(!Self.isItem(item.number + UInt(byteCount - 1), of: kegs[index]))
      }
      #expect(!Self.isItem(8, of: kegs[index]))
      #expect(!Self.isItem(0x10_0000, of: kegs[index]))
    }
    let gone = held[0]
    for index in 0...1 {
      KegTests.put(held[index], into: kegs[index])
      // Free items are items still, those of released slabs are not.
      #expect(held[index].allSatisfy { Self.isItem($0.number, of: kegs[index]) })
      _ = kegs[index].releaseEmptySlabs()
      #expect(!gone.contains { Self.isItem($0.number, of: kegs[index]) })
    }
    #expect(arena.pagesOut == 0)
  }

  static func freeToTheWrongKeg(_ flags: ZoneFlags, _ pages: any PageSource) {
    let layout = SlabLayout(itemByteCount: 256, flags: flags)
    let kegs = (0..<2).map { _ in
      Keg(layout: layout, pages: pages, hooks: ItemHooks(), flags: flags)
    }
    KegTests.put(KegTests.take(1, from: kegs[0]), into: kegs[1])
  }

  @Test func aForeignFreeTraps() async {
    await #expect(processExitsWith: .failure) {
      KegLookUpTests.freeToTheWrongKeg([], PageArena(reservingByteCount: 16 << 20))
    }
    await #expect(processExitsWith: .failure) {
      KegLookUpTests.freeToTheWrongKeg(.hash, PageArena(reservingByteCount: 16 << 20))
    }
    await #expect(processExitsWith: .failure) {
      KegLookUpTests.freeToTheWrongKeg(.offPage, PageArena(reservingByteCount: 16 << 20))
    }
    await #expect(processExitsWith: .failure) {
      KegLookUpTests.freeToTheWrongKeg([], CountedPages())
    }
  }

  @Test func everyPageOfASlabIsTaggedWhileItLives() {
    let arena = PageArena(reservingByteCount: 64 << 20)
    let layout = SlabLayout(itemByteCount: 20_000)
    let keg = KegTests.keg(layout, arena)
    let items = KegTests.take(layout.itemCount, from: keg)
    guard let first = items.min(by: { $0.number < $1.number }) else { return }
    let owners = (0..<layout.pageCount).map { page in
      unsafe arena.owner(of: first.address + page * 4_096 + 17)
    }
    #expect(owners[0] != 0 && Set(owners).count == 1)
    #expect(unsafe arena.owner(of: first.address + layout.byteCount) == 0)
    KegTests.put(items, into: keg)
    _ = keg.releaseEmptySlabs()
    let after = (0..<layout.pageCount).map { page in
      unsafe arena.owner(of: first.address + page * 4_096)
    }
    #expect(after.allSatisfy { $0 == 0 })
  }

  /// A slab whose third item refuses leaves no tag, no header, no page and no chain behind.
  @Test(arguments: [ZoneFlags.offPage, [.offPage, .hash], []])
  func afterAFailedInitializeNothingIsLeft(_ flags: ZoneFlags) {
    let arena = PageArena(reservingByteCount: 64 << 20)
    let layout = SlabLayout(itemByteCount: 500, alignment: 4, flags: flags)
    let seen = Box<[UInt]>()
    let undone = Box<[UInt]>()
    seen.value = []
    undone.value = []
    let hooks = unsafe ItemHooks(
      initialize: { item in
        seen.value?.append(UInt(bitPattern: item))
        return (seen.value?.count ?? 0) % 3 != 0
      }, finalize: { undone.value?.append(UInt(bitPattern: $0)) })
    let keg = Keg(layout: layout, pages: arena, hooks: hooks, flags: flags)
    #expect(KegTests.take(1, from: keg).isEmpty)
    #expect(seen.value?.count == 3)
    #expect(undone.value == seen.value?.prefix(2).reversed())
    #expect(arena.pagesOut == 0)
    for address in seen.value ?? [] {
      let owner = unsafe UnsafeMutableRawPointer(bitPattern: address).map {
        unsafe arena.owner(of: $0)
      }
      #expect(owner == 0)
    }
    let headersFree = keg.headers?.slabs.withLock { $0.freeItemCount % $0.slabCount }
    #expect(keg.headers == nil || headersFree != nil)
    keg.checkInvariants()
  }

  @Test func pageMapNeedsASourceThatHasOne() async {
    await #expect(processExitsWith: .failure) {
      _ = Zone(name: "z", itemByteCount: 64, flags: .pageMap, pages: CountedPages())
    }
  }

  /// Headers forced off the page hold as many items as the slab has, however many that are.
  @Test(arguments: [1, 8, 16, 24, 64, 400], [ZoneFlags.offPage, [.offPage, .referenceCounted]])
  func headersAreSizedByTheItemsTheyHave(_ byteCount: Int, _ flags: ZoneFlags) {
    let layout = SlabLayout(itemByteCount: byteCount, flags: flags)
    #expect(layout.headerOffset == nil && layout.itemCount == 4_096 / layout.stride)
    let keg = Keg(
      layout: layout, pages: PageArena(reservingByteCount: 16 << 20), hooks: ItemHooks(),
      flags: flags)
    #expect(keg.headers?.layout.itemByteCount == layout.headerByteCount)
    // Three slabs whose headers lie side by side: one that is too long would write over the next.
    var held: [HeldItem] = []
    while held.count < 3 * layout.itemCount { held += KegTests.take(100, from: keg) }
    #expect(Set(held).count == held.count)
    if layout.hasReferenceCounters {
      for (index, item) in held.enumerated() {
        unsafe keg.counter(of: item.item).address.storeBytes(of: UInt32(index), as: UInt32.self)
      }
      for (index, item) in held.enumerated() {
        unsafe #expect(keg.counter(of: item.item).address.load(as: UInt32.self) == UInt32(index))
      }
    }
    keg.checkInvariants()
    KegTests.put(held, into: keg)
    keg.checkInvariants()
  }

  @Test(arguments: [ZoneFlags(), .offPage, [.offPage, .hash]])
  func aHundredThousandSlabs(_ flags: ZoneFlags) {
    let arena = PageArena(reservingByteCount: 1 << 30)
    let byteCount = flags == [] ? 1_000 : 4_096
    let layout = SlabLayout(itemByteCount: byteCount, alignment: 4, flags: flags)
    #expect(layout.pageCount == 1)
    let keg = Keg(layout: layout, pages: arena, hooks: ItemHooks(), flags: flags)
    let slabCount = 100_000
    #expect(keg.preallocate(slabCount * layout.itemCount) == slabCount * layout.itemCount)
    #expect(Self.slabCount(of: keg) == slabCount && arena.pagesOut == slabCount)
    keg.checkInvariants()
    var held: [HeldItem] = []
    while held.count < slabCount * layout.itemCount {
      held += KegTests.take(128, from: keg, mayGrow: false)
    }
    #expect(Set(held).count == held.count && KegTests.lists(of: keg) == [0, 0, slabCount])
    let areFound = held.allSatisfy {
      Self.isItem($0.number, of: keg) && !Self.isItem($0.number + 4, of: keg)
    }
    #expect(areFound)
    var random = SeededRandom()
    held.shuffle(using: &random)
    KegTests.put(held, into: keg)
    #expect(KegTests.lists(of: keg) == [0, slabCount, 0])
    keg.checkInvariants()
    #expect(keg.releaseEmptySlabs() == slabCount && arena.pagesOut == 0)
    #expect(!Self.isItem(held[0].number, of: keg))
    keg.checkInvariants()
    arena.checkInvariants()
  }

  static func slabCount(of keg: Keg) -> Int { keg.slabs.withLock { $0.slabCount } }
}

extension Keg {
  /// The slab of which an item starts at `address`, or nil if that is no item of this keg.
  ///
  /// For an address that may be anything. It is told exactly, by the page source's table or by hash
  /// where there is one; else by going through all slabs.
  fileprivate func slab(containing address: Item) -> Slab? {
    let slab = slabs.withLock { slabs -> Slab? in
      if mapping != nil || slabs.hash != nil { return slabHolding(address, slabs) }
      let candidate = slabByHeader(holding: address)
      var found: Slab?
      let compare = { (slab: Slab) in if slab == candidate { found = slab } }
      slabs.partial.forEach(compare)
      slabs.empty.forEach(compare)
      slabs.full.forEach(compare)
      return found
    }
    guard let slab, slab.indexIfItem(address, layout) != nil else { return nil }
    return slab
  }
}
