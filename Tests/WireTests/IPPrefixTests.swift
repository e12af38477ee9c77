// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct IPPrefixTests {
  @Test(arguments: [
    ("10.0.0.0/8", "10.0.0.0/8"), ("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"),
    ("0.0.0.0/0", "0.0.0.0/0"), ("255.255.255.255/1", "128.0.0.0/1"),
    ("2001:db8::1/32", "2001:db8::/32"), ("::1", "::1/128"), ("::/0", "::/0"),
    ("2001:db8::ffff:1/65", "2001:db8::/65"), ("ffff::8000:0:0:1/66", "ffff::8000:0:0:0/66"),
  ])
  func aPrefixIsReadAndSaid(text: String, said: String) {
    #expect(IPPrefix(text).map { "\($0)" } == said)
  }

  @Test(arguments: [
    "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8", "::/129",
    "10.0.0.0/8/8", "[::]/8", "10.0.0.0/ 8",
  ])
  func whatIsNoPrefixIsRefused(text: String) {
    #expect(IPPrefix(text) == nil)
  }

  @Test func itContainsWhatBeginsWithItsBits() throws {
    var random = SeededRandom()
    for _ in 0..<500 {
      let first = IPv6Address(high: random.number(), low: random.number())
      let length = random.below(129)
      let prefix = try #require(IPPrefix(.v6(first), length: length))
      #expect(prefix.contains(.v6(first)) && !prefix.contains(.v4(.any)))
      for bit in 0..<128 {
        let flip = UInt64(1) << UInt64(63 - bit % 64)
        let other = IPv6Address(
          high: first.high ^ (bit < 64 ? flip : 0), low: first.low ^ (bit < 64 ? 0 : flip))
        #expect(prefix.contains(.v6(other)) == (bit >= length))
      }
    }
    for length in 0...32 {
      let prefix = try #require(IPPrefix(.v4(IPv4Address(0xa5a5_a5a5)), length: length))
      for bit in 0..<32 {
        let other = IPv4Address(0xa5a5_a5a5 ^ 1 << UInt32(31 - bit))
        #expect(prefix.contains(.v4(other)) == (bit >= length))
      }
    }
  }
}
