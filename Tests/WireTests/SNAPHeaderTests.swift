// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct SNAPHeaderTests {
  @Test func bytesBothWays() throws {
    try checkHeader(
      "aaaa03 000000 0800",
      SNAPHeader.Fields(
        destinationServiceAccessPoint: 0xaa, sourceServiceAccessPoint: 0xaa, control: 3,
        organizationHigh: 0, organizationLow: 0, etherType: .ipv4),
      .snap)
  }

  @Test(arguments: [
    ("aaaa030000000800", true), ("aaaa0300000c2000", false), ("aaaa0301000c2000", false),
    ("424203000000 0800", false),
  ])
  func onlyTheRightOrganizationNamesEtherTypes(text: String, isEtherType: Bool) throws {
    let bytes = [UInt8](hex: text)
    let found = try SNAPHeader(bytes.raw).isEtherType
    #expect(found == isEtherType)
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      SNAPHeader.Fields(
        destinationServiceAccessPoint: $0.number(), sourceServiceAccessPoint: $0.number(),
        control: $0.number(), organizationHigh: $0.number(), organizationLow: $0.number(),
        etherType: EtherType(rawValue: $0.number()))
    }
  }
}
