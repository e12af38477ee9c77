// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct IPv4HeaderTests {
  static let fields = IPv4Header.Fields(
    totalLength: 0x73, flags: .dontFragment, protocol: .udp, checksum: 0xb861,
    source: IPv4Address(192, 168, 0, 1), destination: IPv4Address(192, 168, 0, 199))
  static let text = "4500 0073 0000 4000 4011 b861 c0a80001 c0a800c7"

  @Test func bytesBothWays() throws {
    try checkHeader(Self.text, Self.fields, .ipv4)
    let bytes = [UInt8](hex: Self.text)
    #expect(try IPv4Header(bytes.raw).checksumResult == .valid)
    #expect([UInt8](count: 20) { Self.fields.emitWithChecksum(into: &$0) } == bytes)
  }

  @Test func optionsBothWays() throws {
    var fields = Self.fields
    fields.options = HeaderOptions(copying: [UInt8](hex: "94040000 01010100").raw)
    try checkHeader(
      "4700 0073 0000 4000 4011 b861 c0a80001 c0a800c7 94040000 01010100", fields, .ipv4,
      leastByteCount: 20)
    let bytes = [UInt8](count: 28) { fields.emitWithChecksum(into: &$0) }
    #expect(referenceSum(bytes) == 0xffff)
    #expect(try IPv4Header(bytes.raw).checksumResult == .valid)
    #expect(try IPv4Header([UInt8](bytes[..<27]).raw).checksumResult == .unverifiable)
  }

  @Test func nonsenseIsRefusedWithNumbers() {
    func failure(_ change: (inout [UInt8]) -> Void) -> ParseError? {
      var bytes = [UInt8](hex: Self.text)
      change(&bytes)
      return IPv4Header.Fields.failure(bytes)
    }
    #expect(
      failure { $0[0] = 0x65 } == ParseError(.ipv4, .badVersion, wanted: 4, available: 6))
    #expect(
      failure { $0[0] = 0x44 } == ParseError(.ipv4, .badHeaderLength, wanted: 20, available: 16))
    #expect(failure { $0[0] = 0x46 } == ParseError(.ipv4, .tooShort, wanted: 24, available: 20))
    #expect(
      failure { $0.put(19, at: 2) }
        == ParseError(.ipv4, .badLength, wanted: 20, available: 19, limitedBy: .ipTotalLength))
  }

  @Test func everyFlippedBitIsDetected() throws {
    let good = [UInt8](hex: Self.text)
    for bit in 0..<160 {
      var bytes = good
      bytes[bit / 8] ^= 1 << (bit % 8)
      #expect(try IPv4Header(bytes.raw).checksumResult != .valid, "bit \(bit)")
    }
  }

  @Test func aViewMayBeNonsense() throws {
    var random = SeededRandom()
    for _ in 0..<10_000 {
      let bytes = random.bytes(20 + random.below(50))
      let header = try IPv4Header(bytes.raw)
      let optionCount = header.options.byteCount
      #expect(optionCount <= 40 && optionCount <= bytes.count - 20)
    }
  }

  @Test func roundTrip() throws {
    try checkRoundTrip {
      let options = $0.options()
      return IPv4Header.Fields(
        trafficClass: $0.number(),
        totalLength: UInt16.random(in: UInt16(20 + options.byteCount)...(.max), using: &$0),
        identification: $0.number(), flags: IPv4Flags(rawValue: $0.number()),
        fragmentOffset: 8 * $0.below(8192), timeToLive: $0.number(),
        protocol: IPProtocol(rawValue: $0.number()), checksum: $0.number(),
        source: IPv4Address($0.number()), destination: IPv4Address($0.number()), options: options)
    }
  }
}
