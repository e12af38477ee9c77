// SPDX-License-Identifier: BSD-2-Clause

/// The ones' complement sum of 16-bit words (RFC 1071), over any number of pieces.
///
///     pieces   [ a b c ]  [ d ]  [ e f g ]         lengths may be odd
///     words      ab  cd'   ...    fe' g0           parity is carried from piece to piece
///
/// Eight bytes are added at a time with the carry brought round, in the order of this machine: the
/// sum comes out with its bytes swapped as often as its words were (RFC 1071 section 2 (B)).
///
///     sum of the pieces == sum of their concatenation
///     a block that holds its own checksum sums to 0xffff
///
/// BSD: `in_cksum`.
@frozen
public struct InternetChecksum: Sendable, BitwiseCopyable {
  // Ones' complement sum of what was added, 64 bits wide, in memory order.
  @usableFromInline var sum: UInt64
  // Whether an odd number of bytes was added, so that the next byte is the second of its word.
  @usableFromInline var isOdd: Bool

  /// The sum of nothing.
  @inlinable @inline(__always)
  public init() {
    sum = 0
    isOdd = false
  }

  /// Adds bytes that follow those added before.
  ///
  /// - Complexity: O(`bytes.byteCount`), eight bytes a step.
  @inlinable
  public mutating func add(_ bytes: RawSpan) {
    let word = Self.fold(Self.wordSum(bytes))
    addNative(isOdd ? word.byteSwapped : word)
    if bytes.byteCount & 1 != 0 { isOdd.toggle() }
  }

  /// Adds a number of 16 bits, as two bytes that follow those added before.
  @inlinable @inline(__always)
  public mutating func add(_ word: UInt16) {
    addNative(isOdd ? word.littleEndian : word.bigEndian)
  }

  /// Adds a number of 32 bits, as four bytes that follow those added before.
  @inlinable @inline(__always)
  public mutating func add(_ word: UInt32) {
    add(UInt16(truncatingIfNeeded: word >> 16))
    add(UInt16(truncatingIfNeeded: word))
  }

  /// Adds a number of 64 bits, as eight bytes that follow those added before.
  @inlinable @inline(__always)
  public mutating func add(_ word: UInt64) {
    add(UInt32(truncatingIfNeeded: word >> 32))
    add(UInt32(truncatingIfNeeded: word))
  }

  /// Adds the sum of bytes that follow those added before.
  @inlinable
  public mutating func add(_ later: InternetChecksum) {
    let word = Self.fold(later.sum)
    addNative(isOdd ? word.byteSwapped : word)
    if later.isOdd { isOdd.toggle() }
  }

  /// The sum in 16 bits; 0 only if every byte added was zero.
  @inlinable @inline(__always)
  public var folded: UInt16 { UInt16(bigEndian: Self.fold(sum)) }

  /// The checksum to store: the complement of the sum.
  @inlinable @inline(__always)
  public var complement: UInt16 { ~folded }

  @inlinable @inline(__always)
  mutating func addNative(_ word: UInt16) {
    sum = Self.addWithCarry(sum, UInt64(word))
  }
}

// MARK: - Words

extension InternetChecksum {
  /// The ones' complement sum of two numbers: a carry out of the top comes in at the bottom.
  @inlinable @inline(__always)
  static func addWithCarry(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, carry) = left.addingReportingOverflow(right)
    // Cannot wrap: with a carry, sum <= UInt64.max - 1.
    return sum &+ (carry ? 1 : 0)
  }

  /// The same sum in 16 bits.
  @inlinable @inline(__always)
  static func fold(_ sum: UInt64) -> UInt16 {
    // Cannot wrap: halves of n bits add up to at most n + 1, and the second round absorbs the one.
    var narrow = (sum & 0xffff_ffff) &+ (sum >> 32)
    narrow = (narrow & 0xffff) &+ (narrow >> 16 & 0xffff) &+ (narrow >> 32)
    narrow = (narrow & 0xffff) &+ (narrow >> 16)
    narrow = (narrow & 0xffff) &+ (narrow >> 16)
    return UInt16(truncatingIfNeeded: narrow)
  }

  /// The sum of the bytes from an even place, in memory order; a last odd byte is padded with zero.
  @inlinable
  static func wordSum(_ bytes: RawSpan) -> UInt64 {
    var offset = 0
    var left = bytes.byteCount
    var total: UInt64 = 0
    if left >= 32 {
      // Four sums, so that each carry has four steps to come round.
      var (a, b, c, d) = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
      repeat {
        let block = FixedBytes<32>(bytes, at: offset)
        a = addWithCarry(a, block.load(UInt64.self, at: 0))
        b = addWithCarry(b, block.load(UInt64.self, at: 8))
        c = addWithCarry(c, block.load(UInt64.self, at: 16))
        d = addWithCarry(d, block.load(UInt64.self, at: 24))
        offset &+= 32
        left &-= 32
      } while left >= 32
      total = addWithCarry(addWithCarry(a, b), addWithCarry(c, d))
    }
    while left >= 8 {
      total = addWithCarry(total, FixedBytes<8>(bytes, at: offset).load(UInt64.self, at: 0))
      offset &+= 8
      left &-= 8
    }
    if left & 4 != 0 {
      let word = FixedBytes<4>(bytes, at: offset).load(UInt32.self, at: 0)
      total = addWithCarry(total, UInt64(word))
      offset &+= 4
    }
    if left & 2 != 0 {
      let word = FixedBytes<2>(bytes, at: offset).load(UInt16.self, at: 0)
      total = addWithCarry(total, UInt64(word))
      offset &+= 2
    }
    if left & 1 != 0 {
      let byte = FixedBytes<1>(bytes, at: offset).uint8(at: 0)
      total = addWithCarry(total, UInt64((UInt16(byte) << 8).bigEndian))
    }
    return total
  }
}
