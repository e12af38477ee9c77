// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct RouterMessagesTests {
  @Test func solicitationBothWays() throws {
    try checkHeader(
      "85 00 beef 00000000", RouterSolicitation.Fields(checksum: 0xbeef), .icmpv6)
    try checkView("85 00 beef 00000000", RouterSolicitation.self) {
      #expect($0.type == .routerSolicitation && $0.checksum == 0xbeef)
    }
  }

  @Test func advertisementBothWays() throws {
    let bytes = "86 00 beef 40 c8 0708 00007530 000003e8"
    let fields = RouterAdvertisement.Fields(
      hopLimit: 64, flags: RouterAdvertisement.Flags(rawValue: 0xc8), lifetimeInSeconds: 1800,
      reachableMilliseconds: 30_000, retransmitMilliseconds: 1000, checksum: 0xbeef)
    try checkHeader(bytes, fields, .icmpv6)
    try checkView(bytes, RouterAdvertisement.self) {
      #expect($0.flags.isSuperset(of: [.managed, .otherConfiguration]))
    }
    try checkRoundTrip {
      RouterAdvertisement.Fields(
        hopLimit: $0.number(), flags: RouterAdvertisement.Flags(rawValue: $0.number()),
        lifetimeInSeconds: $0.number(), reachableMilliseconds: $0.number(),
        retransmitMilliseconds: $0.number(), checksum: $0.number())
    }
  }
}
