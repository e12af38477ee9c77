// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

@testable import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ZoneFlagsTests {
  // MARK: The word

  @Test func theBitsAreThoseOfTheOriginal() {
    let expected: [(ZoneFlags, UInt32)] = [
      (.zeroInitialize, 0x2), (.offPage, 0x8), (.malloc, 0x10), (.noFree, 0x20),
      (.ownLockClass, 0x40), (.bucketCacheOnly, 0x80), (.hash, 0x100), (.secondary, 0x200),
      (.referenceCounted, 0x400), (.largestBuckets, 0x800), (.cacheSpread, 0x1000),
      (.pageMap, 0x2000), (.noDump, 0x4000), (.privatePages, 0x1000_0000),
      (.internalZone, 0x2000_0000), (.full, 0x4000_0000), (.cacheOnly, 0x8000_0000),
    ]
    for (flag, value) in expected { #expect(flag.rawValue == value) }
  }

  @Test func everyFlagHasOneBitAndOneName() {
    let flags = ZoneFlags.names.map(\.flag)
    #expect(flags.allSatisfy { $0.rawValue.nonzeroBitCount == 1 })
    #expect(Set(flags).count == flags.count)
    #expect(Set(ZoneFlags.names.map(\.name)).count == flags.count)
    let isInternal = { (flag: ZoneFlags) in flag.rawValue >> 28 != 0 }
    #expect(flags.filter(isInternal) == [.privatePages, .internalZone, .full, .cacheOnly])
    #expect(ZoneFlags.noFree.description == ".noFree")
    #expect(ZoneFlags([.hash, .offPage]).description == "[.offPage, .hash]")
    #expect(ZoneFlags().description == "[]")
  }

  @Test func contradictionsTrapWithTheNames() async {
    await #expect(processExitsWith: .failure) {
      _ = Zone(name: "z", itemByteCount: 64, flags: [.hash, .pageMap])
    }
    await #expect(processExitsWith: .failure) {
      _ = Zone(name: "z", itemByteCount: 64, flags: [.bucketCacheOnly, .offPage])
    }
    await #expect(processExitsWith: .failure) {
      _ = Zone(name: "z", itemByteCount: 64, flags: .secondary)
    }
    await #expect(processExitsWith: .failure) {
      let hooks = unsafe ItemHooks(initialize: { _ in true })
      _ = Zone(name: "z", itemByteCount: 64, flags: .zeroInitialize, hooks: hooks)
    }
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Zone(name: "z", itemByteCount: 64, flags: [.noBucket, .largestBuckets])
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(trap(message, says: ".largestBuckets contradicts .noBucket"))
  }

  @Test func aZoneTellsItsFlags() throws {
    let master = Zone(
      name: "master", itemByteCount: 64, flags: [.noFree, .ownLockClass], pages: CountedPages())
    #expect(master.flags == [.noFree, .ownLockClass, .privatePages])
    let second = Zone(name: "second", sharing: master, hooks: ItemHooks())
    #expect(second.flags == [.noFree, .ownLockClass, .privatePages, .secondary])
    let arena = Zone(name: "arena", itemByteCount: 64)
    #expect(arena.flags == [])
    arena.limitInItems = 1
    let item = try arena.take()
    #expect(arena.flags == .full)
    arena.limitInItems = 2
    #expect(arena.flags == [])
    arena.give(item)
    for zone in [second, master, arena] { #expect(zone.destroy() == 0) }
  }

  // MARK: What they do

  /// Pages of which every byte is 0xa5, against the rule that they be zero.
  final class DirtyPages: PageSource {
    let arena = PageArena(reservingByteCount: 64 << 20)

    func allocatePages(_ pageCount: Int, alignment: Int) -> UnsafeMutableRawPointer? {
      let pages = unsafe arena.allocatePages(pageCount, alignment: alignment)
      unsafe pages?.initializeMemory(
        as: UInt8.self, repeating: 0xa5, count: pageCount * PageArena.pageByteCount)
      return unsafe pages
    }

    func freePages(_ pages: UnsafeMutableRawPointer, _ pageCount: Int) {
      unsafe arena.freePages(pages, pageCount)
    }
  }

  @Test(arguments: [48, 100, 2_048, 16_384])
  func zeroInitializeFillsEveryItem(_ byteCount: Int) throws {
    for (flags, expected) in [(ZoneFlags.zeroInitialize, UInt64(0)), ([], 0xa5a5_a5a5_a5a5_a5a5)] {
      let zone = Zone(name: "zero", itemByteCount: byteCount, flags: flags, pages: DirtyPages())
      let items = try zone.take(40)
      for item in items {
        let isAsExpected = stride(from: 0, through: byteCount - 8, by: 8).allSatisfy {
          unsafe item.address.loadUnaligned(fromByteOffset: $0, as: UInt64.self) == expected
        }
        #expect(isAsExpected, "\(flags)")
      }
      zone.give(items)
      #expect(zone.destroy() == 0)
    }
  }

  @Test func noFreeKeepsItsSlabsUntilTheKegEnds() throws {
    for flags in [ZoneFlags.noFree, []] {
      let pages = CountedPages()
      let zone = Zone(name: "kept", itemByteCount: 256, flags: flags, pages: pages)
      zone.give(try zone.take(500))
      let before = pages.pagesOut
      let released = zone.drain()
      #expect(released == (flags.contains(.noFree) ? 0 : before))
      #expect(pages.pagesOut == before - released)
      #expect(zone.statistics().cached == 0)
      zone.checkInvariants()
      #expect(zone.destroy() == 0)
      #expect(pages.pagesOut == 0)
    }
  }

  @Test func largestBucketsTakeNoNoticeOfASmallLimit() throws {
    for flags in [ZoneFlags.largestBuckets, []] {
      let zone = Zone(name: "buckets", itemByteCount: 64, flags: flags)
      zone.limitInItems = 80
      let item = try zone.take()
      // One bucket was filled: the item comes from it, the rest is cached.
      let slab = zone.layout.itemCount
      #expect(zone.statistics().cached == (flags == [] ? 80 / 8 : min(80, slab)) - 1)
      zone.give(item)
      #expect(zone.destroy() == 0)
    }
  }

  @Test func noBucketCachesNothing() throws {
    for flags in [ZoneFlags.noBucket, .internalZone, []] {
      let zone = Zone(name: "bare", itemByteCount: 64, flags: flags)
      let items = try zone.take(200)
      zone.give(items)
      let statistics = zone.statistics()
      #expect(statistics.allocations == 200 && statistics.frees == 200)
      #expect((statistics.cached == 0) == (flags != []))
      zone.checkInvariants()
      #expect(zone.destroy() == 0)
    }
  }

  @Test func offPagePutsTheHeaderOffTheSlab() throws {
    let plain = SlabLayout(itemByteCount: 64)
    let layout = SlabLayout(itemByteCount: 64, flags: .offPage)
    #expect(plain.headerOffset != nil && layout.headerOffset == nil)
    #expect(layout.itemCount == 64 && plain.itemCount == 63)
    let zone = Zone(name: "off", itemByteCount: 64, flags: .offPage)
    #expect(zone.layout == layout && zone.flags == [.offPage, .pageMap])
    // 64 items fill the page to its end, so a header in it would be written over.
    let items = try zone.take(640)
    for item in items { item.fill(1, byteCount: 64) }
    zone.checkInvariants()
    #expect(items.allSatisfy { $0.isFilled(1, byteCount: 64) })
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  @Test func hashAndPageMapSayHowSlabsAreFound() throws {
    for flags in [ZoneFlags.hash, .pageMap, []] {
      let zone = Zone(name: "found", itemByteCount: 64, flags: flags)
      #expect(zone.flags == flags)
      let item = try zone.take()
      let arena = try #require(zone.keg.pages as? PageArena)
      // A hashed slab's pages are not tagged, since that is what the hash is there for.
      #expect(unsafe (arena.owner(of: item.address) == 0) == (flags == .hash))
      #expect(KegLookUpTests.lookUp(of: zone.keg) == (flags == .hash ? .hash : .page))
      zone.give(item)
      zone.checkInvariants()
      #expect(zone.destroy() == 0)
    }
  }

  @Test func mallocBringsThePageMap() async {
    let zone = Zone(name: "malloc", itemByteCount: 64, flags: .malloc)
    #expect(zone.flags == [.malloc, .pageMap])
    #expect(zone.destroy() == 0)
    await #expect(processExitsWith: .failure) {
      _ = Zone(name: "z", itemByteCount: 64, flags: .malloc, pages: CountedPages())
    }
  }

  @Test(arguments: [64, 100, 256, 1_024, 2_048])
  func cacheSpreadLetsItemsBeginAtDifferentLines(_ byteCount: Int) throws {
    let zone = Zone(name: "spread", itemByteCount: byteCount, flags: .cacheSpread)
    // The longest slab has 16 pages.
    let expected = min(64, zone.layout.itemCount)
    #expect(expected == (byteCount <= 1_000 ? 64 : byteCount == 1_024 ? 60 : 31))
    let items = try zone.take(10 * zone.layout.itemCount)
    let uses = items.reduce(into: [Int](repeating: 0, count: 64)) {
      $0[Int($1.number % 4_096 / 64)] += 1
    }
    // Within a slab no line comes again before all have come.
    let most = (zone.layout.itemCount + 63) / 64 * 10
    #expect(items.allSatisfy { $0.number % 64 == 0 })
    #expect(uses.count { $0 > 0 } == expected && uses.allSatisfy { $0 <= most })
    let sorted = items.map(\.number).sorted()
    #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $1 - $0 >= UInt(byteCount) })
    zone.give(items)
    #expect(zone.destroy() == 0)
    // Without the flag a power of two begins at few of them.
    let plain = SlabLayout(itemByteCount: byteCount, alignment: 64)
    let lines = Set((0..<plain.itemCount).map { $0 * plain.stride % 4_096 / 64 })
    #expect(byteCount < 256 || lines.count <= 16)
  }

  /// Pages that nobody may read or write.
  final class GuardedPages: PageSource {
    func allocatePages(_ pageCount: Int, alignment: Int) -> UnsafeMutableRawPointer? {
      let pages = unsafe mmap(
        nil, pageCount * PageArena.pageByteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      return unsafe pages
    }

    func freePages(_ pages: UnsafeMutableRawPointer, _ pageCount: Int) {
      unsafe munmap(pages, pageCount * PageArena.pageByteCount)
    }
  }

  @Test(arguments: [ZoneFlags.noTouch, [.noTouch, .referenceCounted]])
  func noTouchNeitherReadsNorWritesTheItems(_ flags: ZoneFlags) async throws {
    let zone = Zone(name: "untouched", itemByteCount: 256, flags: flags, pages: GuardedPages())
    let items = try zone.take(500)
    #expect(Set(items).count == 500)
    zone.checkInvariants()
    zone.give(items)
    zone.drain()
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
    await #expect(processExitsWith: .failure) {
      // The header of this one is in the page.
      _ = try Zone(name: "touched", itemByteCount: 256, pages: GuardedPages()).take()
    }
  }

  @Test func bucketCacheOnlyKeepsHeadersInsideAndItemsSmall() async throws {
    // A header off the slab would waste nothing; inside it costs an item in 86.
    #expect(SlabLayout(itemByteCount: 1_300).headerOffset != nil)
    for byteCount in [1, 1_300, 2_000, 4_000] {
      let zone = Zone(name: "vm", itemByteCount: byteCount, flags: .bucketCacheOnly)
      #expect(zone.flags == [.bucketCacheOnly, .cacheOnly])
      #expect(zone.layout.headerOffset != nil && zone.keg.headers == nil)
      let items = try zone.take(10)
      zone.give(items)
      #expect(zone.destroy() == 0)
    }
    #expect(SlabLayout(itemByteCount: 1).headerOffset == nil)
    await #expect(processExitsWith: .failure) {
      _ = Zone(name: "large", itemByteCount: 4_090, flags: .bucketCacheOnly)
    }
  }

  #if os(Linux)
    /// Whether a core dump leaves the page of an address out, by the kernel's own word.
    static func isLeftOutOfDumps(_ address: UInt) throws -> Bool {
      var isInside = false
      let maps = String(decoding: try readFile("/proc/self/smaps"), as: UTF8.self)
      for line in maps.split(separator: "\n") {
        if let range = line.wholeMatch(of: /([0-9a-f]+)-([0-9a-f]+) .*/) {
          let start = UInt(range.1, radix: 16) ?? 0
          let end = UInt(range.2, radix: 16) ?? 0
          isInside = start <= address && address < end
        } else if isInside, line.hasPrefix("VmFlags:") {
          return line.split(separator: " ").contains("dd")
        }
      }
      return false
    }

    @Test func noDumpLeavesTheItemsOutOfCores() throws {
      let arena = PageArena(reservingByteCount: 8 << 20)
      let zone = Zone(name: "secret", itemByteCount: 2_048, flags: .noDump, pages: arena)
      let plain = Zone(name: "plain", itemByteCount: 2_048, pages: arena)
      let (secret, open) = (try zone.take(), try plain.take())
      #expect(try Self.isLeftOutOfDumps(secret.number))
      #expect(try !Self.isLeftOutOfDumps(open.number))
      zone.give(secret)
      plain.give(open)
      #expect(zone.destroy() == 0)
      // The pages are the arena's again, and whoever gets them next is dumped.
      #expect(try !Self.isLeftOutOfDumps(secret.number))
      #expect(plain.destroy() == 0)
    }
  #endif
}
