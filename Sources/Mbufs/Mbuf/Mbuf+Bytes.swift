// SPDX-License-Identifier: BSD-2-Clause
//
// The data of an mbuf in its storage, and how bytes come in, move and go:
//
//     start        data                end            start + capacity
//       | offset     | byteCount         | rest            |
//
//     0 <= offset;  offset + byteCount <= capacity
//     headroom == offset and tailroom == rest if the storage is writable, else 0
//
// The caller has compared the numbers: to write takes that much headroom or tailroom, to read or
// remove takes that many bytes. Debug builds check.

extension Mbuf {
  // MARK: Where

  /// Bytes of the storage before the data.
  @inlinable @inline(__always)
  var offset: Int { unsafe data - start }

  /// One past the last byte of data.
  @inlinable @inline(__always)
  var end: UnsafeMutableRawPointer { unsafe data + byteCount }

  /// Bytes before the data that may be written.
  ///
  /// BSD: `M_LEADINGSPACE`.
  @inlinable
  var headroom: Int { isWritable ? offset : 0 }

  /// Bytes behind the data that may be written.
  ///
  /// BSD: `M_TRAILINGSPACE`.
  @inlinable @inline(__always)
  var tailroom: Int { isWritable ? unsafe (start + capacity) - end : 0 }

  /// Puts the data of an empty mbuf `headroom` bytes into its storage.
  @inlinable
  func place(headroom: Int) {
    precondition(headroom >= 0 && headroom <= capacity, "headroom \(headroom) of \(capacity)")
    unsafe data = start + headroom
  }

  /// Puts the data of an empty mbuf so far back that `byteCount` bytes just fit behind it, or up to
  /// 7 more, at a multiple of 8 bytes.
  func placeAtEnd(_ byteCount: Int) { place(headroom: (capacity - byteCount) & ~7) }

  // MARK: Spans

  /// The data; the span is good while the caller holds the mbuf.
  @inlinable @inline(__always)
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get { bytes(0, byteCount) }
  }

  /// `count` bytes of data from `offset` on.
  @inlinable @inline(__always)
  @_lifetime(borrow self)
  func bytes(_ offset: Int, _ count: Int) -> RawSpan {
    assert(offset >= 0 && count >= 0 && offset + count <= byteCount)
    let span = unsafe RawSpan(_unsafeStart: data + offset, byteCount: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// `count` bytes of data from `offset` on, to be written; the storage is not shared.
  @inlinable @inline(__always)
  @_lifetime(borrow self)
  func mutableBytes(_ offset: Int, _ count: Int) -> MutableRawSpan {
    assert(offset >= 0 && count >= 0 && offset + count <= byteCount)
    let span = unsafe MutableRawSpan(_unsafeStart: data + offset, byteCount: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  // MARK: More and fewer

  /// Removes bytes from the front.
  @inlinable @inline(__always)
  func trimFront(_ count: Int) {
    assert(count >= 0 && count <= byteCount)
    unsafe data += count
    byteCount -= count
  }

  /// Takes the last bytes of the headroom into the data, as they are.
  @inlinable @inline(__always)
  func growFront(_ count: Int) {
    assert(count >= 0 && count <= headroom)
    unsafe data -= count
    byteCount += count
  }

  /// Adds zeroes in front.
  @inlinable @inline(__always)
  func prependZeroes(_ count: Int) {
    assert(count >= 0 && count <= headroom)
    unsafe data -= count
    unsafe data.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    byteCount += count
  }

  /// Adds zeroes behind the data.
  func appendZeroes(_ count: Int) {
    assert(count >= 0 && count <= tailroom)
    unsafe end.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    byteCount += count
  }

  /// Adds a copy of bytes behind the data.
  @inlinable @inline(__always)
  func append(_ bytes: RawSpan) {
    assert(bytes.byteCount <= tailroom)
    unsafe bytes.withUnsafeBytes { source in
      guard let from = source.baseAddress else { return }
      unsafe end.copyMemory(from: from, byteCount: source.count)
    }
    byteCount += bytes.byteCount
  }

  /// Adds a copy of `count` bytes that another mbuf has from `offset` on.
  @inline(__always)
  func append(_ other: Mbuf, _ offset: Int, _ count: Int) {
    assert(count <= tailroom && offset + count <= other.byteCount)
    unsafe end.copyMemory(from: other.data + offset, byteCount: count)
    byteCount += count
  }

  /// Adds a copy of another mbuf's bytes.
  @inline(__always)
  func append(_ other: Mbuf) { append(other, 0, other.byteCount) }

  /// Overwrites `count` bytes from `offset` on by the first ones of a span.
  func overwrite(_ offset: Int, _ bytes: RawSpan) {
    var target = mutableBytes(offset, bytes.byteCount)
    target.replace(at: 0, with: bytes)
  }

  /// Moves the data to another place in the storage, which has room for it there.
  func moveData(toOffset offset: Int) {
    assert(offset >= 0 && offset + byteCount <= capacity)
    // The ranges may overlap.
    let place = unsafe start + offset
    unsafe place.copyMemory(from: data, byteCount: byteCount)
    unsafe data = place
  }
}
