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

  /// Bytes of memory this process has in use, from /proc/self/statm.
  func residentByteCount() -> Int {
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var text = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&text, 255, file) != nil else { return 0 }
    let digits = text.prefix { $0 != 0 }.map { Character(UnicodeScalar(UInt8(bitPattern: $0))) }
    let pages = String(digits).split(separator: " ")[1]
    return (Int(pages) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
#endif
