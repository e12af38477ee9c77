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
    let words = Self.wordSum(bytes)
    sum = Self.addWithCarry(sum, isOdd ? words << 8 | words >> 56 : words)
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
    // Two words at once: 2^16 counts as 1 in this arithmetic, and so does 2^32.
    let native = word.bigEndian
    sum = Self.addWithCarry(sum, UInt64(isOdd ? native << 8 | native >> 24 : native))
  }

  /// Adds a number of 64 bits, as eight bytes that follow those added before.
  @inlinable @inline(__always)
  public mutating func add(_ word: UInt64) {
    let native = word.bigEndian
    sum = Self.addWithCarry(sum, isOdd ? native << 8 | native >> 56 : native)
  }

  /// Adds the sum of bytes that follow those added before.
  @inlinable @inline(__always)
  public mutating func add(_ later: InternetChecksum) {
    sum = Self.addWithCarry(sum, isOdd ? later.sum << 8 | later.sum >> 56 : later.sum)
    if later.isOdd { isOdd.toggle() }
  }

  /// The sum in 16 bits; 0 only if every byte added was zero.
  @inlinable @inline(__always)
  public var folded: UInt16 { UInt16(bigEndian: Self.fold(sum)) }

  /// Whether this is the sum of bytes that hold their own checksum: `folded == 0xffff`.
  @inlinable @inline(__always)
  public var isValid: Bool {
    // A sum folds to 0xffff if it is a multiple of that and not 0.
    sum != 0 && sum % 0xffff == 0
  }

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
}
