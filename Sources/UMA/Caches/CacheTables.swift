// SPDX-License-Identifier: BSD-2-Clause
//
// The tables of all threads, and how a visitor and the caches' owners keep out of each other's way.
// The process is in one of two modes, and goes from the first to the second once at most:
//
//     fenced   An owner works on its caches with no lock and no fence; a visitor asks, has every
//              thread pass a barrier, and waits for those inside (ZoneCache.swift).
//     locked   `asked` is 1 in every cache for good, so an owner finds no way in but by its zone's
//              lock, which the visitor holds too. No barrier is needed any more.
//
// The kernel decides. It may have no expedited membarrier, and then the process starts locked. It
// may refuse later what it granted at first, when the process confines itself (EPERM) or when
// memory is short (ENOMEM). A visit that gets no barrier of any kind (barrier.h) makes the mode
// locked, and has yet to know which owners are inside still, having read `asked` before it was set:
//
//     settled(table) <=> its owner is in no cache, and will read asked == 1 in each from now on
//
// - One more barrier settles them all: by turns on every core, which needs no membarrier. The
//   visitor then waits once for those inside.
// - If that is refused as well, each owner settles its own table under the lock of this list, on its
//   next allocation or free that has to leave the fast path, and with `asked` set, every one has
//   to: under that lock `asked` was set in every cache.
// - A table made in this mode is settled from the start, and so is one that retires.
//
// A table that is not settled is not touched; what is read of it are words that its owner writes
// whole. Its items are counted, and come back when their thread allocates, frees or ends; until then
// a drain leaves them where they are, and a denial may come though they are free. Only a process
// that is refused both membarrier(2) and sched_setaffinity(2) has such tables.

import CUMA

/// The tables of the process.
struct CacheTables: ~Copyable {
  private var tables: [CacheTable] = []
  private var lastNumber = 0
  /// Whether caches are shared under the locks of their zones.
  private(set) var isLocked: Bool

  static let shared = Guarded(CacheTables(), class: .registry)

  private init() {
    isLocked = !mbuma_register_barrier()
    if isLocked { mbuma_lock_caches() }
  }

  mutating func nextNumber() -> Int {
    lastNumber += 1
    return lastNumber
  }

  mutating func list(_ table: CacheTable) {
    if isLocked {
      table.close()
      table.isSettled = true
    }
    tables.append(table)
  }

  mutating func unlist(_ table: CacheTable) { tables.removeAll { $0.isSame(as: table) } }

  /// Makes the caches of a slot ready for another zone.
  ///
  /// - Precondition: its zone is drained, and its offset is given to nobody any more.
  func clear(at offset: Int) { for table in tables { table.cache(at: offset).clearCounts() } }

  /// What a visitor does in a cache.
  enum Visit {
    /// Reads its counts.
    case reading
    /// Takes its buckets.
    case taking
  }

  /// Runs `body` on the caches at some offsets of every table, while their owners are kept out, with
  /// the place of the cache's offset among these.
  ///
  /// - Precondition: the locks of the zones whose caches these are are held.
  mutating func visit(_ offsets: [Int], _ kind: Visit, _ body: (CacheTable, Cache, Int) -> Void) {
    let caches = tables.flatMap { table in
      offsets.enumerated().map { (table, table.cache(at: $1), $0) }
    }
    if !isLocked {
      for (_, cache, _) in caches { cache.ask(true) }
      if mbuma_barrier() {
        for (_, cache, _) in caches { while cache.isBusy { mbuma_yield() } }
        for (table, cache, place) in caches { body(table, cache, place) }
        for (_, cache, _) in caches { cache.ask(false) }
        return
      }
      lockCaches()
    }
    for (table, cache, place) in caches where kind == .reading || table.isSettled {
      body(table, cache, place)
    }
  }

  /// Makes the mode locked, and settles the tables if there is any way to.
  private mutating func lockCaches() {
    isLocked = true
    for table in tables { table.close() }
    mbuma_lock_caches()
    let threads = tables.map(\.thread)
    guard unsafe mbuma_barrier_by_turns(threads, threads.count) else { return }
    for table in tables {
      for cache in table.caches { while cache.isBusy { mbuma_yield() } }
      table.isSettled = true
    }
  }
}
