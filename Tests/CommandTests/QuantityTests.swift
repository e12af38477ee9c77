// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import mbuma

@Suite struct QuantityTests {
  @Test(
    arguments: [
      ("0", 0), ("007", 7), ("10k", 10_000), ("1.5M", 1_500_000), ("1.234567G", 1_234_567_000),
      ("0.001k", 1), ("4.10", nil), ("4.0", 4),
      // Past 2^53 a floating-point number is rounded.
      ("9007199254740993", 9_007_199_254_740_993), ("9007199254740.993k", 9_007_199_254_740_993),
      ("9007199254.740993M", 9_007_199_254_740_993), ("9223372036854775807", .max),
      ("9223372036.854775807G", .max), ("9223372036.854775808G", nil),
      ("9223372036854775808", nil), ("18446744073709551617", nil), ("18446744073709551.617k", nil),
      ("0.0001k", nil), ("1.2345678901G", nil), ("", nil), (".", nil), ("1.", nil), (".5k", nil),
      ("-1", nil), ("+1", nil), ("1k5", nil), ("1,000", nil), ("\u{0661}", nil), ("\u{b2}", nil),
    ] as [(String, Int?)])
  func aCountIsExactOrRefused(_ text: String, _ value: Int?) {
    #expect(Quantity(argument: text)?.value == value)
  }
}
