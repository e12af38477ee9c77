// SPDX-License-Identifier: BSD-2-Clause
//
// An arena is one reserved range of addresses, handed out in runs of pages.
//
//     base                                    next                         end
//     | run | run | (free run) | run | pad | run |      never touched       |
//
// States of a page: untouched (no memory behind it), out (with a keg), free (given back to the
// system, kept on the list of its run length and ready to go out again; it reads as zeroes).
//
//     pagesOut + pagesFree + pagesPadding == (next - base) / pageByteCount
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

  private let base: UInt
  private let byteCount: Int
  private let runs: Guarded<Runs>

  /// Reserves a range of addresses; no memory is used until pages are touched.
  ///
  /// - Parameter byteCount: bytes to reserve, the most this arena can ever hand out. If the system
  ///   refuses that much, the arena asks for half, down to 2 MiB; an arena that gets nothing is
  ///   empty and every allocation from it fails.
  public init(reservingByteCount byteCount: Int = 16 << 30) {
    var wanted = Swift.max(byteCount, Self.hugePageByteCount)
    var address = UInt(0)
    while address == 0, wanted >= Self.hugePageByteCount {
      address = Self.reserve(wanted)
      if address == 0 { wanted /= 2 }
    }
    base = address
    self.byteCount = address == 0 ? 0 : wanted
    let aligned = address &+ UInt(Self.hugePageByteCount - 1) & ~UInt(Self.hugePageByteCount - 1)
    runs = Guarded(Runs(next: aligned))
    let hugeStart = aligned &+ UInt(Self.hugePageByteCount)
    if address != 0, hugeStart < address + UInt(wanted) {
      Self.adviseHugePages(hugeStart, Int(address + UInt(wanted) - hugeStart))
    }
  }

  deinit {
    if base != 0 { unsafe munmap(UnsafeMutableRawPointer(bitPattern: base), byteCount) }
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
      let end = start &+ UInt(pageCount * Self.pageByteCount)
      guard byteCount > 0, end <= base + UInt(byteCount) else { return 0 }
      runs.pagesPadding += Int(start - runs.next) / Self.pageByteCount
      runs.next = end
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
