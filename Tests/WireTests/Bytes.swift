// SPDX-License-Identifier: BSD-2-Clause
import Wire

// What the tests of this module share: bytes in hex, spans of arrays, random numbers by seed, and a
// checksum too simple to be wrong.

extension [UInt8] {
  /// Reads hex digits; blanks between them are for the reader.
  init(hex text: String) {
    let digits = text.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue ?? 0) }
    precondition(digits.count % 2 == 0, "\(digits.count) hex digits")
    self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// The bytes as a span.
  var raw: RawSpan {
    @_lifetime(borrow self)
    get {
      // Every byte is initialized: it is an array's.
      unsafe span.bytes
    }
  }

  /// Makes `count` bytes of 0xee and lets `write` overwrite some.
  init(count: Int, writing write: (inout MutableRawSpan) -> Void) {
    self.init(repeating: 0xee, count: count)
    var span = mutableSpan
    // Any byte may be stored over any other.
    var bytes = unsafe span.mutableBytes
    write(&bytes)
  }

  mutating func put(_ value: UInt16, at offset: Int) {
    self[offset] = UInt8(value >> 8)
    self[offset + 1] = UInt8(value & 0xff)
  }
}

/// Random numbers that come again with their seed (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  /// Prints the seed as a line to paste.
  init(seed: UInt64, _ name: String) {
    print("let seed: UInt64 = 0x\(String(seed, radix: 16))  // \(name)")
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func number<Word: FixedWidthInteger & UnsignedInteger>() -> Word {
    Word(truncatingIfNeeded: next())
  }

  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in number() } }

  mutating func chance(_ one: Int) -> Bool { below(one) == 0 }

  mutating func options() -> HeaderOptions {
    HeaderOptions(copying: bytes(4 * below(11)).raw)
  }

  mutating func ipv6Address() -> IPv6Address { IPv6Address(high: number(), low: number()) }
}

/// The seed of a run: new each time, unless fixed here to see a failure again.
func newSeed() -> UInt64 { UInt64.random(in: 0...(.max)) }

/// RFC 1071 word by word: the ones' complement sum, not complemented.
func referenceSum(_ bytes: [UInt8]) -> UInt16 {
  var sum = 0
  for (index, byte) in bytes.enumerated() {
    sum += index % 2 == 0 ? Int(byte) << 8 : Int(byte)
  }
  while sum > 0xffff {
    sum = sum & 0xffff + sum >> 16
  }
  return UInt16(sum)
}
