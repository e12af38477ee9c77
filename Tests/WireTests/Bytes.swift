// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
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

extension SeededRandom {
  mutating func number<Word: FixedWidthInteger & UnsignedInteger>() -> Word {
    Word(truncatingIfNeeded: next())
  }

  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in number() } }

  /// True once in `count` times.
  mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

  mutating func options() -> HeaderOptions {
    HeaderOptions(copying: bytes(4 * below(11)).raw)
  }

  mutating func ipv6Address() -> IPv6Address { IPv6Address(high: number(), low: number()) }
}

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
