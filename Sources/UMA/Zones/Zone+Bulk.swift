// SPDX-License-Identifier: BSD-2-Clause
//
// Many items at once, all or nothing. What the thread's cache holds is copied out in one step; the
// rest comes item by item behind it, each bringing a bucket of its own.
//
// A bulk allocation never sleeps: two of them, each with half of what it wants, could wait for one
// another forever.

extension Zone {
  /// Allocates an item for every place of `items` and runs `construct` on each, or allocates none.
  ///
  /// - Throws: `ZoneError`; nothing is allocated, and what was constructed is destructed again.
  ///
  /// BSD has none; DPDK has one in rte_mempool.
  public func allocate(
    into items: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(ZoneError) {
    guard let places = unsafe ItemPlaces(items) else { return }
    try allocateAll(places, file, line)
    for index in 0..<places.count {
      do throws(ZoneError) {
        try make(places[index], zeroed: false)
      } catch {
        for constructed in 0..<index { unmake(places[constructed]) }
        freeAll(places.part(0, index), file, line)
        freeAll(places.rest(from: index + 1), file, line)
        throw error
      }
    }
  }

  /// Runs `destruct` on every item and frees them.
  ///
  /// Never fails.
  /// - Precondition: each is allocated from this zone.
  public func free(
    _ items: UnsafeBufferPointer<UnsafeMutableRawPointer>, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    guard let places = unsafe ItemPlaces(reading: items) else { return }
    for index in 0..<places.count { unmake(places[index]) }
    freeAll(places, file, line)
  }

  /// Takes an item for every place, without `construct`, or none.
  private func allocateAll(_ places: ItemPlaces, _ file: StaticString, _ line: UInt)
    throws(ZoneError)
  {
    var taken = ownCache?.take(into: places) ?? 0
    do throws(ZoneError) {
      while taken < places.count {
        places[taken] = try allocateSlow(.noWait, false, file, line)
        taken += 1
        guard let cache = cache(in: CacheTable.current()) else { continue }
        taken += cache.take(into: places.rest(from: taken))
      }
    } catch {
      freeAll(places.part(0, taken), file, line)
      throw error
    }
  }

  /// Frees the items of all places, without `destruct`.
  private func freeAll(_ places: ItemPlaces, _ file: StaticString, _ line: UInt) {
    var given = ownCache?.give(places) ?? 0
    while given < places.count {
      freeSlow(places[given], file, line)
      given += 1
      guard let cache = cache(in: CacheTable.current()) else { continue }
      given += cache.give(places.rest(from: given))
    }
  }
}
