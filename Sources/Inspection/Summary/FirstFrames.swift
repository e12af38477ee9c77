// SPDX-License-Identifier: BSD-2-Clause

/// How often something was found, and the numbers of the first frames it was found in.
///
///     kept == min(count, 10)
public struct FirstFrames: Sendable, BitwiseCopyable {
  /// The most numbers that are kept.
  public static var limit: Int { 10 }

  /// How often it was found.
  public private(set) var count = 0
  private var kept = InlineArray<10, Int>(repeating: 0)

  /// Not found yet.
  public init() {}

  /// The numbers of the first frames, in the order in which they came.
  public var numbers: [Int] { (0..<Swift.min(count, Self.limit)).map { kept[$0] } }

  /// The number of the first frame, nil if there is none.
  public var first: Int? { count > 0 ? kept[0] : nil }

  mutating func note(_ number: Int) {
    if count < Self.limit { kept[count] = number }
    count &+= 1
  }
}
