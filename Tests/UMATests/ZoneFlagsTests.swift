// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

@testable import UMA

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
    #expect(message.contains(".largestBuckets contradicts .noBucket"))
  }

  @Test func aZoneTellsItsFlags() throws {
    let master = Zone(
      name: "master", itemByteCount: 64, flags: [.noFree, .ownLockClass], pages: CountedPages())
    #expect(master.flags == [.noFree, .ownLockClass, .privatePages])
    let second = Zone(name: "second", sharing: master, hooks: unsafe ItemHooks())
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
