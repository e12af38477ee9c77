// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct VLANTagTests {
  @Test func bytesBothWays() throws {
    let fields = VLANTag.Fields(control: 0xb064, etherType: .ipv4)
    try checkHeader("b064 0800", fields, .vlan)
    #expect(fields.identifier == 100)
    #expect(fields.priority == 5)
    #expect(fields.isDropEligible)
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      VLANTag.Fields(control: $0.number(), etherType: EtherType(rawValue: $0.number()))
    }
  }
}
