// SPDX-License-Identifier: BSD-2-Clause

/// Random numbers that are the same in every run, and quick.
///
/// SplitMix64 (Steele, Lea, Flood 2014). It is not cryptography: who sees enough of its numbers can
/// know the rest, so a stack that faces strangers keeps the system's generator.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts from a seed.
  package init(seed: UInt64) { state = seed }

  /// The next number.
  package mutating func next() -> UInt64 {
    // Wraps on purpose: the generator counts modulo 2^64.
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
