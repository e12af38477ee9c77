// SPDX-License-Identifier: BSD-2-Clause
//
// An arena is one reserved range of addresses, handed out in runs of pages.
//
//     base  first                                    next                  end
//     | gap | run | run | (free run) | run | pad | run |   never touched   | gap |
//
// States of a page: untouched (no memory behind it), out (with a keg), free (given back to the
// system, kept on the list of its run length and ready to go out again; it reads as zeroes).
//
//     pagesOut + pagesFree + pagesPadding == (next - first) / pageByteCount
//     first % hugePageByteCount == 0,   end - first == bytes asked for
//
// Runs are not split or merged: kegs ask for few different lengths, and a slab's length is what
// the next slab of that keg will ask for. Addresses lost to alignment cost no memory.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The default page source: anonymous memory, reserved at once and touched as needed.
///
/// The first 2 MiB stay in small pages, so that a small pool stays small; what is beyond asks the
/// kernel for huge pages, because a first touch costs a quarter as much there.
@safe
public final class PageArena: PageSource {
  /// Bytes of one page; slab geometry is counted in these on every system.
  public static let pageByteCount = 4_096

  private static let hugePageByteCount = 2 << 20

  struct Runs: ~Copyable {
    var next: UInt
    var free: [Int: [UInt]] = [:]
    var pagesOut = 0
    var pagesFree = 0
    var pagesPadding = 0
  }

  /// What was mapped, and the part of it that is handed out.
  private let base: UInt
  private let mappedByteCount: Int
  private let first: UInt
  private let end: UInt
  private let runs: Guarded<Runs>

  /// Reserves a range of addresses; no memory is used until pages are touched.
  ///
  /// - Parameter byteCount: the most bytes this arena can ever hand out, rounded up to 2 MiB. If the
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
    if address == 0 { wanted = 0 }
    base = address
    mappedByteCount = wanted + huge
    first = (address + UInt(huge - 1)) & ~UInt(huge - 1)
    end = first + UInt(wanted)
    runs = Guarded(Runs(next: first))
    if wanted > huge { Self.adviseHugePages(first + UInt(huge), wanted - huge) }
  }

  deinit {
    if base != 0 { unsafe munmap(UnsafeMutableRawPointer(bitPattern: base), mappedByteCount) }
  }

  /// Pages now with kegs, in pages of `pageByteCount` bytes.
  public var pagesOut: Int { runs.withLock { $0.pagesOut } }

  /// Returns a run of zeroed pages, the one given back last first.
  public func allocatePages(_ pageCount: Int, alignment: Int) -> UnsafeMutableRawPointer? {
    precondition(pageCount > 0, "a run of \(pageCount) pages")
    precondition(alignment > 0 && alignment & (alignment - 1) == 0, "alignment \(alignment)")
    let address = runs.withLock { runs -> UInt in
      let aligned = runs.free[pageCount]?.lastIndex { $0 & UInt(alignment - 1) == 0 }
      if let aligned, let address = runs.free[pageCount]?.remove(at: aligned) {
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
    unsafe Self.discard(pages, pageCount * Self.pageByteCount)
    runs.withLock { runs in
      runs.free[pageCount, default: []].append(UInt(bitPattern: pages))
      runs.pagesFree += pageCount
      runs.pagesOut -= pageCount
    }
  }

  /// Stops if the page counts do not add up.
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

  private static func adviseHugePages(_ start: UInt, _ byteCount: Int) {
    #if os(Linux)
      unsafe madvise(UnsafeMutableRawPointer(bitPattern: start), byteCount, MADV_HUGEPAGE)
    #endif
  }

  /// Says whether a core dump of the process is to hold these pages; they do unless it is said.
  static func setDumped(_ start: UnsafeMutableRawPointer, _ byteCount: Int, _ isDumped: Bool) {
    #if os(Linux)
      unsafe madvise(start, byteCount, isDumped ? MADV_DODUMP : MADV_DONTDUMP)
    #endif
  }

  /// After this the range reads as zeroes and holds no memory.
  private static func discard(_ start: UnsafeMutableRawPointer, _ byteCount: Int) {
    #if os(Linux)
      unsafe madvise(start, byteCount, MADV_DONTNEED)
    #else
      // MADV_FREE keeps old contents for a while; a fresh mapping over the range does not.
      unsafe mmap(
        start, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0)
    #endif
  }
}
