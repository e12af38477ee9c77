// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

@Suite struct PageArenaTests {
  private func take(_ count: Int, _ alignment: Int, from arena: PageArena) -> HeldItem? {
    unsafe arena.allocatePages(count, alignment: alignment).map { unsafe HeldItem($0) }
  }

  private func put(_ run: HeldItem, _ count: Int, into arena: PageArena) {
    unsafe arena.freePages(run.address, count)
  }

  @Test(arguments: [1, 1 << 20, 2 << 20, 3 << 20, 8 << 20])
  func handsOutExactlyWhatItReserved(_ byteCount: Int) {
    let arena = PageArena(reservingByteCount: byteCount)
    let expected = (byteCount + (2 << 20) - 1) / (2 << 20) * 512
    var runs: [HeldItem] = []
    while let run = take(1, 4_096, from: arena) { runs.append(run) }
    #expect(runs.count == expected && Set(runs).count == expected)
    #expect(arena.pagesOut == expected)
    // Every page can be written.
    for run in runs { run.fill(1, byteCount: 4_096) }
    #expect(take(2, 4_096, from: arena) == nil)
    for run in runs { put(run, 1, into: arena) }
    #expect(arena.pagesOut == 0)
    arena.checkInvariants()
    #expect(take(1, 4_096, from: arena) == runs.last)
  }

  @Test func runsAreAlignedAndDoNotOverlap() throws {
    var random = SeededRandom()
    let arena = PageArena(reservingByteCount: 64 << 20)
    var runs: [(start: HeldItem, count: Int, tag: UInt64)] = []
    for _ in 0..<500 {
      if random.chance(65) || runs.isEmpty {
        let count = Int.random(in: 1...16, using: &random)
        let alignment = 4_096 << Int.random(in: 0...4, using: &random)
        let run = try #require(take(count, alignment, from: arena))
        #expect(run.number % UInt(alignment) == 0)
        let isZero = (0..<count * 512).allSatisfy {
          unsafe run.address.load(fromByteOffset: $0 * 8, as: UInt64.self) == 0
        }
        #expect(isZero, "a run that is not zero")
        let tag = random.next()
        run.fill(tag, byteCount: count * 4_096)
        runs.append((run, count, tag))
      } else {
        let (run, count, tag) = runs.remove(at: Int.random(in: 0..<runs.count, using: &random))
        #expect(run.isFilled(tag, byteCount: count * 4_096))
        put(run, count, into: arena)
      }
      #expect(arena.pagesOut == runs.reduce(0) { $0 + $1.count })
      arena.checkInvariants()
    }
    for (run, count, tag) in runs {
      #expect(run.isFilled(tag, byteCount: count * 4_096))
      put(run, count, into: arena)
    }
    #expect(arena.pagesOut == 0)
  }

  @Test func aZoneOfASmallArenaIsDeniedAndRecovers() throws {
    let arena = PageArena(reservingByteCount: 2 << 20)
    let zone = Zone(name: "small", itemByteCount: 2_048, pages: arena)
    let (items, denial) = zone.takeAll()
    // 32 slabs of 16 pages, 31 items each.
    #expect(items.count == 32 * 31 && denial.reason == .outOfMemory)
    #expect(denial.description.contains("page source"))
    zone.give(items)
    #expect(zone.takeAll().items.count == items.count)
    zone.give(items)
    #expect(zone.destroy() == 0)
    #expect(arena.pagesOut == 0)
  }

  @Test func arenasThatCannotBeHadStayEmpty() {
    // More than any address space: the arena asks for half until it gets something.
    let arena = PageArena(reservingByteCount: 1 << 60)
    #expect(take(1, 4_096, from: arena) != nil)
    #expect(take(1 << 40, 4_096, from: arena) == nil)
  }

  @Test func trapsOnNonsense() async {
    await #expect(processExitsWith: .failure) { _ = PageArena(reservingByteCount: 0) }
    await #expect(processExitsWith: .failure) {
      _ = unsafe PageArena(reservingByteCount: 1 << 20).allocatePages(0, alignment: 4_096)
    }
    await #expect(processExitsWith: .failure) {
      _ = unsafe PageArena(reservingByteCount: 1 << 20).allocatePages(1, alignment: 5_000)
    }
  }
}
