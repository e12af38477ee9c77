// SPDX-License-Identifier: BSD-2-Clause
//
// SHA-256 as FIPS 180-4 has it, section 6.2: blocks of 64 bytes, each a message schedule of 64 words and
// as many rounds over eight words of state. A byte of one bit, zeroes and the length in bits fill the last
// block up:
//
//     | message ... | 80 | 0 ... 0 | bits (64, most significant first) |     a multiple of 64 bytes
//
//     0 <= pendingCount < 64,  byteCount % 64 == pendingCount
//
// It is written here and not taken from swift-crypto because that compiles BoringSSL, which takes a minute
// and a half in each of the configurations that are checked, for one function that is no secret's.

import Wire

/// The SHA-256 of some bytes, which may come in parts.
///
///     var hash = SHA256()
///     hash.update(bytes)
///     print(hash.hex)
public struct SHA256: Sendable {
  private var state: InlineArray<8, UInt32> = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19,
  ]
  private var pending = InlineArray<64, UInt8>(repeating: 0)
  private var pendingCount = 0
  private var byteCount: UInt64 = 0

  /// No bytes yet.
  public init() {}

  /// Takes more bytes, behind those before.
  public mutating func update(_ bytes: RawSpan) {
    byteCount &+= UInt64(bytes.byteCount)
    var offset = 0
    while pendingCount > 0, offset < bytes.byteCount {
      add(FixedBytes<1>(bytes, at: offset).uint8(at: 0))
      offset += 1
    }
    while bytes.byteCount - offset >= 64 {
      let block = FixedBytes<64>(bytes, at: offset)
      compress { index in block.uint32(at: 4 &* index) }
      offset += 64
    }
    while offset < bytes.byteCount {
      add(FixedBytes<1>(bytes, at: offset).uint8(at: 0))
      offset += 1
    }
  }

  /// The hash of all bytes so far, in 64 hexadecimal digits.
  public var hex: String {
    var last = self
    last.add(0x80)
    while last.pendingCount != 56 { last.add(0) }
    let bitCount = byteCount &* 8
    for index in 0..<8 {
      last.add(UInt8(truncatingIfNeeded: bitCount >> UInt64(56 - 8 * index)))
    }
    return last.state.indices.map { index in
      let digits = String(last.state[index], radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private mutating func add(_ byte: UInt8) {
    pending[pendingCount] = byte
    pendingCount += 1
    guard pendingCount == 64 else { return }
    pendingCount = 0
    let block = pending
    compress { index in
      (0..<4).reduce(0) { $0 << 8 | UInt32(block[4 * index + $1]) }
    }
  }

  /// Takes a block, by its words.
  @inline(__always)
  private mutating func compress(_ word: (Int) -> UInt32) {
    // The last sixteen words of the schedule, each in the place of the one sixteen before it.
    var w = InlineArray<16, UInt32> { word($0) }
    let constants = Self.constants
    var s = state
    for i in 0..<64 {
      if i >= 16 {
        let (a, b) = (w[(i &- 15) & 15], w[(i &- 2) & 15])
        let first = Self.rotate(a, 7) ^ Self.rotate(a, 18) ^ a >> 3
        let second = Self.rotate(b, 17) ^ Self.rotate(b, 19) ^ b >> 10
        w[i & 15] = w[i & 15] &+ first &+ w[(i &- 7) & 15] &+ second
      }
      let e = Self.rotate(s[4], 6) ^ Self.rotate(s[4], 11) ^ Self.rotate(s[4], 25)
      let choice = (s[4] & s[5]) ^ (~s[4] & s[6])
      let first = s[7] &+ e &+ choice &+ constants[i] &+ w[i & 15]
      let a = Self.rotate(s[0], 2) ^ Self.rotate(s[0], 13) ^ Self.rotate(s[0], 22)
      let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
      s = [first &+ a &+ majority, s[0], s[1], s[2], s[3] &+ first, s[4], s[5], s[6]]
    }
    for i in 0..<8 { state[i] = state[i] &+ s[i] }
  }

  @inline(__always)
  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 &- count)
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: InlineArray<64, UInt32> = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1,
    0x923f_82a4, 0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3,
    0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786,
    0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147,
    0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13,
    0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a,
    0x5b9c_ca4f, 0x682e_6ff3, 0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208,
    0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}
