// SPDX-License-Identifier: BSD-2-Clause
//
// Many items at once, all or nothing. What the thread's cache holds is copied out in one step; the
// rest comes item by item behind it, each bringing a bucket of its own.
//
// A bulk allocation never sleeps: two of them, each with half of what it wants, could wait for one
// another forever.

import CUMA
import Synchronization

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
    unsafe try allocateItems(into: items, file: file, line: line)
    guard let construct = unsafe core.pointee.construct else { return }
    for index in items.indices {
      do throws(ZoneError) {
        unsafe try finish(items[index], construct)
      } catch {
        let constructed = unsafe UnsafeBufferPointer(rebasing: items[..<index])
        let untouched = unsafe UnsafeBufferPointer(rebasing: items[(index + 1)...])
        unsafe free(constructed, file: file, line: line)
        unsafe freeItems(untouched, file: file, line: line)
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
    if let destruct = unsafe core.pointee.destruct {
      for index in items.indices { unsafe destruct(items[index]) }
    }
    unsafe freeItems(items, file: file, line: line)
  }

  /// Allocates an item for every place of `items`, without `construct`, or allocates none.
  ///
  /// - Throws: `ZoneError`; nothing is allocated.
  @inlinable
  public func allocateItems(
    into items: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(ZoneError) {
    var taken = 0
    if let table = unsafe mbuma_table() {
      let offset = unsafe core.pointee.cacheOffset.load(ordering: .relaxed)
      taken = unsafe Cache(table, offset).take(into: items)
    }
    if taken < items.count {
      unsafe try allocateRest(of: items, from: taken, file, line)
    }
  }

  /// Frees items, without `destruct`.
  ///
  /// - Precondition: each is allocated from this zone.
  @inlinable
  public func freeItems(
    _ items: UnsafeBufferPointer<UnsafeMutableRawPointer>, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    var given = 0
    if let table = unsafe mbuma_table() {
      let offset = unsafe core.pointee.cacheOffset.load(ordering: .relaxed)
      given = unsafe Cache(table, offset).give(items)
    }
    if given < items.count { unsafe freeRest(of: items, from: given, file, line) }
  }

  @usableFromInline
  @inline(never)
  func allocateRest(
    of items: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>, from start: Int,
    _ file: StaticString, _ line: UInt
  ) throws(ZoneError) {
    var taken = start
    do throws(ZoneError) {
      while taken < items.count {
        unsafe items[taken] = try allocateSlow(.noWait, false, file, line)
        taken += 1
        guard let cache = cache(in: CacheTable.current()) else { continue }
        taken += unsafe cache.take(into: .init(rebasing: items[taken...]))
      }
    } catch {
      unsafe freeItems(UnsafeBufferPointer(rebasing: items[..<taken]), file: file, line: line)
      throw error
    }
  }

  @usableFromInline
  @inline(never)
  func freeRest(
    of items: UnsafeBufferPointer<UnsafeMutableRawPointer>, from start: Int,
    _ file: StaticString, _ line: UInt
  ) {
    var given = start
    while given < items.count {
      unsafe freeSlow(items[given], file, line)
      given += 1
      guard let cache = cache(in: CacheTable.current()) else { continue }
      given += unsafe cache.give(.init(rebasing: items[given...]))
    }
  }
}
