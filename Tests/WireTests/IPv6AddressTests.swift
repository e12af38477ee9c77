// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct IPv6AddressTests {
  @Test(arguments: [
    ("::", "::"), ("::1", "::1"), ("1::", "1::"),
    ("2001:db8::2:1", "2001:db8:0:0:0:0:2:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8::1:1:1:1:1"),
    ("2001:0:0:1::1", "2001:0:0:1:0:0:0:1"),
    ("2001:db8::1:0:0:1", "2001:DB8:0:0:1:0:0:1"),
    ("::ffff:192.0.2.1", "::ffff:c000:201"),
    ("64:ff9b::c000:201", "64:ff9b::192.0.2.1"),
    ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
    ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7::"),
  ])
  func textBothWays(canonical: String, other: String) throws {
    let address = try #require(IPv6Address(other))
    #expect(address.description == canonical)
    #expect(IPv6Address(canonical) == address)
  }

  @Test(arguments: [
    "", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "1:",
    ":1", "1:2:3:4:5:6:7:8::", "::1.2.3", "1.2.3.4::", "::+1",
  ])
  func nonsenseIsRefused(text: String) {
    #expect(IPv6Address(text) == nil)
  }

  @Test func everyAddressSurvivesItsText() {
    var random = SeededRandom()
    for _ in 0..<2000 {
      // Groups of zero are what the short form is about.
      let bytes = (0..<8).flatMap { _ in random.oneIn(2) ? [0, 0] : random.bytes(2) }
      let halves = bytes.reduce((0, 0) as (UInt64, UInt64)) {
        ($0.0 << 8 | $0.1 >> 56, $0.1 << 8 | UInt64($1))
      }
      let address = IPv6Address(high: halves.0, low: halves.1)
      #expect(IPv6Address(address.description) == address, "\(address)")
    }
  }

  @Test func kinds() {
    #expect(IPv6Address.any.isAny && IPv6Address.loopback.isLoopback)
    #expect(IPv6Address("ff02::1")?.isMulticast == true)
    #expect(IPv6Address("fe80::1")?.isLinkLocal == true)
    #expect(IPv6Address("fec0::1")?.isLinkLocal == false)
  }
}
