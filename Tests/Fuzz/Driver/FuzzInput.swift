// SPDX-License-Identifier: BSD-2-Clause

/// Bytes as the numbers that operations ask for; behind the end everything is 0.
struct FuzzInput {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }

  mutating func byte() -> Int {
    guard position < bytes.count else { return 0 }
    defer { position += 1 }
    return Int(bytes[position])
  }

  /// Where storage ends: numbers about these find more than others.
  private static let borders = [168, 216, 256, 2_048, 4_096, 9_216, 168 + 2_048, 216 + 2_048]

  /// A number of bytes.
  ///
  ///     0..<0xa0    itself
  ///     0xa0...     a border, less 2, ... plus 1
  ///     0xc0...     with the next byte, a number below 16,384
  mutating func number() -> Int {
    let first = byte()
    if first < 0xa0 { return first }
    if first < 0xc0 { return Self.borders[(first - 0xa0) / 4] + first % 4 - 2 }
    return (first - 0xc0) << 8 | byte()
  }

  /// A number from 0 to `most`.
  mutating func number(upTo most: Int) -> Int { number() % (most + 1) }

  /// A range inside `0..<count`.
  mutating func range(in count: Int) -> Range<Int> {
    let start = number(upTo: count)
    return start..<start + number(upTo: count - start)
  }

  /// Up to `most` bytes that differ from their neighbours.
  mutating func content(upTo most: Int) -> [UInt8] {
    let count = number(upTo: most)
    let first = UInt8(truncatingIfNeeded: position &* 37)
    return (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) &+ UInt8($0 >> 8) }
  }
}
