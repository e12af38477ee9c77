// SPDX-License-Identifier: BSD-2-Clause

/// The bytes that a seed stands for, and what is recorded of bytes.
enum BytePattern {
  /// Byte `i` is `seed + 31 i + 13 (i / 256)`, modulo 256.
  static func bytes(_ count: Int, seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: seed + 31 * $0 + 13 * ($0 >> 8)) }
  }

  /// FNV-1a with 64 bits, as 16 digits.
  static func hash(_ bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return digits(hash, 16)
  }

  /// Two digits per byte.
  static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { digits(UInt64($0), 2) }.joined()
  }

  private static func digits(_ value: UInt64, _ count: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: count - digits.count) + digits
  }
}
