// SPDX-License-Identifier: BSD-2-Clause
#if os(Linux)
  import CMallocCount
  import Glibc
  import TestSupport
  import Testing

  @testable import UMA

  /// What the kernel says of the memory a process has: each test has a process of its own, so that
  /// no other test's memory is measured.
  @Suite struct ResidentMemoryTests {
    /// "Back" is within 5 % of what the items had added, by the resident pages of
    /// /proc/self/statm: 500 MiB go, at most 25 MiB stay.
    @Test func theSystemGetsFiveHundredMebibytesBack() async {
      if mbuma_malloc_count() < 0 {
        print("skipped: a sanitizer keeps notes of every page that was touched")
        return
      }
      await #expect(processExitsWith: .success) {
        // Two zones on a keg with its headers in the slabs, and one with its headers elsewhere.
        let small = Zone(name: "small", itemByteCount: 2_048)
        let second = secondary(of: small)
        let large = Zone(name: "large", itemByteCount: 4_096, flags: .offPage)
        var random = SeededRandom()
        for zone in [small, second, large] { zone.give(try zone.take(1)) }
        Zone.reclaimAll(.drainWithCaches)

        let before = residentByteCount()
        var items: [(zone: Zone, item: HeldItem)] = []
        items.reserveCapacity(200_000)
        while items.count < (500 << 20) / 8_192 * 3 {
          for zone in [small, second, large] { items.append((zone, try zone.take())) }
        }
        for (_, item) in items { item.firstWord = 1 }
        let full = residentByteCount()
        #expect(full - before >= 500 << 20, "\(full - before) bytes were taken")

        // Given back in no order, by threads that live on with what they have cached.
        items.shuffle(using: &random)
        let given = items
        let (done, measured) = (Stage(), Stage())
        let give: @Sendable (Int) -> Void = { index in
          for place in stride(from: index, to: given.count, by: 4) {
            given[place].zone.give(given[place].item)
          }
        }
        let threads = startThreads(3) { index in
          give(index)
          done.advance()
          measured.wait(for: 1)
        }
        give(3)
        done.wait(for: 3)
        for zone in [small, second, large] {
          let s = zone.statistics()
          #expect(s.inUse == 0 && s.threadCaches.count == 4)
          #expect(s.threadCaches.allSatisfy { $0.cached > 0 })
        }

        Zone.reclaimAll(.drainWithCaches)
        let after = residentByteCount()
        print("resident KiB: \(before >> 10) before, \(full >> 10) full, \(after >> 10) after")
        #expect(after - before <= (full - before) / 20, "\(after - before) bytes stayed")
        measured.advance()
        join(threads)
        #expect(second.destroy() + small.destroy() + large.destroy() == 0)
      }
    }

    /// Each kept 0.7 KB once, and a watched one far more: 10,000 of them 7 MB.
    @Test func zonesThatHaveEndedKeepNoMemory() async {
      if mbuma_malloc_count() < 0 {
        print("skipped: a sanitizer keeps what was freed")
        return
      }
      await #expect(processExitsWith: .success) {
        let oneAfterTheOther = { (count: Int, debugging: ZoneDebugging) in
          for number in 0..<count {
            let zone = Zone(
              name: "ended \(number % 10)", itemByteCount: 256,
              pages: PageArena(reservingByteCount: 2 << 20), debugging: debugging)
            if number % 10 == 0 { zone.give(try zone.take()) }
            precondition(zone.destroy() == 0)
          }
        }
        let lasting = Zone(name: "lasting", itemByteCount: 64)
        try oneAfterTheOther(1_000, [])
        try oneAfterTheOther(100, .all)
        let before = residentByteCount()
        try oneAfterTheOther(10_000, [])
        try oneAfterTheOther(500, .all)
        let kept = residentByteCount() - before
        print("resident KiB kept of 10,500 zones: \(kept >> 10)")
        #expect(kept < 1 << 20)
        #expect(lasting.destroy() == 0)
      }
    }

    @Test(arguments: 0..<6)
    func aHandleOfAZoneThatHasEndedTraps(_ index: Int) async {
      let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        [index] in
        let uses: [@Sendable (Zone) -> Void] = [
          { _ = try? $0.take() }, { _ = $0.statistics() }, { _ = $0.name }, { $0.drain() },
          { _ = $0.destroy() }, { $0.limitInItems = 1 },
        ]
        let zone = Zone(name: "stale", itemByteCount: 64)
        precondition(zone.destroy() == 0)
        // Others come after it, none of them in its place.
        let others = (0..<200).map { Zone(name: "other \($0)", itemByteCount: 64) }
        precondition(!others.contains(zone))
        uses[index](zone)
      }
      let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      #expect(trap(message, says: "destroyed"), "\(message)")
    }

    @Test func anErrorOutlivesItsZone() throws {
      let zone = Zone(name: "short", itemByteCount: 64)
      zone.limitInItems = 1
      let item = try zone.take()
      let error = #expect(throws: ZoneError.self) { _ = try zone.take() }
      zone.give(item)
      #expect(zone.destroy() == 0)
      #expect(error?.zoneName == "short")
      #expect(error?.description.contains("zone short: limit of 1 items") == true)
    }

    /// Left to itself the kernel joins a few pages that are still in use to huge ones, holes
    /// included, minutes later: so it is looked at what it was told.
    @Test func whatWasGivenBackAsksForNoHugePages() async throws {
      if unsafe access("/sys/kernel/mm/transparent_hugepage", F_OK) != 0 {
        print("skipped: this kernel has no huge pages to ask for")
        return
      }
      await #expect(processExitsWith: .success) {
        let huge = 2 << 20
        let arena = PageArena(reservingByteCount: 16 * huge)
        let runs = try takeRuns(6 * 256 + 1, from: arena)
        let start = runs[0].number
        let asks = { (distance: Int) in
          mappingFlags(of: start + UInt(distance)).contains("hg")
        }
        // The first 2 MiB stay small; the seventh has been begun.
        #expect((0..<16).map { asks($0 * huge) } == [false] + Array(repeating: true, count: 15))
        put(runs[700], into: arena)
        let told = Array(repeating: false, count: 7) + Array(repeating: true, count: 9)
        #expect((0..<16).map { asks($0 * huge) } == told)
        #expect(mappingFlags(of: start + UInt(huge)).contains("nh"))
        // What goes out after that, the run put back and others beyond, asks for them until
        // something has come back again.
        let more = try takeRuns(3 * 256 + 1, from: arena)
        #expect((0..<16).map { asks($0 * huge) } == told)
        put(more[0], into: arena)
        #expect(!asks(9 * huge) && asks(10 * huge))
        arena.checkInvariants()
      }
    }
  }

  private func secondary(of zone: Zone) -> Zone {
    Zone(name: "second", sharing: zone, hooks: ItemHooks())
  }

  /// Runs of two pages.
  private func takeRuns(_ count: Int, from arena: PageArena) throws -> [HeldItem] {
    try (0..<count).map { _ in
      unsafe HeldItem(try #require(arena.allocatePages(2, alignment: 8_192)))
    }
  }

  private func put(_ run: HeldItem, into arena: PageArena) {
    unsafe arena.freePages(run.address, 2)
  }

  /// The kernel's two-letter flags of the mapping that holds an address, from /proc/self/smaps.
  private func mappingFlags(of address: UInt) -> Set<String> {
    guard let file = unsafe fopen("/proc/self/smaps", "r") else { return [] }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 4_096)
    var isHere = false
    while unsafe fgets(&line, 4_096, file) != nil {
      let bytes = line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
      let words = String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" }
      let bounds = words.first?.split(separator: "-").compactMap { UInt($0, radix: 16) } ?? []
      if bounds.count == 2 { isHere = (bounds[0]..<bounds[1]).contains(address) }
      if isHere, words.first == "VmFlags:" { return Set(words.dropFirst().map(String.init)) }
    }
    return []
  }
#endif
