// SPDX-License-Identifier: BSD-2-Clause

/// Random numbers that can be had again: the seed is printed as a line to paste.
///
/// The generator is SplitMix64 (Steele, Lea, Flood, 2014).
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts from `seed`, a new one for each run unless given, and prints it.
  public init(
    seed: UInt64 = .random(in: 0...UInt64.max), file: String = #fileID, test: String = #function
  ) {
    state = seed
    print("var random = SeededRandom(seed: 0x\(String(seed, radix: 16)))  // \(file) \(test)")
  }

  /// Makes the next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// True in `percent` of 100 cases.
  public mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &self) < percent
  }

  /// A generator of its own for another thread; prints nothing, since this one's seed makes it.
  public mutating func split() -> SeededRandom { SeededRandom(quietly: next()) }

  private init(quietly seed: UInt64) { state = seed }
}
