// SPDX-License-Identifier: BSD-2-Clause

// The loop over all bytes of a packet. Its loads are not checked one by one: `offset` is where the next
// word begins, and each load stands behind the comparison with `count` that is its proof.
//
//     bytes    [ 32 ][ 32 ] ... [ 8 ][ 8 ][ 1...7 ]
//                                   [ last word, 8 ]      what was summed before is shifted out

extension InternetChecksum {
  /// The sum of the bytes from an even place, in memory order; a last odd byte is padded with zero.
  @inlinable
  static func wordSum(_ bytes: RawSpan) -> UInt64 {
    let count = bytes.byteCount
    guard count >= 8 else { return shortSum(bytes) }
    var offset = 0
    var total: UInt64 = 0
    if count >= 32 {
      // Four sums, so that each carry has four steps to come round.
      var (a, b, c, d) = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
      repeat {
        // In bounds: offset + 32 <= count.
        a = addWithCarry(a, unsafe word(bytes, offset))
        b = addWithCarry(b, unsafe word(bytes, offset &+ 8))
        c = addWithCarry(c, unsafe word(bytes, offset &+ 16))
        d = addWithCarry(d, unsafe word(bytes, offset &+ 24))
        offset &+= 32
      } while offset &+ 32 <= count
      total = addWithCarry(addWithCarry(a, b), addWithCarry(c, d))
    }
    while offset &+ 8 <= count {
      // In bounds: offset + 8 <= count.
      total = addWithCarry(total, unsafe word(bytes, offset))
      offset &+= 8
    }
    if offset < count {
      // In bounds: 8 <= count. The shift is 8...56: between 1 and 7 bytes are left.
      let last = UInt64(littleEndian: unsafe word(bytes, count &- 8))
      let shift = UInt64(truncatingIfNeeded: 8 &* (8 &- (count &- offset)))
      total = addWithCarry(total, (last &>> shift).littleEndian)
    }
    return total
  }

  /// The same of fewer than eight bytes.
  @usableFromInline @inline(never)
  static func shortSum(_ bytes: RawSpan) -> UInt64 {
    var sum: UInt64 = 0
    for offset in 0..<bytes.byteCount {
      let byte = UInt64(FixedBytes<1>(bytes, at: offset).uint8(at: 0))
      sum |= byte << UInt64(8 * offset)
    }
    return sum.littleEndian
  }

  /// The eight bytes at `offset`, as this machine would store them.
  ///
  /// Unchecked: they must be inside the bytes.
  @inlinable @inline(__always)
  @unsafe
  static func word(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
    // In bounds by the caller's proof; any bits are a number.
    unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
  }
}
