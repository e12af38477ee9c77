// SPDX-License-Identifier: BSD-2-Clause
//
// Memory of more than the largest size class: a run of pages, and a header from the pool.
//
//     header   0    the fields of a slab: `items` is the run, `kegNumber` the allocator's
//              32   bytes that may be used, whole pages
//              40   pages asked of the page source
//              48   tag: the type
//
// Every page of the run is tagged with the header, so that a pointer into its midst is told from
// its beginning. Run lengths are rounded up to four steps from one power of two to the next, since
// page sources keep runs by length; pages beyond what was asked for are never touched and cost
// addresses alone. Fresh pages are zero, and a freed run is given back at once, so a run is zero
// whenever it is allocated.

import Synchronization

@unsafe
struct LargeRun: ~Copyable {
  var slab: Slab
  var byteCount: Int
  var runPageCount: Int
  let tag: Atomic<UInt16>

  static func at(_ slab: SlabPointer) -> UnsafeMutablePointer<LargeRun> {
    // The header of a run has a place of 64 bytes in its pool, and begins with the slab.
    unsafe UnsafeMutableRawPointer(slab).assumingMemoryBound(to: LargeRun.self)
  }

  /// Pages to ask for where `pageCount` are needed.
  static func runPageCount(for pageCount: Int) -> Int {
    let step = 1 << Swift.max(0, Int.bitWidth - 3 - pageCount.leadingZeroBitCount)
    return (pageCount + step - 1) / step * step
  }
}

extension SizeClassAllocator {
  /// Memory allocated in runs of its own and not freed yet.
  var largeInUse: Int { largeCount.load(ordering: .relaxed) }

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
    let runPageCount = unsafe LargeRun.runPageCount(for: pageCount)
    guard mayGrow, let header = unsafe largeHeaders.takeItem() else {
      type.withdraw(pageCount * page)
      throw .outOfPages(byteCount: byteCount)
    }
    guard chargeLarge(runPageCount * page + SlabLayout.lineByteCount) else {
      unsafe largeHeaders.putItem(header)
      type.withdraw(pageCount * page)
      throw .budgetReached(limitInBytes: budget.limitInBytes)
    }
    guard let run = unsafe pages.allocatePages(runPageCount, alignment: page) else {
      budget.refund(runPageCount * page + SlabLayout.lineByteCount)
      unsafe largeHeaders.putItem(header)
      type.withdraw(pageCount * page)
      throw .outOfPages(byteCount: byteCount)
    }
    unsafe header.assumingMemoryBound(to: LargeRun.self).initialize(
      to: LargeRun(
        slab: Slab(
          next: nil, previous: nil, items: run, freeCount: 0, list: Slab.List.none.rawValue,
          kegNumber: largeNumber), byteCount: pageCount * page, runPageCount: runPageCount,
        tag: Atomic(type.number)))
    unsafe pages.setOwner(UInt(bitPattern: header), of: run, runPageCount)
    largeCount.add(1, ordering: .relaxed)
    type.countAllocation(pageCount * page)
    return unsafe run
  }

  /// Takes bytes off the budget, if need be after zones gave back what they have cached.
  private func chargeLarge(_ byteCount: Int) -> Bool {
    if budget.charge(byteCount) { return true }
    Zone.reclaimAll(.drainWithCaches, on: budget)
    return budget.charge(byteCount)
  }

  func freeLarge(_ memory: UnsafeMutableRawPointer, _ slab: SlabPointer, _ type: MallocType) {
    let header = unsafe LargeRun.at(slab)
    unsafe release(header.pointee.tag, of: memory, type)
    let (byteCount, runPageCount) = unsafe (header.pointee.byteCount, header.pointee.runPageCount)
    unsafe pages.setOwner(0, of: memory, runPageCount)
    unsafe header.pointee.slab.kegNumber = 0
    unsafe header.deinitialize(count: 1)
    unsafe largeHeaders.putItem(UnsafeMutableRawPointer(slab))
    unsafe pages.freePages(memory, runPageCount)
    budget.refund(runPageCount * PageArena.pageByteCount + SlabLayout.lineByteCount)
    largeCount.subtract(1, ordering: .relaxed)
    type.countFree(byteCount)
  }
}
