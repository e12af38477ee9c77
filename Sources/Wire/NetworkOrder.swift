// SPDX-License-Identifier: BSD-2-Clause

// Loads and stores in network byte order (big-endian), and the unsafe code of this module
// but for the loop of `InternetChecksum`.
//
// The whole proof is `FixedBytes`: a window of exactly `byteCount` bytes, where `byteCount` is part
// of the type. Making the window checks the bytes once; a read checks its offset against a number
// known at compile time, so in an optimised build that second check is gone, and in no build can a
// read leave the window.

/// A window of exactly `byteCount` bytes, whose reads need no bounds check at run time.
///
///     bytes   [ . . . . . . . . . . . . . . . . ]       RawSpan, checked once
///     window      [ 0 1 2 3 4 5 6 7 ]                   FixedBytes<8>, at: 2
@frozen
public struct FixedBytes<let byteCount: Int>: ~Escapable, BitwiseCopyable {
  // Invariant: bytes.byteCount == byteCount.
  @usableFromInline
  let bytes: RawSpan

  /// Opens the window `offset` bytes into `bytes`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    precondition(
      offset >= 0 && bytes.byteCount - offset >= byteCount,
      "window of \(byteCount) at \(offset) of \(bytes.byteCount)")
    // In bounds: 0 <= offset and offset + byteCount <= bytes.byteCount, just checked.
    self.bytes = unsafe bytes.extracting(unchecked: offset..<(offset &+ byteCount))
  }

  /// The byte at `offset`.
  @inlinable @inline(__always)
  public func uint8(at offset: Int) -> UInt8 {
    load(UInt8.self, at: offset)
  }

  /// The 16-bit number at `offset`, most significant byte first.
  @inlinable @inline(__always)
  public func uint16(at offset: Int) -> UInt16 {
    UInt16(bigEndian: load(UInt16.self, at: offset))
  }

  /// The 32-bit number at `offset`, most significant byte first.
  @inlinable @inline(__always)
  public func uint32(at offset: Int) -> UInt32 {
    UInt32(bigEndian: load(UInt32.self, at: offset))
  }

  /// The 64-bit number at `offset`, most significant byte first.
  @inlinable @inline(__always)
  public func uint64(at offset: Int) -> UInt64 {
    UInt64(bigEndian: load(UInt64.self, at: offset))
  }

  /// The number at `offset` as this machine would store it: for sums, which do not mind.
  @inlinable @inline(__always)
  public func load<Word: FixedWidthInteger & BitwiseCopyable>(
    _ word: Word.Type, at offset: Int
  ) -> Word {
    precondition(
      offset >= 0 && offset <= byteCount &- MemoryLayout<Word>.size,
      "\(MemoryLayout<Word>.size) bytes at \(offset) of \(byteCount)")
    // In bounds: checked above, and the window holds byteCount bytes by its invariant. Any bit
    // pattern is a valid integer.
    return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: word)
  }
}

extension InlineArray where Element == UInt8 {
  /// The bytes of the array.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    @inline(__always)
    get {
      // Every element of an array is initialized, and bytes have no padding.
      unsafe span.bytes
    }
  }
}

extension Array where Element == UInt8 {
  /// The bytes of the array.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    @inline(__always)
    get {
      // Every element of an array is initialized, and bytes have no padding.
      unsafe span.bytes
    }
  }
}

extension MutableRawSpan {
  /// Stores `value` at `offset`, most significant byte first.
  ///
  /// - Precondition: the bytes lie inside the span.
  @_lifetime(self: copy self)
  @inlinable @inline(__always)
  public mutating func store<Word: FixedWidthInteger & BitwiseCopyable>(
    _ value: Word, at offset: Int
  ) {
    storeBytes(of: value.bigEndian, toByteOffset: offset, as: Word.self)
  }
}

// MARK: - Addresses

extension FixedBytes {
  /// The link address in the six bytes at `offset`.
  @inlinable @inline(__always)
  public func macAddress(at offset: Int) -> MACAddress {
    MACAddress(high: uint32(at: offset), low: uint16(at: offset &+ 4))
  }

  /// The IPv4 address in the four bytes at `offset`.
  @inlinable @inline(__always)
  public func ipv4Address(at offset: Int) -> IPv4Address {
    IPv4Address(uint32(at: offset))
  }

  /// The IPv6 address in the sixteen bytes at `offset`.
  @inlinable @inline(__always)
  public func ipv6Address(at offset: Int) -> IPv6Address {
    IPv6Address(high: uint64(at: offset), low: uint64(at: offset &+ 8))
  }
}

extension MutableRawSpan {
  /// Stores the six bytes of a link address at `offset`.
  ///
  /// - Precondition: the bytes lie inside the span.
  @_lifetime(self: copy self)
  @inlinable @inline(__always)
  public mutating func store(_ address: MACAddress, at offset: Int) {
    store(address.high, at: offset)
    store(address.low, at: offset + 4)
  }

  /// Stores the four bytes of an IPv4 address at `offset`.
  ///
  /// - Precondition: the bytes lie inside the span.
  @_lifetime(self: copy self)
  @inlinable @inline(__always)
  public mutating func store(_ address: IPv4Address, at offset: Int) {
    store(address.bits, at: offset)
  }

  /// Stores the sixteen bytes of an IPv6 address at `offset`.
  ///
  /// - Precondition: the bytes lie inside the span.
  @_lifetime(self: copy self)
  @inlinable @inline(__always)
  public mutating func store(_ address: IPv6Address, at offset: Int) {
    store(address.high, at: offset)
    store(address.low, at: offset + 8)
  }
}

// MARK: - Memory that nobody has written

extension OutputRawSpan {
  /// Adds `byteCount` bytes, every one of which `body` stores.
  ///
  /// - Precondition: there is room for them.
  @_lifetime(self: copy self)
  @inlinable @inline(__always)
  package mutating func append(_ byteCount: Int, _ body: (inout MutableRawSpan) -> Void) {
    precondition(
      byteCount >= 0 && byteCount <= freeCapacity, "\(byteCount) bytes into \(freeCapacity)")
    unsafe withUnsafeMutableBytes { room, count in
      // In bounds: compared above. Nothing is read of these bytes before `body` has stored them.
      var bytes = unsafe MutableRawSpan(
        _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: room[count..<count + byteCount]))
      body(&bytes)
      count += byteCount
    }
  }
}

extension UInt16 {
  /// Calls `body` with the two bytes in network order.
  package func withNetworkOrderBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bytes: InlineArray<2, UInt8> = [
      UInt8(truncatingIfNeeded: self >> 8), UInt8(truncatingIfNeeded: self),
    ]
    // Of bytes, which have no padding.
    return try unsafe body(bytes.span.bytes)
  }
}
