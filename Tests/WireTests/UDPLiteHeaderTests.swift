// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct UDPLiteHeaderTests {
  @Test func bytesBothWays() throws {
    let fields = UDPLiteHeader.Fields(
      sourcePort: 0x1234, destinationPort: 53, coverage: 20, checksum: 0xbeef)
    try checkHeader("1234 0035 0014 beef", fields, .udp)
    try checkView("1234 0035 0014 beef", UDPLiteHeader.self) {
      #expect($0.sourcePort == 0x1234 && $0.destinationPort == 53 && $0.checksum == 0xbeef)
    }
    try checkRoundTrip {
      UDPLiteHeader.Fields(
        sourcePort: $0.number(), destinationPort: $0.number(),
        coverage: $0.oneIn(4) ? 0 : UInt16(8 + $0.below(65_528)), checksum: $0.number())
    }
  }

  @Test func coverageIsAllOrTheHeaderAtLeastAndNotBeyond() throws {
    func covered(_ coverage: UInt16) throws -> Int {
      let bytes = [UInt8](hex: "1234 0035") + [UInt8(coverage >> 8), UInt8(coverage & 0xff), 1, 2]
      return try UDPLiteHeader(bytes.raw).coveredByteCount(of: 30)
    }
    #expect(try covered(0) == 30)
    #expect(try covered(8) == 8)
    #expect(try covered(30) == 30)
    for coverage in UInt16(1)...7 {
      let error = ParseError(
        .udp, .badLength, wanted: 8, available: Int(coverage), limitedBy: .udpLength)
      #expect(throws: error) { try covered(coverage) }
      let bytes = [UInt8](hex: "1234 0035 00") + [UInt8(coverage), 1, 2]
      #expect(UDPLiteHeader.Fields.failure(bytes) == error)
    }
    #expect(
      throws: ParseError(.udp, .badLength, wanted: 31, available: 30, limitedBy: .udpLength)
    ) { try covered(31) }
  }
}
