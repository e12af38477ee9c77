// SPDX-License-Identifier: BSD-2-Clause
import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Random numbers that can be had again: the seed is printed as a line to paste.
///
/// The generator is the library's own.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var numbers: SplitMix64

  /// Starts from `seed`, a new one for each run unless given, and prints it.
  public init(
    seed: UInt64 = .random(in: 0...UInt64.max), file: String = #fileID, test: String = #function
  ) {
    numbers = SplitMix64(seed: seed)
    print("var random = SeededRandom(seed: 0x\(String(seed, radix: 16)))  // \(file) \(test)")
  }

  /// Makes the next number.
  public mutating func next() -> UInt64 { numbers.next() }

  /// True in `percent` of 100 cases.
  public mutating func chance(_ percent: Int) -> Bool {
    Int.random(in: 0..<100, using: &self) < percent
  }

  /// A generator of its own for another thread; prints nothing, since this one's seed makes it.
  public mutating func split() -> SeededRandom { SeededRandom(quietly: next()) }

  private init(quietly seed: UInt64) { numbers = SplitMix64(seed: seed) }
}

/// How long random sequences are: a tenth of their steps, or all with `MBUMA_THOROUGH` set.
///
/// `Scripts/check thorough` runs all.
public enum Steps {
  private static let isThorough = unsafe getenv("MBUMA_THOROUGH") != nil

  /// How many of so many steps to take.
  public static func of(_ count: Int) -> Int { isThorough ? count : count / 10 }
}
