// SPDX-License-Identifier: BSD-2-Clause
import CUMA

/// A thread's table from its first allocation to the thread's end.
extension CacheTable {
  /// The calling thread's table, made at its first use; nil if the system has no memory for it.
  package static func current() -> CacheTable? {
    if let base = unsafe mbuma_table() { return unsafe CacheTable(base: base) }
    guard let table = CacheTable() else { return nil }
    let willRetire = unsafe mbuma_call_at_thread_exit(table.base) { base in
      mbuma_set_table(nil)
      unsafe CacheTable(base: base).retire()
    }
    guard willRetire else {
      table.retire()
      return nil
    }
    unsafe mbuma_set_table(table.base)
    return table
  }

  /// Gives every cached item back to its zone and unmaps the table.
  ///
  /// - Precondition: nobody uses the table any more.
  package func retire() {
    // By slot: a zone that is being destroyed is off the list of zones, and its drain may come after
    // this table has gone. What is here then would be lost.
    for slot in 1..<Self.slotCount {
      let zone = Registry.shared.withLock { $0.visitor(ofSlot: slot) }
      guard let zone else { continue }
      zone.retireCache(in: self)
      zone.leave()
    }
    end()
  }
}
