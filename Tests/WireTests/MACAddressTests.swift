// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct MACAddressTests {
  @Test func takesSixBytes() {
    #expect(MemoryLayout<MACAddress>.size == 6)
  }

  @Test func textBothWays() {
    let address = MACAddress(2, 0, 0x5e, 0x10, 0, 1)
    #expect(address.description == "02:00:5e:10:00:01")
    #expect(MACAddress("02:00:5e:10:00:01") == address)
    #expect(MACAddress("2-0-5E-10-0-1") == address)
    #expect(MACAddress(address.bits) == address)
    for text in [
      "", "02:00:5e:10:00", "02:00:5e:10:00:01:02", "02:00:5e:10:00:100", "g:0:0:0:0:0", "::::::",
      "+1:0:0:0:0:0",
    ] {
      #expect(MACAddress(text) == nil, "\(text)")
    }
  }

  @Test func kinds() {
    #expect(MACAddress.broadcast.isBroadcast && MACAddress.broadcast.isMulticast)
    #expect(MACAddress(1, 0, 0x5e, 0, 0, 1).isMulticast)
    #expect(!MACAddress(2, 0, 0, 0, 0, 1).isMulticast)
    #expect(MACAddress(2, 0, 0, 0, 0, 1).isLocallyAdministered)
  }
}
