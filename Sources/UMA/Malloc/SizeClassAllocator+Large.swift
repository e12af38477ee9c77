// SPDX-License-Identifier: BSD-2-Clause
//
// Memory of more than the largest size class: a run of pages, and a header from the pool.
//
//     header   0    the fields of a slab: `items` is the run, `kegNumber` the allocator's
//              32   bytes that may be used, whole pages
//              40   pages asked of the page source
//              48   tag: the type
//
// Every page of the run is tagged with the header, so that a pointer into its middle is told from
// its beginning. Run lengths are rounded up to four steps from one power of two to the next, since
// page sources keep runs by length; pages beyond what was asked for are never touched and cost
// addresses alone. Fresh pages are zero, and a freed run is given back at once, so a run is zero
// whenever it is allocated.

import Synchronization

/// The header of one run by its address.
@safe
struct LargeRun {
  private struct Fields {
    var slab: SlabHeader
    var byteCount: Int
    var runPageCount: Int
    var tag: UInt16
  }

  let slab: Slab

  /// - Precondition: the slab's header is that of a run.
  init(_ slab: Slab) { self.slab = slab }

  /// Writes the header of a run.
  ///
  /// - Precondition: the caller holds a line at `header`.
  static func make(
    at header: Item, run: Item, byteCount: Int, runPageCount: Int, kegNumber: UInt32, tag: UInt16
  ) -> LargeRun {
    header.fill(SlabLayout.lineByteCount)
    let largeRun = LargeRun(
      Slab.make(at: header, items: run, itemCount: 0, kegNumber: kegNumber))
    unsafe largeRun.fields.pointee.byteCount = byteCount
    unsafe largeRun.fields.pointee.runPageCount = runPageCount
    _ = largeRun.tag.exchange(tag)
    return largeRun
  }

  private var fields: UnsafeMutablePointer<Fields> {
    // The header of a run has a place of 64 bytes in its pool, and begins with the slab's.
    unsafe slab.header.address.assumingMemoryBound(to: Fields.self)
  }

  /// Bytes that may be used.
  var byteCount: Int { unsafe fields.pointee.byteCount }

  /// Pages asked of the page source.
  var runPageCount: Int { unsafe fields.pointee.runPageCount }

  /// Whose it is.
  var tag: ItemTag {
    let offset = MemoryLayout<Fields>.offset(of: \.tag) ?? 0
    return ItemTag(at: slab.header.advanced(by: offset))
  }

  /// Pages to ask for where `pageCount` are needed.
  static func runPageCount(for pageCount: Int) -> Int {
    let step = 1 << Swift.max(0, Int.bitWidth - 3 - pageCount.leadingZeroBitCount)
    return (pageCount + step - 1) / step * step
  }
}

extension SizeClassAllocator {
  func allocateLarge(_ byteCount: Int, _ type: MallocType, mayGrow: Bool)
    throws(MallocError) -> UnsafeMutableRawPointer
  {
    guard byteCount <= 1 << 46 else {
      type.countDenial()
      throw .outOfPages(byteCount: byteCount)
    }
    let page = PageArena.pageByteCount
    let pageCount = (byteCount + page - 1) / page
    guard type.admit(pageCount * page) else {
      throw .limitReached(type: type.name, limitInBytes: type.limitInBytes)
    }
    let runPageCount = LargeRun.runPageCount(for: pageCount)
    guard mayGrow, let header = largeHeaders.takeItem() else {
      type.withdraw(pageCount * page)
      throw .outOfPages(byteCount: byteCount)
    }
    guard chargeLarge(runPageCount * page + SlabLayout.lineByteCount) else {
      largeHeaders.putItem(header)
      type.withdraw(pageCount * page)
      throw .budgetReached(limitInBytes: budget.limitInBytes)
    }
    guard let run = unsafe Item(pages.allocatePages(runPageCount, alignment: page)) else {
      budget.refund(runPageCount * page + SlabLayout.lineByteCount)
      largeHeaders.putItem(header)
      type.withdraw(pageCount * page)
      throw .outOfPages(byteCount: byteCount)
    }
    let largeRun = LargeRun.make(
      at: header, run: run, byteCount: pageCount * page, runPageCount: runPageCount,
      kegNumber: largeNumber, tag: type.number)
    unsafe pages.setOwner(largeRun.slab.word, of: run.address, runPageCount)
    largeCount.add(1, ordering: .relaxed)
    type.countAllocation(pageCount * page)
    return unsafe run.address
  }

  /// Takes bytes off the budget, if need be after zones gave back what they have cached.
  private func chargeLarge(_ byteCount: Int) -> Bool {
    if budget.charge(byteCount) { return true }
    Zone.reclaimAll(.drainWithCaches, on: budget)
    return budget.charge(byteCount)
  }

  func freeLarge(_ run: LargeRun, _ type: MallocType) {
    let memory = run.slab.items
    release(run.tag, of: memory, type)
    let (byteCount, runPageCount) = (run.byteCount, run.runPageCount)
    unsafe pages.setOwner(0, of: memory.address, runPageCount)
    run.slab.kegNumber = 0
    largeHeaders.putItem(run.slab.header)
    unsafe pages.freePages(memory.address, runPageCount)
    budget.refund(runPageCount * PageArena.pageByteCount + SlabLayout.lineByteCount)
    largeCount.subtract(1, ordering: .relaxed)
    type.countFree(byteCount)
  }
}
