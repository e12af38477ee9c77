// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

@Suite struct SlabHashTests {
  /// Headers of slabs at chosen addresses, of which no byte is ever touched.
  @safe
  final class Headers {
    private let memory: UnsafeMutableRawPointer
    private let count: Int

    init(_ starts: [UInt]) {
      count = starts.count
      unsafe memory = .allocate(byteCount: count * 64, alignment: 64)
      for (index, start) in starts.enumerated() {
        guard let items = Item(number: start) else { continue }
        _ = Slab.make(at: self[index].header, items: items, itemCount: 0, kegNumber: 1)
      }
    }

    deinit { unsafe memory.deallocate() }

    subscript(_ index: Int) -> Slab { unsafe Slab(header: Item(memory + index * 64)) }
  }

  /// The index of the slab that the table finds for an address.
  static func find(_ address: UInt, _ hash: SlabHash, _ byteCount: Int, _ starts: [UInt]) -> Int? {
    guard let item = Item(number: address),
      let slab = hash.find(item, slabByteCount: byteCount)
    else { return nil }
    return starts.firstIndex(of: slab.items.number)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 15, 16, 17, 256])
  func findsTheSlabOfEveryAddressAndNoOther(_ pageCount: Int) {
    var random = SeededRandom()
    let byteCount = pageCount * 4_096
    // Slabs end to end, and with gaps of any number of pages.
    var next: UInt = 0x7f00_0000_0000
    let starts = (0..<200).map { _ -> UInt in
      defer { next += UInt(byteCount) }
      if random.chance(50) { next += UInt(4_096 * Int.random(in: 1...40, using: &random)) }
      return next
    }
    let headers = Headers(starts)
    let hash = SlabHash(slabByteCount: byteCount)
    for index in starts.indices { hash.insert(headers[index]) }
    #expect(hash.chainCount == 32 && hash.counts().slabs == 200)
    for page in stride(from: starts[0] - 4_096, to: next + 8_192, by: 4_096) {
      let expected = starts.firstIndex { $0 <= page && page < $0 + UInt(byteCount) }
      #expect(Self.find(page, hash, byteCount, starts) == expected)
      #expect(Self.find(page + 4_095, hash, byteCount, starts) == expected)
    }
    for index in starts.indices.shuffled(using: &random).prefix(100) {
      hash.remove(headers[index])
      #expect(Self.find(starts[index], hash, byteCount, starts) == nil)
    }
    #expect(hash.counts().slabs == 100)
    hash.free()
  }

  @Test func growingMovesEverySlab() {
    let starts = (0..<1_000).map { UInt(0x10_0000_0000 + $0 * 4_096) }
    let headers = Headers(starts)
    let small = SlabHash(slabByteCount: 4_096)
    for index in starts.indices { small.insert(headers[index]) }
    var large = small.grown()
    for _ in 1..<5 {
      let smaller = large
      large = smaller.grown()
      smaller.free()
    }
    #expect(large.chainCount == 1_024 && large.counts().slabs == 0)
    large.rehash(small)
    #expect(small.counts().slabs == 0 && large.counts().slabs == 1_000)
    // Adjacent slabs are spread: no chain is much longer than the one slab it has on average.
    #expect(large.counts().longest <= 8)
    for (index, start) in starts.enumerated() {
      #expect(Self.find(start, large, 4_096, starts) == index)
    }
    small.free()
    large.free()
  }

  @Test func theTableDoublesWhenThereAreAsManySlabsAsChains() {
    let layout = SlabLayout(itemByteCount: 4_096, flags: .offPage)
    let keg = Keg(
      layout: layout, pages: CountedPages(), hooks: ItemHooks(), flags: .offPage)
    #expect(layout.itemCount == 1)
    var held: [HeldItem] = []
    for count in 1...300 {
      held += KegTests.take(1, from: keg)
      let chains = keg.slabs.withLock { $0.hash?.chainCount }
      #expect(chains == max(32, 1 << (Int.bitWidth - count.leadingZeroBitCount)))
    }
    keg.checkInvariants()
    KegTests.put(held, into: keg)
    #expect(keg.releaseEmptySlabs() == 300)
    // It never shrinks.
    #expect(keg.slabs.withLock { $0.hash?.chainCount } == 512)
    keg.checkInvariants()
  }

  /// Many threads make slabs at once: of several that grow the table, one wins each time.
  @Test func threadsGrowTheTableTogether() {
    let keg = Keg(
      layout: SlabLayout(itemByteCount: 4_096, flags: .offPage), pages: CountedPages(),
      hooks: ItemHooks(), flags: .offPage)
    onThreads(8) { _ in
      var held: [HeldItem] = []
      for round in 0..<3 {
        while held.count < 200 { held += KegTests.take(1, from: keg) }
        for item in held { item.fill(UInt64(round), byteCount: 4_096) }
        for item in held { #expect(item.isFilled(UInt64(round), byteCount: 4_096)) }
        KegTests.put(held, into: keg)
        held = []
        _ = keg.releaseEmptySlabs()
      }
    }
    keg.checkInvariants()
    let slabs = keg.slabs.withLock { ($0.hash?.counts().slabs, $0.slabCount) }
    #expect(slabs.0 == slabs.1)
  }

  @Test func trapsOnASlabThatIsOnNoChain() async {
    await #expect(processExitsWith: .failure) {
      let headers = Headers([0x1000_0000])
      SlabHash(slabByteCount: 4_096).remove(headers[0])
    }
  }
}
