// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

/// Headers between the link header and the network.
///
/// What is right is what Wireshark finds.
@Suite struct DecodedShimTests {
  private static let v4 = Frames.ipv4(.udp, Frames.udp([1, 2, 3]))
  private static let v6 = Frames.ipv6(.udp, Frames.udp([1, 2, 3], isIPv6: true))

  /// Ethernet with a type, or a length.
  private static func ethernet(_ type: Int, _ bytes: [UInt8]) -> [UInt8] {
    Frames.ethernet + [UInt8(type >> 8), UInt8(type & 255)] + bytes
  }

  private static func snap(_ type: String, _ packet: [UInt8]) -> [UInt8] {
    [UInt8](hex: "aaaa03 000000" + type) + packet
  }

  private static func pppoe(_ number: String, _ packet: [UInt8]) -> [UInt8] {
    let body = [UInt8](hex: number) + packet
    return [UInt8](hex: "1100 0001") + [UInt8(body.count >> 8), UInt8(body.count & 255)] + body
  }

  struct Row: CustomTestStringConvertible {
    let testDescription: String
    let linkType: LinkType
    let bytes: [UInt8]
    /// Where the network begins.
    let offset: Int

    init(_ name: String, over linkType: LinkType = .ethernet, _ offset: Int, _ bytes: [UInt8]) {
      (testDescription, self.linkType, self.offset, self.bytes) = (name, linkType, offset, bytes)
    }
  }

  private static let check = [UInt8](repeating: 0xaa, count: 16)

  static let found: [Row] = [
    Row("SNAP", 22, ethernet(v4.count + 8, snap("0800", v4))),
    Row("SNAP of a bridge", 22, ethernet(v4.count + 8, [UInt8](hex: "aaaa03 0000f8 0800") + v4)),
    Row("SNAP, VLAN", 26, ethernet(v4.count + 12, snap("8100", [0, 7, 8, 0] + v4))),
    Row(
      "VLAN, SNAP", 26,
      ethernet(0x8100, [0, 7, 0, UInt8(v4.count + 8)] + snap("0800", v4))),
    Row("LLC of IP", 17, ethernet(v4.count + 3, [6, 6, 3] + v4)),
    Row("PPPoE", 22, ethernet(0x8864, pppoe("0021", v4))),
    Row("PPPoE, short", 21, ethernet(0x8864, pppoe("21", v4))),
    Row("PPPoE, IPv6", 22, ethernet(0x8864, pppoe("0057", v6))),
    Row("VLAN, PPPoE", 26, ethernet(0x8100, [UInt8](hex: "0007 8864") + pppoe("0021", v4))),
    Row("PPPoE, MPLS", 26, ethernet(0x8864, pppoe("0281", [UInt8](hex: "00014140") + v4))),
    Row("MPLS", 18, ethernet(0x8847, [UInt8](hex: "00014140") + v4)),
    Row(
      "3 labels, IPv6", 26,
      ethernet(0x8848, [UInt8](hex: "00014040 00003040 00015140") + v6)),
    Row("MACsec", 22, ethernet(0x88e5, [UInt8](hex: "000000000001 0800") + v4 + check)),
    Row(
      "MACsec, channel", 30,
      ethernet(0x88e5, [UInt8](hex: "2000000000010102030405060001 0800") + v4 + check)),
    Row(
      "MACsec, VLAN", 26,
      ethernet(0x88e5, [UInt8](hex: "000000000001 8100 0007 0800") + v4 + check)),
    Row("FabricPath", 30, ethernet(0x8903, [0, 1] + ethernet(0x0800, v4))),
    Row("backbone", 32, ethernet(0x88e7, [0, 0, 0, 1] + ethernet(0x0800, v4))),
    Row("redundancy", 20, ethernet(0xf1c1, [UInt8](hex: "00000001 0800") + v4)),
    Row("cooked SNAP", over: .linuxSLL, 24, cooked(4, snap("0800", v4))),
    Row("cooked LLC", over: .linuxSLL, 19, cooked(4, [6, 6, 3] + v4)),
    Row("cooked PPPoE", over: .linuxSLL, 24, cooked(0x8864, pppoe("0021", v4))),
    Row("cooked 2 SNAP", over: .linuxSLL2, 28, cooked2(4, snap("0800", v4))),
  ]

  private static func cooked(_ type: Int, _ bytes: [UInt8]) -> [UInt8] {
    Frames.link(.linuxSLL, EtherType(rawValue: UInt16(type)), bytes)
  }

  private static func cooked2(_ type: Int, _ bytes: [UInt8]) -> [UInt8] {
    Frames.link(.linuxSLL2, EtherType(rawValue: UInt16(type)), bytes)
  }

  @Test(arguments: found) func theNetworkIsFoundBehindIt(row: Row) {
    let frame = decoded(row)
    #expect(frame.stop == nil && frame.networkOffset == row.offset && frame.transport == .udp)
    #expect(frame.payload(of: row.bytes) == [1, 2, 3])
    #expect(frame.transportChecksumResult(in: row.bytes.raw) == .valid)
    // Padding is no payload.
    let padded = row.bytes + [UInt8](repeating: 0xee, count: 9)
    #expect(DecodedFrame(padded, row.linkType).payload(of: padded) == [1, 2, 3])
    // Cut anywhere in front of the network, the walk stops there, and never beyond.
    for count in 0..<row.offset {
      let cut = DecodedFrame(Array(row.bytes[..<count]), row.linkType)
      #expect(cut.transport == .none && cut.payloadOffset <= row.offset)
    }
  }

  private func decoded(_ row: Row) -> DecodedFrame {
    DecodedFrame(row.bytes, row.linkType)
  }

  static let others: [Row] = [
    Row("Cisco's SNAP", 14, ethernet(v4.count + 8, [UInt8](hex: "aaaa03 00000c 0800") + v4)),
    Row("SNAP of a length", 14, ethernet(v4.count + 8, snap("0020", v4))),
    Row("PPP control", 14, ethernet(0x8864, pppoe("c021", v4))),
    Row("PPPoE discovery", 14, ethernet(0x8863, pppoe("0021", v4))),
    Row("pseudowire", 14, ethernet(0x8847, [UInt8](hex: "00014140 00000000") + v4)),
    Row("MACsec, encrypted", 14, ethernet(0x88e5, [UInt8](hex: "0c0000000001 0800") + v4)),
    Row("MACsec of another version", 14, ethernet(0x88e5, [UInt8](hex: "800000000001 0800") + v4)),
    Row("MACsec, changed", 14, ethernet(0x88e5, [UInt8](hex: "040000000001 0800") + v4)),
    Row("raw 802.3 in a cooked capture", over: .linuxSLL, 16, cooked(1, snap("0800", v4))),
  ]

  @Test(arguments: others) func whatIsNotKnownIsSomethingElse(row: Row) {
    let frame = decoded(row)
    #expect(frame.network == .other && frame.stop == nil && frame.networkOffset == row.offset)
  }

  @Test func whatEndsInsideSaysWhere() {
    let labels = DecodedFrame(Self.ethernet(0x8847, [UInt8](hex: "00014040 00014040")))
    #expect(labels.stop == ParseError(.mpls, .tooShort, wanted: 4, available: 0, offset: 22))
    let session = DecodedFrame(Self.ethernet(0x8864, [0x11, 0, 0]))
    #expect(session.stop == ParseError(.pppoe, .tooShort, wanted: 6, available: 3, offset: 14))
    // A session's length is more than there is; what is inside is read all the same.
    var long = Self.pppoe("0021", Self.v4)
    long[4] = 8
    let beyond = DecodedFrame(Self.ethernet(0x8864, long))
    #expect(beyond.stop?.layer == .pppoe && beyond.stop?.reason == .badLength)
    #expect(beyond.flags.contains(.badLinkLength) && beyond.transport == .udp)
    // The session's length is less than what the packet in it claims.
    var short = Self.pppoe("0021", Self.v4)
    short[5] = 18
    let frame = DecodedFrame(Self.ethernet(0x8864, short))
    #expect(frame.network == .ipv4 && frame.transport == .none && frame.stop?.layer == .ipv4)
  }

  @Test(arguments: [
    ("02000000", true), ("00000002", true), ("00020000", true), ("00000200", true),
    ("0f000800", true), ("00000800", true), ("00080000", true), ("08000000", false),
    ("0800000f", false), ("02020000", false), ("00020002", false), ("0f0086dd", true),
    ("1e000000", true), ("00000018", true), ("86dd0000", false),
  ]) func loopbacksOfManySystems(word: String, isFound: Bool) {
    let isIPv6 = ["0f0086dd", "1e000000", "00000018"].contains(word)
    let frame = DecodedFrame(
      [UInt8](hex: word) + (isIPv6 ? Self.v6 : Self.v4), .null)
    #expect((frame.transport == .udp) == isFound)
  }
}
