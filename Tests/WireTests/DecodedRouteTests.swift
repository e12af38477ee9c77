// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

/// Whose addresses checksums are over, and what is stepped over on the way to the transport.
///
/// What is right is what Wireshark finds.
@Suite struct DecodedRouteTests {
  private static func address(_ last: UInt8) -> IPv6Address {
    IPv6Address(high: 0x2001_0db8 << 32, low: UInt64(last))
  }
  private static func bytes(_ last: UInt8) -> [UInt8] {
    [UInt8](hex: "20010db8 00000000 00000000 000000") + [last]
  }

  /// A UDP datagram whose checksum is over these addresses.
  private static func udp6(
    from source: IPv6Address = address(1), to destination: IPv6Address = address(2)
  ) -> [UInt8] {
    var bytes = [UInt8](hex: "03e8 07d0 000b 0000 010203")
    var sum = InternetChecksum.pseudoHeader(
      source: source, destination: destination, protocol: .udp, byteCount: bytes.count)
    sum.add(bytes.raw)
    bytes.put(UDPHeader.checksumToSend(sum), at: 6)
    return bytes
  }

  private static func udp4(to destination: IPv4Address = IPv4Address(10, 0, 0, 2)) -> [UInt8] {
    var bytes = [UInt8](hex: "03e8 07d0 000b 0000 010203")
    var sum = InternetChecksum.pseudoHeader(
      source: Frames.v4.0, destination: destination, protocol: .udp, byteCount: bytes.count)
    sum.add(bytes.raw)
    bytes.put(UDPHeader.checksumToSend(sum), at: 6)
    return bytes
  }

  struct Row: CustomTestStringConvertible {
    let testDescription: String
    let packet: [UInt8]
    let isRouted: Bool
    let result: ChecksumResult

    init(
      _ name: String, _ packet: [UInt8], isRouted: Bool = false, _ result: ChecksumResult = .valid
    ) {
      (testDescription, self.packet, self.isRouted) = (name, packet, isRouted)
      self.result = result
    }
  }

  private static func routing(_ hex: String, _ stops: [UInt8]..., to final: UInt8) -> [UInt8] {
    Frames.ipv6(
      .routing, [UInt8](hex: hex) + stops.flatMap(\.self) + udp6(to: address(final)))
  }

  private static let step = [UInt8](hex: "3c00 0104 00000000")
  private static let lastStep = [UInt8](hex: "1100 0104 00000000")
  private static let authentication =
    [UInt8](hex: "1104 0000 00000001 00000002") + [UInt8](repeating: 0x5a, count: 12)

  static let rows: [Row] = [
    Row("type 0", routing("1102 0001 00000000", bytes(9), to: 9), isRouted: true),
    Row(
      "type 0, two stops", routing("1104 0002 00000000", bytes(8), bytes(9), to: 9), isRouted: true),
    Row("type 0, done", routing("1102 0000 00000000", bytes(9), to: 2)),
    Row("type 2", routing("1102 0201 00000000", bytes(9), to: 9), isRouted: true),
    Row("type 3", routing("1102 0301 00000000", bytes(9), to: 9), isRouted: true),
    Row(
      "type 3, 15 bytes in common, 7 of padding",
      Frames.ipv6(
        .routing,
        [UInt8](hex: "1102 0301 0f7000 00") + [UInt8](repeating: 0, count: 8) + [9]
          + [UInt8](repeating: 0, count: 7) + udp6(to: address(9))), isRouted: true),
    Row("type 4", routing("1104 0401 01000000", bytes(9), bytes(8), to: 9), isRouted: true),
    Row("type 4, done", routing("1104 0400 01000000", bytes(2), bytes(8), to: 2)),
    Row("type 7", routing("1102 0701 00000000", bytes(9), to: 9), isRouted: true, .unverifiable),
    Row("type 0, no stop", routing("1100 0001 00000000", to: 9), isRouted: true, .unverifiable),
    Row(
      "home address",
      Frames.ipv6(
        .destinationOptions,
        [UInt8](hex: "1102 01020000 c910") + bytes(7) + udp6(from: address(7)))),
    Row(
      "17 options",
      Frames.ipv6(.destinationOptions, [UInt8](repeating: step, 16) + lastStep + udp6())),
    Row(
      "600 options",
      Frames.ipv6(.destinationOptions, [UInt8](repeating: step, 599) + lastStep + udp6())),
    Row("Shim6", Frames.ipv6(.shim6, [UInt8](hex: "1100 8000 00000000") + udp6())),
    Row("HIP", Frames.ipv6(.hostIdentity, [UInt8](hex: "1100 0000 00000000") + udp6())),
    Row("AH", Frames.ipv6(.authentication, authentication + udp6())),
    Row("AH over IPv4", Frames.ipv4(.authentication, authentication + udp4())),
    Row(
      "two AH over IPv4",
      Frames.ipv4(.authentication, [51] + authentication.dropFirst() + authentication + udp4())),
    Row(
      "loose route",
      Frames.ipv4(
        .udp, udp4(to: IPv4Address(10, 0, 0, 9)),
        options: [UInt8](hex: "830b04 0a000003 0a000009 00")),
      isRouted: true),
    Row(
      "strict route behind nothing",
      Frames.ipv4(
        .udp, udp4(to: IPv4Address(10, 0, 0, 9)),
        options: [UInt8](hex: "01890b08 0a000003 0a000009")),
      isRouted: true),
    Row(
      "loose route, done",
      Frames.ipv4(.udp, udp4(), options: [UInt8](hex: "830b0c 0a000003 0a000004 00"))),
    Row(
      "a crooked pointer",
      Frames.ipv4(.udp, udp4(), options: [UInt8](hex: "830b05 0a000003 0a000004 00"))),
    Row("no room for a stop", Frames.ipv4(.udp, udp4(), options: [UInt8](hex: "83030400"))),
  ]

  @Test(arguments: rows) func theChecksumIsOverTheLastAddresses(row: Row) {
    let isIPv6 = row.packet[0] >> 4 == 6
    let bytes = Frames.ethernet(isIPv6 ? .ipv6 : .ipv4, row.packet)
    let frame = DecodedFrame(bytes)
    #expect(frame.transport == .udp && frame.stop == nil && frame.payload(of: bytes) == [1, 2, 3])
    #expect(frame.flags.contains(.routed) == row.isRouted)
    #expect(frame.transportChecksumResult(in: bytes.raw) == row.result)
    #expect(frame.destination == (isIPv6 ? .v6(Frames.v6.1) : .v4(Frames.v4.1)))
    // One byte of the payload more is seen, wherever a verdict is possible.
    var wrong = bytes
    wrong[wrong.count - 1] ^= 1
    let expected: ChecksumResult = row.result == .valid ? .invalid : row.result
    #expect(DecodedFrame(wrong).transportChecksumResult(in: wrong.raw) == expected)
  }

  @Test(arguments: [0, 9]) func aJumbogramEndsWhereItsOptionSays(padding: Int) {
    let count = 70_000
    var udp = [UInt8](hex: "03e8 07d0 0000 0000") + [UInt8](repeating: 1, count: count - 8)
    var sum = InternetChecksum.pseudoHeader(
      source: Frames.v6.0, destination: Frames.v6.1, protocol: .udp, byteCount: count)
    sum.add(udp.raw)
    udp.put(UDPHeader.checksumToSend(sum), at: 6)
    let option = [UInt8](hex: "1100 c204 00011178")
    var packet = Frames.ipv6(.hopByHop, [])
    packet += option + udp + [UInt8](repeating: 0xee, count: padding)
    let bytes = Frames.ethernet(.ipv6, packet)
    let frame = DecodedFrame(bytes)
    #expect(frame.stop == nil && frame.transportByteCount == count)
    #expect(frame.payloadByteCount == count - 8 && !frame.flags.contains(.openLength))
    #expect(frame.transportChecksumResult(in: bytes.raw) == .valid)
  }

  @Test func aJumbogramThatIsNoneEndsWithTheFrame() {
    let bytes = Frames.ethernet(
      .ipv6, Frames.ipv6(.hopByHop, []) + [UInt8](hex: "1100 c204 00000013") + Self.udp6())
    let frame = DecodedFrame(bytes)
    #expect(frame.flags.contains(.openLength) && frame.transport == .udp)
  }
}

extension [UInt8] {
  fileprivate init(repeating part: [UInt8], _ count: Int) {
    self = (0..<count).flatMap { _ in part }
  }
}
