// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct LoopbackHeaderTests {
  @Test func bytesBothWays() throws {
    try checkHeader("00000002", LoopbackHeader.Fields(family: 2), .link)
  }

  @Test(arguments: ["0000001e", "1e000000"])
  func aFamilyInEitherOrder(text: String) throws {
    let bytes = [UInt8](hex: text)
    let family = try LoopbackHeader(bytes.raw).hostOrderFamily
    #expect(LoopbackHeader.etherType(ofFamily: family) == .ipv6)
  }

  @Test func roundTrip() throws {
    try checkRoundTrip { LoopbackHeader.Fields(family: $0.number()) }
  }
}
