// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct TCPHeaderTests {
  @Test func bytesBothWays() throws {
    try checkHeader(
      "0050 d431 01020304 05060708 6012 7210 beef 0000 020405b4",
      TCPHeader.Fields(
        sourcePort: 80, destinationPort: 54_321, sequence: 0x0102_0304,
        acknowledgment: 0x0506_0708, flags: [.syn, .ack], windowByteCount: 0x7210,
        checksum: 0xbeef, options: HeaderOptions(copying: [UInt8](hex: "020405b4").raw)),
      .tcp, leastByteCount: 20)
  }

  @Test func aShortOffsetIsRefused() {
    var bytes = [UInt8](repeating: 0, count: 20)
    bytes[12] = 0x40
    #expect(
      TCPHeader.Fields.failure(bytes)
        == ParseError(.tcp, .badHeaderLength, wanted: 20, available: 16))
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      TCPHeader.Fields(
        sourcePort: $0.number(), destinationPort: $0.number(), sequence: $0.number(),
        acknowledgment: $0.number(), flags: TCPFlags(rawValue: $0.number()),
        windowByteCount: $0.number(), checksum: $0.number(), urgentPointer: $0.number(),
        options: $0.options())
    }
  }
}
