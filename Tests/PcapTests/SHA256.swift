// SPDX-License-Identifier: BSD-2-Clause
//
// SHA-256 as FIPS 180-4 describes it, to check the captures against their manifest.

enum SHA256 {
  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = primes(64).map { fraction(of: cubeRoot, $0) }

  static func hex(_ message: [UInt8]) -> String {
    var state: [UInt32] = primes(8).map { fraction(of: squareRoot, $0) }
    var padded = message + [0x80]
    padded += [UInt8](repeating: 0, count: (120 - padded.count % 64) % 64)
    let bitCount = UInt64(message.count) * 8
    padded += (0..<8).map { UInt8(truncatingIfNeeded: bitCount >> (56 - 8 * $0)) }
    for start in stride(from: 0, to: padded.count, by: 64) {
      compress(&state, padded[start..<start + 64])
    }
    return state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private static func compress(_ state: inout [UInt32], _ block: ArraySlice<UInt8>) {
    var w = [UInt32](repeating: 0, count: 64)
    for (index, byte) in block.enumerated() { w[index / 4] = w[index / 4] << 8 | UInt32(byte) }
    for i in 16..<64 {
      let a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3
      let b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10
      w[i] = w[i - 16] &+ a &+ w[i - 7] &+ b
    }
    var s = state
    for i in 0..<64 {
      let e = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)
      let choice = (s[4] & s[5]) ^ (~s[4] & s[6])
      let first = s[7] &+ e &+ choice &+ constants[i] &+ w[i]
      let a = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)
      let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
      s = [first &+ a &+ majority, s[0], s[1], s[2], s[3] &+ first, s[4], s[5], s[6]]
    }
    for i in 0..<8 { state[i] = state[i] &+ s[i] }
  }

  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 - count)
  }

  private static func primes(_ count: Int) -> [UInt32] {
    var found: [UInt32] = []
    var candidate: UInt32 = 2
    while found.count < count {
      if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
      candidate += 1
    }
    return found
  }

  /// The first 32 bits behind the point of a root, found bit by bit in whole numbers.
  private static func fraction(of isAbove: (UInt128, UInt128) -> Bool, _ n: UInt32) -> UInt32 {
    var root: UInt128 = 0
    for bit in (0..<40).reversed() {
      let candidate = root | 1 << UInt128(bit)
      if !isAbove(candidate, UInt128(n)) { root = candidate }
    }
    return UInt32(truncatingIfNeeded: root)
  }

  private static func squareRoot(_ root: UInt128, _ n: UInt128) -> Bool { root * root > n << 64 }
  private static func cubeRoot(_ root: UInt128, _ n: UInt128) -> Bool {
    root * root * root > n << 96
  }
}
