// SPDX-License-Identifier: BSD-2-Clause
//
// Many items at once, all or nothing. What the thread's cache holds is copied out in one step; the
// rest comes item by item behind it, each bringing a bucket of its own.
//
// A bulk allocation never sleeps: two of them, each with half of what it wants, could wait for one
// another for ever.

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
      taken = unsafe CachePointer(table, offset).take(into: items)
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
      given = unsafe CachePointer(table, offset).give(items)
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
        guard let cache = unsafe cache(in: CacheTable.current()) else { continue }
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
      guard let cache = unsafe cache(in: CacheTable.current()) else { continue }
      given += unsafe cache.give(.init(rebasing: items[given...]))
    }
  }
}

extension CachePointer {
  /// Takes as many items as the loaded bucket has and `items` has places for.
  @usableFromInline
  func take(into items: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>) -> Int {
    guard let first = items.baseAddress, unsafe enter() else { return 0 }
    let count = unsafe Int(at.pointee.count)
    let taken = Swift.min(count, items.count)
    // In bounds: taken <= count <= capacity, and taken <= items.count.
    unsafe first.update(from: at.pointee.items + (count - taken), count: taken)
    unsafe countAllocations(UInt64(taken))
    unsafe leave(count: UInt32(count - taken))
    return taken
  }

  /// Puts as many of `items` into the loaded bucket as it has room for.
  @usableFromInline
  func give(_ items: UnsafeBufferPointer<UnsafeMutableRawPointer>) -> Int {
    guard let first = items.baseAddress, unsafe enter() else { return 0 }
    let count = unsafe Int(at.pointee.count)
    let given = unsafe Swift.min(Int(at.pointee.capacity) - count, items.count)
    // In bounds: count + given <= capacity, and given <= items.count. An empty cache has no slots.
    if given > 0 { unsafe (at.pointee.items + count).update(from: first, count: given) }
    unsafe leave(count: UInt32(count + given))
    return given
  }
}
