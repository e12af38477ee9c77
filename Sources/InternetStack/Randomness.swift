// SPDX-License-Identifier: BSD-2-Clause

/// The stack's numbers that should not be guessed at a glance: identifications and ports.
///
/// SplitMix64. The seed comes from outside: a fixed one for tests, one from the system otherwise. It
/// makes a run repeatable; it is not cryptography, and who sees enough of its numbers can know the
/// rest.
public struct Randomness: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts from a seed.
  public init(seed: UInt64) { state = seed }

  /// The next number.
  public mutating func next() -> UInt64 {
    // Wrapping is the generator's arithmetic.
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
