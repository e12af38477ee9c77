// SPDX-License-Identifier: BSD-2-Clause

// How queries for groups say a time in few bits (RFC 3376 section 4.1.1, RFC 3810 section 5.1.3):
//
//      code < 2^(n-1)   as it stands                   n     mantissa
//     +-+-----+---------+                              8     4 bits      IGMP; interval of both
//     |1| exp | mantissa|   (mantissa | 1 << bits)    16    12 bits      MLD
//     +-+-----+---------+     << (exp + 3)
//
//     value(of: code(for: v)) <= v, and no code's value lies between

/// Turns times into the codes of queries for groups, and back.
public enum GroupTimeCode {
  /// The time that 8 bits say: 0...31744.
  @inlinable
  public static func value(of code: UInt8) -> Int {
    code < 128 ? Int(code) : (Int(code & 0xf) | 0x10) << (Int(code >> 4 & 7) + 3)
  }

  /// The time that 16 bits say: 0...8387584.
  @inlinable
  public static func value(of code: UInt16) -> Int {
    code < 32_768 ? Int(code) : (Int(code & 0xfff) | 0x1000) << (Int(code >> 12 & 7) + 3)
  }

  /// The longest time of 8 bits that is not longer than `value`.
  ///
  /// - Precondition: `value` is not negative.
  public static func code8(for value: Int) -> UInt8 {
    UInt8(code(for: value, mantissaBits: 4))
  }

  /// The longest time of 16 bits that is not longer than `value`.
  ///
  /// - Precondition: `value` is not negative.
  public static func code16(for value: Int) -> UInt16 {
    UInt16(code(for: value, mantissaBits: 12))
  }

  private static func code(for value: Int, mantissaBits bits: Int) -> Int {
    precondition(value >= 0, "time \(value)")
    let top = 1 << (bits + 3)
    guard value >= top else { return value }
    // The mantissa with its hidden bit is 1 << bits ..< 2 << bits.
    for exponent in 0...7 where value >> (exponent + 3) < 2 << bits {
      return top | exponent << bits | (value >> (exponent + 3)) & (1 << bits - 1)
    }
    return 2 * top - 1
  }
}
