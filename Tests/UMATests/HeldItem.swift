// SPDX-License-Identifier: BSD-2-Clause
import Synchronization

@testable import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An item that a test has allocated, with a pattern of its own in every word.
@safe
struct HeldItem: Hashable, @unchecked Sendable {
  let address: UnsafeMutableRawPointer

  init(_ address: UnsafeMutableRawPointer) { unsafe self.address = address }

  init(_ item: Item) { unsafe address = item.address }

  /// The same as the allocator has it.
  var item: Item { unsafe Item(address) }

  /// The address as a number, to compare and to divide.
  var number: UInt { unsafe UInt(bitPattern: address) }

  static func == (a: HeldItem, b: HeldItem) -> Bool { a.number == b.number }

  func hash(into hasher: inout Hasher) { hasher.combine(number) }

  /// Writes `tag`, mixed with the address, over the item's words.
  func fill(_ tag: UInt64, byteCount: Int) {
    for offset in stride(from: 0, through: byteCount - 8, by: 8) {
      unsafe address.storeBytes(of: pattern(tag, offset), toByteOffset: offset, as: UInt64.self)
    }
  }

  /// Whether every word is as `fill` left it.
  func isFilled(_ tag: UInt64, byteCount: Int) -> Bool {
    for offset in stride(from: 0, through: byteCount - 8, by: 8)
    where unsafe address.load(fromByteOffset: offset, as: UInt64.self) != pattern(tag, offset) {
      return false
    }
    return true
  }

  /// Whether every byte is zero.
  func isZero(byteCount: Int) -> Bool {
    unsafe UnsafeRawBufferPointer(start: address, count: byteCount).allSatisfy { $0 == 0 }
  }

  private func pattern(_ tag: UInt64, _ offset: Int) -> UInt64 {
    (tag &* 0x9e37_79b9_7f4a_7c15) ^ UInt64(number) &+ UInt64(offset)
  }

  var firstWord: UInt64 {
    get { unsafe address.load(as: UInt64.self) }
    nonmutating set { unsafe address.storeBytes(of: newValue, as: UInt64.self) }
  }
}

extension Zone {
  /// Allocates with `construct`, through the calling thread's caches.
  func take(_ wait: Wait = .noWait, zeroed: Bool = false, usesReserve: Bool = false)
    throws(ZoneError) -> HeldItem
  {
    unsafe HeldItem(try allocate(wait, zeroed: zeroed, usesReserve: usesReserve))
  }

  /// Allocates through the caches of a simulated CPU.
  func take(in table: CacheTable) throws(ZoneError) -> HeldItem {
    unsafe HeldItem(try allocateItem(in: table))
  }

  func hasCache(in table: CacheTable) -> Bool { cache(in: table) != nil }

  func give(_ item: HeldItem) { unsafe free(item.address) }

  func give(_ item: HeldItem, in table: CacheTable) { unsafe freeItem(item.address, in: table) }

  func take(_ count: Int) throws(ZoneError) -> [HeldItem] {
    var items: [HeldItem] = []
    for _ in 0..<count { items.append(try take()) }
    return items
  }

  func give(_ items: [HeldItem]) { for item in items { give(item) } }

  /// Takes until the zone denies.
  func takeAll(in table: CacheTable? = nil) -> (items: [HeldItem], denial: ZoneError) {
    var items: [HeldItem] = []
    while true {
      do throws(ZoneError) {
        if let table { items.append(try take(in: table)) } else { items.append(try take()) }
      } catch {
        return (items, error)
      }
    }
  }
}

extension Zone {
  /// Lets other threads run until a caller waits for an item.
  func awaitWaiter() { while withDepot({ $0.waiters.isEmpty }) { sched_yield() } }
}

/// Pages that are counted, and refused from a limit on.
final class CountedPages: PageSource {
  private let arena = PageArena(reservingByteCount: 1 << 30)
  private let limit: Atomic<Int>
  private let out = Atomic<Int>(0)
  private let made = Atomic<Int>(0)
  private let refused = Atomic<Int>(0)
  /// Runs after each refusal, with the number of refusals so far.
  let onRefusal = Box<@Sendable (Int) -> Void>()

  init(limit: Int = .max) { self.limit = Atomic(limit) }

  var pagesOut: Int { out.load(ordering: .relaxed) }
  var runsMade: Int { made.load(ordering: .relaxed) }
  var refusals: Int { refused.load(ordering: .relaxed) }

  func setLimit(_ pages: Int) { limit.store(pages, ordering: .relaxed) }

  func allocatePages(_ pageCount: Int, alignment: Int) -> UnsafeMutableRawPointer? {
    var seen = out.load(ordering: .relaxed)
    while true {
      guard seen + pageCount <= limit.load(ordering: .relaxed) else {
        let number = refused.add(1, ordering: .relaxed).newValue
        onRefusal.value?(number)
        return nil
      }
      let (done, now) = out.compareExchange(
        expected: seen, desired: seen + pageCount, ordering: .relaxed)
      if done { break }
      seen = now
    }
    made.add(1, ordering: .relaxed)
    return unsafe arena.allocatePages(pageCount, alignment: alignment)
  }

  func freePages(_ pages: UnsafeMutableRawPointer, _ pageCount: Int) {
    unsafe arena.freePages(pages, pageCount)
    out.subtract(pageCount, ordering: .relaxed)
  }
}

/// A value that a hook and its test share, each on the same thread or one after the other.
final class Box<Value: Sendable>: Sendable {
  fileprivate let guarded = Guarded<Value?>(nil)

  var value: Value? {
    get { guarded.withLock { $0 } }
    set { guarded.withLock { $0 = newValue } }
  }

  /// The value, which is nobody else's from now on.
  func take() -> Value? {
    guarded.withLock { value in
      defer { value = nil }
      return value
    }
  }
}

extension Box where Value: RangeReplaceableCollection, Value.Element: Sendable {
  func append(_ element: Value.Element) { guarded.withLock { $0?.append(element) } }
}
