// SPDX-License-Identifier: BSD-2-Clause
//
// The fence between the allocator and raw memory: an address becomes an `Item` where memory comes
// in (a page source, a caller's free), and an `Item` an address where memory goes out. In between
// nobody but the keg that made it and the caller that holds it touches its bytes.

/// An item, a page or a header by its address.
@frozen
@usableFromInline
@safe
struct Item: Hashable, CustomStringConvertible, @unchecked Sendable {
  @usableFromInline let address: UnsafeMutableRawPointer

  @inlinable @inline(__always)
  init(_ address: UnsafeMutableRawPointer) { unsafe self.address = address }

  @inlinable @inline(__always)
  init?(_ address: UnsafeMutableRawPointer?) {
    guard let address = unsafe address else { return nil }
    unsafe self.address = address
  }

  init?(number: UInt) {
    guard let address = unsafe UnsafeMutableRawPointer(bitPattern: number) else { return nil }
    unsafe self.address = address
  }

  /// The address as a number, to compare and to divide.
  @usableFromInline
  var number: UInt { unsafe UInt(bitPattern: address) }

  @usableFromInline
  static func == (a: Item, b: Item) -> Bool { unsafe a.address == b.address }

  @usableFromInline
  func hash(into hasher: inout Hasher) { hasher.combine(number) }

  @usableFromInline
  var description: String { unsafe "\(address)" }

  /// What lies some bytes further on in the same memory.
  func advanced(by byteCount: Int) -> Item { unsafe Item(address + byteCount) }

  /// Bytes from another place of the same memory to here.
  func distance(from start: Item) -> Int { unsafe address - start.address }

  /// Fills the memory with zeroes, or another byte.
  ///
  /// - Precondition: the caller holds so many bytes.
  func fill(_ byteCount: Int, with byte: UInt8 = 0) {
    unsafe address.initializeMemory(as: UInt8.self, repeating: byte, count: byteCount)
  }
}

/// Places for the addresses of items, which their owner fills from the front.
@safe
struct ItemPlaces {
  private let first: UnsafeMutablePointer<UnsafeMutableRawPointer>
  let count: Int

  /// - Precondition: there is room for `count` addresses, which stays as long as this is used.
  init(_ first: UnsafeMutablePointer<UnsafeMutableRawPointer>, count: Int) {
    unsafe self.first = first
    self.count = count
  }

  /// The places of a caller's buffer, for as long as the caller lends it; nil if it has none.
  init?(_ buffer: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>) {
    guard let first = buffer.baseAddress, buffer.count > 0 else { return nil }
    unsafe self.first = first
    count = buffer.count
  }

  /// The places of a caller's buffer, which are only read; nil if it has none.
  init?(reading buffer: UnsafeBufferPointer<UnsafeMutableRawPointer>) {
    unsafe self.init(UnsafeMutableBufferPointer(mutating: buffer))
  }

  /// - Precondition: a place that is read was filled.
  subscript(index: Int) -> Item {
    get {
      check(index)
      return unsafe Item(first[index])
    }
    nonmutating set {
      check(index)
      unsafe first[index] = newValue.address
    }
  }

  /// Some of the places, from one on.
  func part(_ start: Int, _ count: Int) -> ItemPlaces {
    precondition(
      start >= 0 && count >= 0 && count <= self.count - start,
      "\(count) places from \(start) on, of \(self.count)")
    return unsafe ItemPlaces(first + start, count: count)
  }

  /// The places from one on.
  func rest(from start: Int) -> ItemPlaces { part(start, count - start) }

  /// Copies addresses into the first `number` places.
  ///
  /// - Precondition: so many stand at `slots`.
  func fill(from slots: UnsafeMutablePointer<UnsafeMutableRawPointer>, _ number: Int) {
    precondition(number >= 0 && number <= count, "\(number) places of \(count)")
    unsafe first.update(from: slots, count: number)
  }

  /// Copies the addresses in the first `number` places.
  ///
  /// - Precondition: they were filled, and `slots` has room for so many.
  func copy(_ number: Int, to slots: UnsafeMutablePointer<UnsafeMutableRawPointer>) {
    precondition(number >= 0 && number <= count, "\(number) places of \(count)")
    unsafe slots.update(from: first, count: number)
  }

  /// The same for an item source.
  var buffer: UnsafeMutableBufferPointer<UnsafeMutableRawPointer> {
    unsafe UnsafeMutableBufferPointer(start: first, count: count)
  }

  private func check(_ index: Int) {
    precondition(index >= 0 && index < count, "place \(index) of \(count)")
  }

  /// Runs `body` with one place.
  static func withOne<Result>(_ body: (ItemPlaces) -> Result) -> Result {
    unsafe withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer.self, capacity: 1) { place in
      guard let first = place.baseAddress else { preconditionFailure("no room on the stack") }
      return unsafe body(ItemPlaces(first, count: 1))
    }
  }
}
