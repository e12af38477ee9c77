// SPDX-License-Identifier: BSD-2-Clause
//
// Each thread has a table of zone caches, indexed by the zone's slot:
//
//     thread --> table   | slot 0: unused | slot 1 | slot 2 | ... | slot 1023 |    64 bytes each
//
// A zone takes a slot when it is made; a table is mapped at a thread's first allocation and retired
// when the thread ends: every bucket goes back to its zone, then the table is unlisted and unmapped
// (CacheTable+Thread.swift). A table on the list (CacheTables.swift) stays mapped while the list is
// locked.

import CUMA
import Synchronization

/// The caches of one thread, or of a simulated CPU in a test.
///
/// A table belongs to one thread at a time; only its owner allocates and frees through it. It is
/// for this package and its tests, because nothing checks who uses it.
@safe
package struct CacheTable: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  /// Its number among all tables there ever were, from 1; 0 in a copy made of the address alone.
  let number: Int
  /// The number that the system gives the thread that made it; 0 in such a copy.
  let thread: Int32

  static let slotCount = 1_024
  static let byteCount = slotCount * ZoneCache.strideByteCount

  /// A table that no thread owns, so that a test can play several CPUs on one thread.
  ///
  /// Call `retire()` when done.
  package init?() {
    guard MemoryBudget.process.charge(Self.byteCount) else { return nil }
    guard let base = unsafe mbuma_map_table(Self.byteCount) else {
      MemoryBudget.process.refund(Self.byteCount)
      return nil
    }
    self = CacheTables.shared.withLock { tables in
      let table = unsafe CacheTable(
        base: base, number: tables.nextNumber(), thread: mbuma_this_thread())
      tables.list(table)
      return table
    }
  }

  init(base: UnsafeMutableRawPointer, number: Int = 0, thread: Int32 = 0) {
    unsafe self.base = base
    self.number = number
    self.thread = thread
  }

  /// Takes the table off the list and unmaps it.
  ///
  /// - Precondition: its caches are empty, and nobody uses it any more.
  func end() {
    CacheTables.shared.withLock { $0.unlist(self) }
    unsafe mbuma_unmap_table(base, Self.byteCount)
    MemoryBudget.process.refund(Self.byteCount)
  }

  /// The cache of a zone's slot; a slot's offset is what its zone keeps.
  func cache(at offset: Int) -> Cache {
    precondition(offset >= 0 && offset < Self.byteCount, "no cache is at offset \(offset)")
    return unsafe Cache(base, offset)
  }

  /// Its caches, those of slots that no zone has included.
  var caches: [Cache] {
    (0..<Self.slotCount).map { cache(at: $0 * ZoneCache.strideByteCount) }
  }

  func isSame(as other: CacheTable) -> Bool { unsafe base == other.base }
}

// MARK: - Where there is no barrier

extension CacheTable {
  /// Whether the owner is known to be in no cache and to come in no more (CacheTables.swift).
  ///
  /// Another thread reads and writes this under the lock of the list.
  var isSettled: Bool {
    get { unsafe settled.pointee.load(ordering: .relaxed) }
    nonmutating set { unsafe settled.pointee.store(newValue, ordering: .relaxed) }
  }

  /// The owner's word that it has heard; it is in none of its caches now.
  func settle() {
    // Nobody but the owner settles a table that is not, so what it reads here is not stale for long.
    if isSettled { return }
    CacheTables.shared.withLock { _ in isSettled = true }
  }

  /// Shuts the fast path into every cache.
  func close() { for cache in caches { cache.ask(true) } }

  /// In the first line of the table, behind the fields of the slot that caches nothing.
  private var settled: UnsafeMutablePointer<Atomic<Bool>> {
    unsafe (base + MemoryLayout<ZoneCache>.size).assumingMemoryBound(to: Atomic<Bool>.self)
  }
}
