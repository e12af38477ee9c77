// SPDX-License-Identifier: BSD-2-Clause
//
// An arena is one reserved range of addresses, handed out in runs of pages.
//
//     base  first                                          next                  end
//     | gap | color | run | run | (free run) | run | pad | run |   never touched   | gap |
//
// States of a page: untouched (no memory behind it), out (with a keg), free (given back to the
// system, kept on the list of its run length and ready to go out again; it reads as zeroes).
//
//     pagesOut + pagesFree + pagesPadding == (next - first) / pageByteCount
//     first % hugePageByteCount == 0,   end - first == bytes asked for
//
// Runs are not split or merged: kegs ask for few different lengths, and a slab's length is what
// the next slab of that keg will ask for. Addresses lost to alignment cost no memory. Free runs of
// a length are kept apart by how far their address is aligned, so that none is searched for.
//
// Beside the range is a table with a word for each of its pages, reserved alike: 8 bytes in 4,096,
// of which only those are touched whose pages were ever tagged.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The default page source: anonymous memory, reserved at once and touched as needed.
///
/// The first MiB or two stay in small pages, so that a small pool stays small; what is beyond asks the
/// kernel for huge pages, because a first touch costs a quarter as much there. What has been given
/// back asks for none: the kernel would join the few pages still in use to huge ones, holes
/// included, and the memory would come back by itself.
@safe
public final class PageArena: PageMapping {
  /// Bytes of one page; slab geometry is counted in these on every system.
  public static let pageByteCount = 4_096

  private static let hugePageByteCount = 2 << 20
  /// Smaller arenas have no addresses to spare.
  private static let leastColoredByteCount = 64 << 20
  private static let lastArena = Atomic<UInt>(0)

  struct Runs: ~Copyable {
    var next: UInt
    var free: [Int: FreeRuns] = [:]
    var pagesOut = 0
    var pagesFree = 0
    var pagesPadding = 0
    /// Where huge pages are still asked for: a multiple of their length, or the arena's end.
    var hugeFrom: UInt
  }

  /// Free runs of one length, by the power of two their addresses are multiples of: a page, two
  /// pages, and so on; the last place holds all that are aligned further.
  struct FreeRuns {
    static let placeCount = 10
    var places = [[UInt]](repeating: [], count: placeCount)

    var count: Int { places.reduce(0) { $0 + $1.count } }

    private static func place(_ alignment: UInt) -> Int {
      Swift.min(Swift.max(alignment.trailingZeroBitCount - 12, 0), placeCount - 1)
    }

    mutating func push(_ run: UInt) { places[Self.place(run)].append(run) }

    mutating func pop(alignment: UInt) -> UInt? {
      for place in Self.place(alignment)..<Self.placeCount {
        // Only the last place has runs of differing alignment, and only it has to be searched.
        if place == Self.placeCount - 1 {
          let index = places[place].lastIndex { $0 & (alignment - 1) == 0 }
          return index.map { places[place].remove(at: $0) }
        }
        if let run = places[place].popLast() { return run }
      }
      return nil
    }
  }

  /// What was mapped, and the part of it that is handed out.
  private let base: UInt
  private let mappedByteCount: Int
  private let first: UInt
  private let end: UInt
  /// One word per page of `first..<end`.
  private let owners: UInt
  private let runs: Guarded<Runs>

  /// Reserves a range of addresses; no memory is used until pages are touched.
  ///
  /// - Parameter byteCount: the most bytes this arena can ever hand out, rounded up to 2 MiB, of
  ///   which one of 64 MiB and more leaves up to 1 MiB out. If the
  ///   system refuses that much, the arena asks for half, down to 2 MiB; an arena that gets nothing
  ///   is empty and every allocation from it fails.
  public init(reservingByteCount byteCount: Int = 16 << 30) {
    let huge = Self.hugePageByteCount
    precondition(byteCount > 0, "an arena of \(byteCount) bytes")
    // No system has more addresses than that to give; beyond, the sums would not fit either.
    var wanted = (Swift.min(byteCount, 1 << 46) + huge - 1) / huge * huge
    var address = Self.reserve(wanted + huge)
    while address == 0, wanted > huge {
      wanted = wanted / huge / 2 * huge
      address = Self.reserve(wanted + huge)
    }
    owners = address == 0 ? 0 : Self.reserve(wanted / Self.pageByteCount * 8)
    if owners == 0 {
      if address != 0 { unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), wanted + huge) }
      address = 0
      wanted = 0
    }
    base = address
    mappedByteCount = wanted + huge
    first = (address + UInt(huge - 1)) & ~UInt(huge - 1)
    end = first + UInt(wanted)
    let skipped = wanted < Self.leastColoredByteCount ? 0 : Self.nextColorInPages()
    runs = Guarded(
      Runs(
        next: first + UInt(skipped * Self.pageByteCount), pagesPadding: skipped,
        hugeFrom: Swift.min(first + UInt(huge), end)))
    if wanted > huge { Self.adviseHugePages(first + UInt(huge), wanted - huge, true) }
  }

  deinit {
    if base == 0 { return }
    unsafe munmap(UnsafeMutableRawPointer(bitPattern: base), mappedByteCount)
    let tableByteCount = Int(end - first) / Self.pageByteCount * 8
    unsafe munmap(UnsafeMutableRawPointer(bitPattern: owners), tableByteCount)
  }

  /// Pages that the next arena leaves out at its start: 0...255, another number each time.
  ///
  /// Items handed out first by many zones would lie at the same distance from a multiple of 2 MiB,
  /// and crowd the same few entries of the core's address cache.
  private static func nextColorInPages() -> Int {
    Int(lastArena.wrappingAdd(1, ordering: .relaxed).newValue &* 17 % 256)
  }

  /// Pages now with kegs, in pages of `pageByteCount` bytes.
  public var pagesOut: Int { runs.withLock { $0.pagesOut } }

  /// Returns a run of zeroed pages, the one given back last first.
  public func allocatePages(_ pageCount: Int, alignment: Int) -> UnsafeMutableRawPointer? {
    precondition(pageCount > 0, "a run of \(pageCount) pages")
    precondition(alignment > 0 && alignment & (alignment - 1) == 0, "alignment \(alignment)")
    let address = runs.withLock { runs -> UInt in
      if let address = runs.free[pageCount]?.pop(alignment: UInt(alignment)) {
        runs.pagesFree -= pageCount
        runs.pagesOut += pageCount
        return address
      }
      let start = (runs.next &+ UInt(alignment - 1)) & ~UInt(alignment - 1)
      guard start <= end, UInt(pageCount) <= (end - start) / UInt(Self.pageByteCount) else {
        return 0
      }
      runs.pagesPadding += Int(start - runs.next) / Self.pageByteCount
      runs.next = start + UInt(pageCount * Self.pageByteCount)
      runs.pagesOut += pageCount
      return start
    }
    return unsafe UnsafeMutableRawPointer(bitPattern: address)
  }

  /// Gives the memory of a run back to the system and keeps its addresses.
  public func freePages(_ pages: UnsafeMutableRawPointer, _ pageCount: Int) {
    unsafe Self.discard(Item(pages), pageCount * Self.pageByteCount)
    runs.withLock { runs in
      runs.free[pageCount, default: FreeRuns()].push(UInt(bitPattern: pages))
      runs.pagesFree += pageCount
      runs.pagesOut -= pageCount
      keepSmall(&runs)
    }
  }

  /// Remembers `owner` for each of `pageCount` adjacent pages; 0 forgets.
  ///
  /// - Precondition: the pages are of this arena.
  public func setOwner(_ owner: UInt, of pages: UnsafeMutableRawPointer, _ pageCount: Int) {
    let address = UInt(bitPattern: pages)
    precondition(
      address >= first && address <= end
        && UInt(pageCount) <= (end - address) / UInt(Self.pageByteCount),
      "\(pageCount) pages at \(address) are not of this arena")
    for page in 0..<pageCount {
      unsafe word(at: address + UInt(page * Self.pageByteCount))
        .pointee.store(owner, ordering: .releasing)
    }
  }

  /// The word of the page that holds `address`; 0 if it has none or is not of this arena.
  @inline(__always)
  public func owner(of address: UnsafeMutableRawPointer) -> UInt {
    let address = UInt(bitPattern: address)
    guard address >= first, address < end else { return 0 }
    return unsafe word(at: address).pointee.load(ordering: .acquiring)
  }

  private func word(at address: UInt) -> UnsafeMutablePointer<Atomic<UInt>> {
    // In bounds: the address is in first..<end, and the table has a word for each page of it.
    let word = owners + (address - first) / UInt(Self.pageByteCount) * 8
    guard let word = unsafe UnsafeMutablePointer<Atomic<UInt>>(bitPattern: word) else {
      preconditionFailure("an arena without a table")
    }
    return unsafe word
  }

  /// Asks for no huge pages in the part of the arena that has been out.
  ///
  /// The part is one stretch from the start, so the kernel keeps two mappings of it at most.
  private func keepSmall(_ runs: inout Runs) {
    let huge = UInt(Self.hugePageByteCount)
    let reached = Swift.min((runs.next + huge - 1) & ~(huge - 1), end)
    guard reached > runs.hugeFrom else { return }
    Self.adviseHugePages(runs.hugeFrom, Int(reached - runs.hugeFrom), false)
    runs.hugeFrom = reached
  }

  /// Traps if the page counts do not add up.
  public func checkInvariants() {
    runs.withLock { runs in
      let listed = runs.free.reduce(0) { $0 + $1.key * $1.value.count }
      precondition(listed == runs.pagesFree, "\(listed) pages listed, \(runs.pagesFree) counted")
      let used = Int(runs.next - first) / Self.pageByteCount
      let counted = runs.pagesOut + runs.pagesFree + runs.pagesPadding
      precondition(counted == used, "\(counted) pages counted of \(used)")
    }
  }
}

// MARK: - The system's part

extension PageArena {
  private static func reserve(_ byteCount: Int) -> UInt {
    #if os(Linux)
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    #else
      let flags = MAP_PRIVATE | MAP_ANON
    #endif
    let range = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
    return unsafe range == MAP_FAILED ? 0 : UInt(bitPattern: range)
  }

  private static func adviseHugePages(_ start: UInt, _ byteCount: Int, _ areWanted: Bool) {
    #if os(Linux)
      let advice = areWanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE
      unsafe madvise(UnsafeMutableRawPointer(bitPattern: start), byteCount, advice)
    #endif
  }

  /// Includes these pages in a core dump of the process, as is the default, or leaves them out.
  static func setDumped(_ start: Item, _ byteCount: Int, _ isDumped: Bool) {
    #if os(Linux)
      unsafe madvise(start.address, byteCount, isDumped ? MADV_DODUMP : MADV_DONTDUMP)
    #endif
  }

  /// After this the range reads as zeroes and holds no memory.
  static func discard(_ start: Item, _ byteCount: Int) {
    #if os(Linux)
      unsafe madvise(start.address, byteCount, MADV_DONTNEED)
    #else
      // MADV_FREE keeps old contents for a while; a fresh mapping over the range does not.
      unsafe mmap(
        start.address, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0)
    #endif
  }
}
