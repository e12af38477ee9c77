// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct UDPHeaderTests {
  @Test func bytesBothWays() throws {
    try checkHeader(
      "0035 d431 0008 beef",
      UDPHeader.Fields(sourcePort: 53, destinationPort: 54_321, length: 8, checksum: 0xbeef), .udp)
  }

  @Test func aLengthBelowTheHeaderIsRefused() {
    #expect(
      UDPHeader.Fields.failure([UInt8](hex: "0035 d431 0007 beef"))
        == ParseError(.udp, .badLength, wanted: 8, available: 7, limitedBy: .udpLength))
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      UDPHeader.Fields(
        sourcePort: $0.number(), destinationPort: $0.number(),
        length: UInt16.random(in: 8...(.max), using: &$0), checksum: $0.number())
    }
  }

  // MARK: - The zero rule

  @Test(arguments: [(0, 0xffff), (0xffff, 0xffff), (1, 1), (0xfffe, 0xfffe)] as [(UInt16, UInt16)])
  func aComputedZeroIsSentAsOnes(computed: UInt16, sent: UInt16) {
    #expect(UDPHeader.checksumToSend(computed) == sent)
  }

  @Test func anUpdateLeavesNoneAloneAndNeverMakesIt() {
    #expect(UDPHeader.updated(checksum: 0, from: 1, to: 2) == 0)
    // One more under a checksum of 1 makes 0, which must go out as 0xffff.
    #expect(InternetChecksum.updated(checksum: 1, from: 0x1234 as UInt16, to: 0x1235) == 0)
    #expect(UDPHeader.updated(checksum: 1, from: 0x1234, to: 0x1235) == 0xffff)
  }

  @Test func aDatagramInOnePiece() throws {
    let address = (IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 0, 2))
    var bytes = [UInt8](hex: "0035 d431 000b 0000 616263")
    let pseudo = InternetChecksum.pseudoHeader(
      source: address.0, destination: address.1, protocol: .udp, byteCount: 11)
    func result(isIPv6: Bool = false) throws -> ChecksumResult {
      try UDPHeader.checksumResult(of: bytes.raw, pseudoHeader: pseudo, isIPv6: isIPv6)
    }
    #expect(try result() == .absent)
    #expect(try result(isIPv6: true) == .invalid)
    var sum = pseudo
    sum.add(bytes.raw)
    bytes.put(UDPHeader.checksumToSend(sum), at: 6)
    #expect(try result() == .valid)
    bytes.append(0x99)
    #expect(try result() == .valid)
    bytes[8] ^= 1
    #expect(try result() == .invalid)
    bytes.put(pseudo.folded, at: 6)
    #expect(try result() == .partial)
    bytes.removeLast(2)
    #expect(try result() == .unverifiable)
  }
}
