// SPDX-License-Identifier: BSD-2-Clause
//
//     key (2 words) --> v0 v1 v2 v3     absorb(word):  v3 ^= word;  rounds;  v0 ^= word
//                                       finish:        byte count on top of a last word;  v2 ^= 0xff;
//                                                      more rounds;  v0 ^ v1 ^ v2 ^ v3
//
// SipHash-c-d (Aumasson, Bernstein 2012): c rounds for each word, d at the end. Whoever does not know the
// key finds no two inputs that collide more often than chance has it. A multiplication and a rotation are
// quicker, but differences that cancel for every key are known of most such hashes. Only fragments pay
// for it; 1 and 3 rounds are what Swift's own `Hasher` and Rust's take for tables.

/// A keyed hash of whole 64-bit words.
struct SipHash: Sendable, BitwiseCopyable {
  private var v0: UInt64
  private var v1: UInt64
  private var v2: UInt64
  private var v3: UInt64
  private var wordCount: UInt64 = 0
  private let wordRounds: Int
  private let finalRounds: Int

  /// Begins with a key.
  init(key: SipHash.Key, wordRounds: Int = 1, finalRounds: Int = 3) {
    v0 = key.first ^ 0x736f_6d65_7073_6575
    v1 = key.second ^ 0x646f_7261_6e64_6f6d
    v2 = key.first ^ 0x6c79_6765_6e65_7261
    v3 = key.second ^ 0x7465_6462_7974_6573
    self.wordRounds = wordRounds
    self.finalRounds = finalRounds
  }

  /// What makes the hash unknown to others.
  struct Key: Sendable, BitwiseCopyable {
    let first: UInt64
    let second: UInt64
  }

  /// Takes in a word.
  mutating func absorb(_ word: UInt64) {
    // Cannot wrap: nobody absorbs 2^64 words.
    wordCount &+= 1
    mix(word)
  }

  /// The hash of the words taken in.
  consuming func finish() -> UInt64 {
    // Wraps on purpose: the byte count modulo 256 stands on top.
    mix((wordCount &* 8) << 56)
    v2 ^= 0xff
    for _ in 0..<finalRounds { round() }
    return v0 ^ v1 ^ v2 ^ v3
  }

  private mutating func mix(_ word: UInt64) {
    v3 ^= word
    for _ in 0..<wordRounds { round() }
    v0 ^= word
  }

  /// Wrapping sums are what mixes.
  @inline(__always)
  private mutating func round() {
    v0 = v0 &+ v1
    v2 = v2 &+ v3
    v1 = v1.rotated(13) ^ v0
    v3 = v3.rotated(16) ^ v2
    v0 = v0.rotated(32)
    v2 = v2 &+ v1
    v0 = v0 &+ v3
    v1 = v1.rotated(17) ^ v2
    v3 = v3.rotated(21) ^ v0
    v2 = v2.rotated(32)
  }
}

extension UInt64 {
  @inline(__always)
  fileprivate func rotated(_ bits: UInt64) -> UInt64 { self &<< bits | self &>> (64 &- bits) }
}
