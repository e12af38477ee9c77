// SPDX-License-Identifier: BSD-2-Clause
//
// Bytes that are gathered, read and forgotten, again and again, in memory that is used again:
//
//     0 <= byteCount <= capacity;  capacity doubles where more is needed and never shrinks

/// Bytes that grow at their end.
@safe
struct ByteLog: ~Copyable, @unchecked Sendable {
  private var start: UnsafeMutableRawPointer
  private var capacity = 4_096
  private(set) var byteCount = 0

  init() { unsafe start = .allocate(byteCount: 4_096, alignment: 8) }

  deinit { unsafe start.deallocate() }

  @inline(__always) var isEmpty: Bool { byteCount == 0 }

  /// The bytes.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    @inline(__always)
    get {
      // In bounds: byteCount <= capacity. They stay until the log is changed.
      let span = unsafe RawSpan(_unsafeStart: start, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Forgets the bytes, and keeps their memory.
  mutating func removeAll() { byteCount = 0 }

  /// Appends four bytes.
  @inline(__always)
  mutating func append(_ word: UInt32) {
    if capacity - byteCount < 4 { growSlow(4) }
    // In bounds: four bytes are free.
    unsafe start.storeBytes(of: word, toByteOffset: byteCount, as: UInt32.self)
    byteCount += 4
  }

  /// Puts four bytes in the place of others.
  mutating func replace(at place: Int, with word: UInt32) {
    precondition(place >= 0 && place + 4 <= byteCount, "word \(place) of \(byteCount) bytes")
    // In bounds, checked above.
    unsafe start.storeBytes(of: word, toByteOffset: place, as: UInt32.self)
  }

  /// Appends some bytes.
  @inline(__always)
  mutating func append(_ more: RawSpan) {
    let count = more.byteCount
    if capacity - byteCount < count { growSlow(count) }
    unsafe more.withUnsafeBytes { source in
      guard let first = source.baseAddress else { return }
      // In bounds: so many bytes are free.
      unsafe (start + byteCount).copyMemory(from: first, byteCount: count)
    }
    byteCount += count
  }

  /// Appends some bytes of another log.
  @inline(__always)
  mutating func append(_ range: Range<Int>, of other: borrowing ByteLog) {
    append(other.bytes.extracting(range))
  }

  @inline(never)
  private mutating func growSlow(_ count: Int) {
    capacity = Swift.max(2 * capacity, byteCount + count)
    let (old, larger) = unsafe (
      start, UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
    )
    // In bounds: both have so many bytes.
    unsafe larger.copyMemory(from: old, byteCount: byteCount)
    unsafe old.deallocate()
    unsafe start = larger
  }
}
