// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct IPAddressTests {
  @Test func eitherFamily() {
    #expect(IPAddress("10.0.0.1") == .v4(IPv4Address(10, 0, 0, 1)))
    #expect(IPAddress("::1") == .v6(.loopback))
    #expect(IPAddress("ten") == nil)
    #expect(IPAddress("ff02::fb")?.isMulticast == true)
    #expect(IPAddress("10.0.0.1")?.description == "10.0.0.1")
  }
}
