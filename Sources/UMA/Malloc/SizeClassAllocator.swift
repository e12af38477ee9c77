// SPDX-License-Identifier: BSD-2-Clause
//
// Memory of any size, on zones of powers of two:
//
//     1...16 -> zone of 16    17...32 -> zone of 32    ...    32,769...65,536 -> zone of 65,536
//     more   -> a run of pages of its own, with a LargeRun for a header
//
// Nothing is kept beside the memory, and no table of it: the page source remembers for every page
// which slab or run it belongs to, and that tells size and all. An item's tag in its slab's header
// says whose it is:
//
//     unused --allocate--> type --free--> free --allocate--> type ...
//
// Both steps are one atomic exchange, so of two threads that free the same memory one is told. The
// tag also says what M_ZERO has to do: an item whose tag is still `unused` is as the page source
// made it, which is zero.

import Synchronization

/// A general allocator whose memory is accounted to types.
///
/// It is safe to use from any thread. What is freed stays in the caches of the thread that freed
/// it; `drain()` gives it back. An allocator that ends with memory still out leaves the pages
/// standing.
///
///     let memory = SizeClassAllocator()
///     let names = MallocType("names")
///     let bytes = try memory.allocate(byteCount: 100, type: names, zeroed: true)
///     memory.free(bytes, type: names)
///
/// BSD: `malloc(9)`, `kmeminit` (sys/kern/kern_malloc.c).
@safe
public final class SizeClassAllocator: Sendable {
  /// Bytes of the smallest size class.
  static let smallestByteCount = 16
  /// Bytes of the largest; what is longer gets pages of its own.
  static let largestByteCount = 65_536

  /// One size class.
  struct SizeClass: Sendable {
    let zone: Zone
    let byteCount: Int
    let kegLayout: SlabLayout
    let kegNumber: UInt32
    /// Whether items stand within larger places, as those of a watched zone do.
    let isFramed: Bool
    /// Whether items that were never allocated are zero: nobody but the page source wrote to them.
    let isFreshZero: Bool
  }

  let classes: [SizeClass]
  let pages: any PageMapping
  let budget: MemoryBudget
  /// The number in the headers of large runs, which no keg has.
  let largeNumber = Keg.nextNumber()
  let largeCount = Atomic<Int>(0)
  let largeHeaders = SlabHeaders.pool(byteCount: SlabLayout.lineByteCount)

  /// Makes an allocator; no page is used until it is asked for memory.
  ///
  /// - Parameters:
  ///   - name: for reports; the zones are named after it and their size.
  ///   - pages: where memory comes from; an arena of its own by default.
  ///   - budget: what the memory is charged to.
  public init(
    name: String = "malloc", pages: any PageMapping = PageArena(), budget: MemoryBudget = .process
  ) {
    self.pages = pages
    self.budget = budget
    var classes: [SizeClass] = []
    var byteCount = Self.smallestByteCount
    while byteCount <= Self.largestByteCount {
      let zone = Zone(
        name: "\(name) \(byteCount)", itemByteCount: byteCount,
        alignment: Swift.min(byteCount, PageArena.pageByteCount), flags: .malloc, pages: pages,
        budget: budget)
      let keg = zone.keg
      classes.append(
        SizeClass(
          zone: zone, byteCount: byteCount, kegLayout: keg.layout, kegNumber: keg.number,
          isFramed: keg.layout != zone.layout,
          isFreshZero: !keg.hooks.initializes))
      byteCount *= 2
    }
    self.classes = classes
  }

  deinit {
    let left = classes.reduce(largeCount.load(ordering: .relaxed)) { $0 + $1.zone.destroy() }
    // What is still out must stay readable for its holder.
    if left > 0 { _ = unsafe Unmanaged.passRetained(pages as AnyObject) }
  }

  /// Allocates memory.
  ///
  /// Unless zeroed, its bytes are what its last user left.
  ///
  /// - Parameters:
  ///   - byteCount: bytes wanted; for 0 there is memory of the smallest size.
  ///   - type: what it is for.
  ///   - zeroed: fill the `byteCount` bytes with zeroes (M_ZERO); where they are zero already, it
  ///     costs nothing.
  ///   - wait: what to do when the size class has no item at hand; a run of pages is never waited
  ///     for.
  /// - Returns: memory aligned to 16 bytes, to its size if that is a power of two up to a page, and
  ///   to a page if it is longer than 65,536 bytes.
  /// - Throws: `MallocError`; nothing was allocated.
  ///
  /// BSD: `malloc`.
  public func allocate(
    byteCount: Int, type: MallocType, zeroed: Bool = false, _ wait: Wait = .noWait
  ) throws(MallocError) -> UnsafeMutableRawPointer {
    precondition(byteCount >= 0, "\(byteCount) bytes")
    guard byteCount <= Self.largestByteCount else {
      return unsafe try allocateLarge(byteCount, type, mayGrow: wait != .noPages)
    }
    let sizeClass = classes[Self.classIndex(byteCount)]
    guard type.admit(sizeClass.byteCount) else {
      throw .limitReached(type: type.name, limitInBytes: type.limitInBytes)
    }
    let item: Item
    do throws(ZoneError) {
      item = unsafe Item(try sizeClass.zone.allocateItem(wait))
    } catch {
      type.withdraw(sizeClass.byteCount)
      throw .denied(error)
    }
    guard let tag = tag(item, sizeClass) else {
      preconditionFailure("\(item) came from a zone and is not of its keg")
    }
    let old = tag.exchange(type.number)
    type.countAllocation(sizeClass.byteCount)
    if zeroed, old != MallocType.unusedTag || !sizeClass.isFreshZero {
      item.fill(byteCount)
    }
    return unsafe item.address
  }

  /// Frees memory.
  ///
  /// Never fails.
  /// - Precondition: it is memory of this allocator, allocated with this type and not freed since.
  ///
  /// BSD: `free`.
  public func free(_ memory: UnsafeMutableRawPointer, type: MallocType) {
    let item = unsafe Item(memory)
    switch owner(of: item) {
    case .run(let run): freeLarge(run, type)
    case .sizeClass(let sizeClass):
      guard let tag = tag(item, sizeClass) else { trapNotOwned(item) }
      release(tag, of: item, type)
      unsafe sizeClass.zone.freeItem(memory)
      type.countFree(sizeClass.byteCount)
    }
  }

  /// Makes memory longer or shorter, where it is if that is good enough, else by a copy.
  ///
  /// It stays where it is if its size class has room and is not more than twice what is wanted. New
  /// bytes are not zeroed.
  ///
  /// - Parameters:
  ///   - memory: what to change; nil allocates.
  ///   - byteCount: bytes wanted.
  ///   - type: the type it was allocated with.
  ///   - wait: as for `allocate`.
  /// - Throws: `MallocError`; the memory is as it was.
  /// - Precondition: as for `free`.
  ///
  /// BSD: `realloc`.
  public func reallocate(
    _ memory: UnsafeMutableRawPointer?, byteCount: Int, type: MallocType, _ wait: Wait = .noWait
  ) throws(MallocError) -> UnsafeMutableRawPointer {
    guard let memory = unsafe memory else {
      return unsafe try allocate(byteCount: byteCount, type: type, wait)
    }
    precondition(byteCount >= 0, "\(byteCount) bytes")
    let usable = unsafe usableByteCount(of: memory)
    if byteCount <= usable, byteCount > usable / 2 || usable == Self.smallestByteCount {
      return unsafe memory
    }
    let new = unsafe try allocate(byteCount: byteCount, type: type, wait)
    unsafe new.copyMemory(from: memory, byteCount: Swift.min(usable, byteCount))
    unsafe free(memory, type: type)
    return unsafe new
  }

  /// Bytes that may be used from `memory` on: those of its size class or of its pages.
  ///
  /// - Precondition: it is memory of this allocator and not freed.
  ///
  /// BSD: `malloc_usable_size`.
  public func usableByteCount(of memory: UnsafeMutableRawPointer) -> Int {
    switch unsafe owner(of: Item(memory)) {
    case .run(let run): run.byteCount
    case .sizeClass(let sizeClass): sizeClass.byteCount
    }
  }

  /// Gives what is cached back to the page source.
  ///
  /// - Returns: pages released.
  @discardableResult
  public func drain() -> Int { classes.reduce(0) { $0 + $1.zone.drain() } }

  // MARK: Finding out

  /// The index of the smallest class that holds so many bytes.
  static func classIndex(_ byteCount: Int) -> Int {
    // 16 is 1 << 4, and each power of two is one class more.
    guard byteCount > smallestByteCount else { return 0 }
    return Int.bitWidth - (byteCount - 1).leadingZeroBitCount - 4
  }

  private enum Owner {
    case run(LargeRun)
    case sizeClass(SizeClass)
  }

  /// What the page of an address belongs to.
  ///
  /// - Precondition: it is of this allocator, and of a run the beginning.
  private func owner(of memory: Item) -> Owner {
    guard let slab = slab(of: memory) else { trapNotOwned(memory) }
    if slab.kegNumber == largeNumber {
      guard slab.items == memory else { trapNotOwned(memory) }
      return .run(LargeRun(slab))
    }
    guard let sizeClass = classes.first(where: { $0.kegNumber == slab.kegNumber }) else {
      trapNotOwned(memory)
    }
    return .sizeClass(sizeClass)
  }

  private func trapNotOwned(_ memory: Item) -> Never {
    preconditionFailure("\(memory) is no memory of this allocator")
  }

  /// The header that the page of an address is tagged with.
  private func slab(of memory: Item) -> Slab? {
    unsafe Slab(word: pages.owner(of: memory.address))
  }

  /// The tag of an item of a class; nil if no item begins there.
  private func tag(_ item: Item, _ sizeClass: SizeClass) -> ItemTag? {
    guard let slab = slab(of: item) else { return nil }
    let (index, rest) = item.distance(from: slab.items)
      .quotientAndRemainder(dividingBy: sizeClass.kegLayout.stride)
    guard rest == 0 || sizeClass.isFramed,
      (0..<sizeClass.kegLayout.itemCount).contains(index)
    else { return nil }
    return slab.tag(index, sizeClass.kegLayout)
  }

  /// Takes the type off memory that is being freed.
  func release(_ tag: ItemTag, of memory: Item, _ type: MallocType) {
    let old = tag.replace(type.number, by: MallocType.freeTag)
    if old == type.number { return }
    precondition(old != MallocType.freeTag, "\(memory) is freed twice")
    precondition(old != MallocType.unusedTag, "\(memory) was never allocated")
    preconditionFailure(
      "\(memory) is of type \(MallocType.name(ofTag: old)), and freed as \(type.name)")
  }
}
