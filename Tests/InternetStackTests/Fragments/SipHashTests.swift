// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import InternetStack

@Suite struct SipHashTests {
  /// The vectors of the authors' reference code for SipHash-2-4: the key is 0 to 15, the input 0 to n.
  @Test func hashesAreThoseOfTheReference() {
    let key = SipHash.Key(first: 0x0706_0504_0302_0100, second: 0x0f0e_0d0c_0b0a_0908)
    let none = SipHash(key: key, wordRounds: 2, finalRounds: 4)
    #expect(none.finish() == 0x726f_db47_dd0e_0e31)
    var one = SipHash(key: key, wordRounds: 2, finalRounds: 4)
    one.absorb(0x0706_0504_0302_0100)
    #expect(one.finish() == 0x93f5_f579_9a93_2462)
    var two = SipHash(key: key, wordRounds: 2, finalRounds: 4)
    two.absorb(0x0706_0504_0302_0100)
    two.absorb(0x0f0e_0d0c_0b0a_0908)
    #expect(two.finish() == 0x3f2a_cc7f_57c2_9bdb)
  }

  @Test func anotherKeyIsAnotherHash() {
    var hashes: Set<UInt64> = []
    for number in 0..<100 as Range<UInt64> {
      var hash = SipHash(key: SipHash.Key(first: number, second: 0))
      hash.absorb(1)
      hashes.insert(hash.finish())
    }
    #expect(hashes.count == 100)
  }
}
