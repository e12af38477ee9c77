// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct ARPHeaderTests {
  static let text =
    "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"

  @Test func bytesBothWays() throws {
    try checkHeader(
      Self.text,
      ARPHeader.Fields(
        .request, senderHardware: MACAddress(2, 0, 0, 0, 0, 1),
        senderProtocol: IPv4Address(10, 0, 0, 1), targetHardware: MACAddress(0),
        targetProtocol: IPv4Address(10, 0, 0, 2)),
      .arp)
  }

  @Test func othersThanIPv4OnEthernetAreRefused() {
    var bytes = [UInt8](hex: Self.text)
    bytes[1] = 6
    #expect(
      ARPHeader.Fields.failure(bytes) == ParseError(.arp, .unsupported, wanted: 1, available: 6))
    bytes = [UInt8](hex: Self.text)
    bytes.put(0x86dd, at: 2)
    #expect(
      ARPHeader.Fields.failure(bytes)
        == ParseError(.arp, .unsupported, wanted: 0x800, available: 0x86dd))
    bytes = [UInt8](hex: Self.text)
    bytes[4] = 8
    #expect(
      ARPHeader.Fields.failure(bytes) == ParseError(.arp, .badLength, wanted: 10, available: 12))
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      ARPHeader.Fields(
        ARPHeader.Operation(rawValue: $0.number()), senderHardware: MACAddress($0.number()),
        senderProtocol: IPv4Address($0.number()), targetHardware: MACAddress($0.number()),
        targetProtocol: IPv4Address($0.number()))
    }
  }
}
