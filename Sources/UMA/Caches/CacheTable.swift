// SPDX-License-Identifier: BSD-2-Clause
//
// Each thread has a table of zone caches, indexed by the zone's slot:
//
//     thread --> table   | slot 0: unused | slot 1 | slot 2 | ... | slot 1023 |    64 bytes each
//
// The registry, the only global state of the library, lists the tables and the zones. A zone takes
// a slot when it is made; a table is mapped at a thread's first allocation and retired when the
// thread ends: every bucket goes back to its zone, then the table is unlinked and unmapped.
//
// Lock order: zone, then registry or keg; nothing after these. A table on the list stays mapped
// while the registry is locked.

import CUMA

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
    self = Registry.shared.withLock { registry in
      registry.lastTableNumber += 1
      let table = unsafe CacheTable(
        base: base, number: registry.lastTableNumber, thread: mbuma_this_thread())
      if registry.isLocked {
        table.close()
        table.isSettled = true
      }
      registry.tables.append(table)
      return table
    }
  }

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

  init(base: UnsafeMutableRawPointer, number: Int = 0, thread: Int32 = 0) {
    unsafe self.base = base
    self.number = number
    self.thread = thread
  }

  /// The cache of a zone's slot; a slot's offset is what its zone keeps.
  func cache(at offset: Int) -> Cache {
    precondition(offset >= 0 && offset < Self.byteCount, "no cache is at offset \(offset)")
    return unsafe Cache(base, offset)
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
    Registry.shared.withLock { registry in
      registry.tables.removeAll { unsafe $0.base == base }
    }
    unsafe mbuma_unmap_table(base, Self.byteCount)
    MemoryBudget.process.refund(Self.byteCount)
  }
}

/// The tables and the zones of the process.
@safe
struct Registry: ~Copyable {
  var tables: [CacheTable] = []
  var lastTableNumber = 0
  /// By slot; slot 0 stays empty.
  var zones: [Zone?] = [nil]
  var freeSlots: [Int] = []
  /// Every zone that is not destroyed, with a slot or without.
  var all: [Zone] = []
  /// Whether caches are shared under the locks of their zones (CacheVisit.swift).
  var isLocked: Bool

  static let shared = Guarded(Registry(), class: .registry)

  init() {
    isLocked = !mbuma_register_barrier()
    if isLocked { mbuma_lock_caches() }
  }

  /// A slot for `zone`, or nil if all are taken.
  mutating func takeSlot(for zone: Zone) -> Int? {
    if let slot = freeSlots.popLast() {
      zones[slot] = zone
      return slot
    }
    guard zones.count < CacheTable.slotCount else { return nil }
    zones.append(zone)
    return zones.count - 1
  }

  /// The zone that has a slot; it stays until the caller leaves it.
  func visitor(ofSlot slot: Int) -> Zone? {
    guard slot < zones.count, let zone = zones[slot] else { return nil }
    zone.stay()
    return zone
  }

  mutating func list(_ zone: Zone) {
    all.append(zone)
    unsafe zone.core.pointee.isListed = true
  }

  mutating func unlist(_ zone: Zone) {
    all.removeAll { $0 == zone }
    unsafe zone.core.pointee.isListed = false
  }

  mutating func giveSlot(_ slot: Int) {
    zones[slot] = nil
    freeSlots.append(slot)
  }
}
