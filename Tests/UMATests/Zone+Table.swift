// SPDX-License-Identifier: BSD-2-Clause
@testable import UMA

/// Allocating and freeing through a table of caches as its owner, so that one thread plays several
/// CPUs step by step.
extension Zone {
  func allocate(
    in table: CacheTable, _ wait: Wait = .noWait, zeroed: Bool = false
  ) throws(ZoneError) -> UnsafeMutableRawPointer {
    let item = unsafe try allocateItem(in: table, wait)
    unsafe try make(Item(item), zeroed: zeroed)
    return unsafe item
  }

  func free(_ item: UnsafeMutableRawPointer, in table: CacheTable) {
    unsafe unmake(Item(item))
    unsafe freeItem(item, in: table)
  }

  func allocateItem(
    in table: CacheTable, _ wait: Wait = .noWait, usesReserve: Bool = false
  ) throws(ZoneError) -> UnsafeMutableRawPointer {
    if let item = cache(in: table)?.take() { return unsafe item.address }
    let request = Request(
      wait: wait, usesReserve: usesReserve, site: CallSite(#fileID, #line))
    return unsafe try allocateSlow(request, in: table).address
  }

  func freeItem(_ item: UnsafeMutableRawPointer, in table: CacheTable) {
    let item = unsafe Item(item)
    if cache(in: table)?.give(item) == true { return }
    freeSlow(item, in: table, CallSite(#fileID, #line))
  }
}
