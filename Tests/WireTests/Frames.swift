// SPDX-License-Identifier: BSD-2-Clause
import Wire

/// Frames for tests, put together from parts with right lengths and checksums.
enum Frames {
  static let ethernet = [UInt8](hex: "020000000001 020000000002")
  static let v4 = (IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 0, 2))
  static let v6 = (
    IPv6Address(high: 0x2001_0db8 << 32, low: 1), IPv6Address(high: 0x2001_0db8 << 32, low: 2)
  )

  /// Wraps a packet for each link type that can carry it.
  static func link(_ type: LinkType, _ etherType: EtherType, _ packet: [UInt8]) -> [UInt8] {
    let number = [UInt8(etherType.rawValue >> 8), UInt8(etherType.rawValue & 0xff)]
    return switch type {
    case .ethernet: ethernet + number + packet
    case .linuxSLL: [UInt8](hex: "0000 0001 0006 0200000000010000") + number + packet
    case .linuxSLL2:
      number + [UInt8](hex: "0000 00000002 0001 00 06 0200000000010000") + packet
    case .null: [etherType == .ipv6 ? 30 : 2, 0, 0, 0] + packet
    case .loop: [0, 0, 0, etherType == .ipv6 ? 24 : 2] + packet
    default: packet
    }
  }

  static func ethernet(_ etherType: EtherType, _ packet: [UInt8]) -> [UInt8] {
    link(.ethernet, etherType, packet)
  }

  /// A VLAN tag from behind the type that announces it.
  static func tag(_ identifier: UInt16, _ etherType: EtherType) -> [UInt8] {
    let tag = VLANTag.Fields(control: identifier, etherType: etherType)
    return [UInt8](count: 4) { tag.emit(into: &$0) }
  }

  static func ipv4(
    _ number: IPProtocol, _ payload: [UInt8], options: [UInt8] = [], flags: IPv4Flags = [],
    fragmentOffset: Int = 0
  ) -> [UInt8] {
    let fields = IPv4Header.Fields(
      totalLength: UInt16(20 + options.count + payload.count), flags: flags,
      fragmentOffset: fragmentOffset, protocol: number, source: v4.0, destination: v4.1,
      options: HeaderOptions(copying: options.raw))
    return [UInt8](count: fields.byteCount) { fields.emitWithChecksum(into: &$0) } + payload
  }

  static func ipv6(_ number: IPProtocol, _ payload: [UInt8]) -> [UInt8] {
    let fields = IPv6Header.Fields(
      payloadLength: UInt16(payload.count), nextHeader: number, source: v6.0, destination: v6.1)
    return [UInt8](count: 40) { fields.emit(into: &$0) } + payload
  }

  static func pseudoHeader(
    _ number: IPProtocol, _ count: Int, isIPv6: Bool
  ) -> InternetChecksum {
    isIPv6
      ? .pseudoHeader(source: v6.0, destination: v6.1, protocol: number, byteCount: count)
      : .pseudoHeader(source: v4.0, destination: v4.1, protocol: number, byteCount: count)
  }

  static func udp(_ payload: [UInt8], isIPv6: Bool = false) -> [UInt8] {
    var bytes = [UInt8](hex: "1234 0035 0000 0000") + payload
    bytes.put(UInt16(bytes.count), at: 4)
    var sum = pseudoHeader(.udp, bytes.count, isIPv6: isIPv6)
    sum.add(bytes.raw)
    bytes.put(UDPHeader.checksumToSend(sum), at: 6)
    return bytes
  }

  static func tcp(_ payload: [UInt8], isIPv6: Bool = false) -> [UInt8] {
    var bytes = [UInt8](hex: "1234 0050 00000001 00000002 6018 1000 0000 0000 020405b4") + payload
    var sum = pseudoHeader(.tcp, bytes.count, isIPv6: isIPv6)
    sum.add(bytes.raw)
    bytes.put(sum.complement, at: 16)
    return bytes
  }

  static func echo(_ payload: [UInt8], isIPv6: Bool = false) -> [UInt8] {
    var bytes = [isIPv6 ? 128 : 8, 0, 0, 0, 0x12, 0x34, 0, 1] + payload
    var sum = isIPv6 ? pseudoHeader(.icmpv6, bytes.count, isIPv6: true) : InternetChecksum()
    sum.add(bytes.raw)
    bytes.put(sum.complement, at: 2)
    return bytes
  }

  static let arp = [UInt8](hex: ARPHeaderTests.text)

  /// One good packet of every kind, by what names it.
  static let packets: [(EtherType, [UInt8])] = [
    (.arp, arp),
    (.ipv4, ipv4(.udp, udp([1, 2, 3]))),
    (.ipv4, ipv4(.udp, udp([1, 2, 3]), options: [0x94, 4, 0, 0])),
    (.ipv4, ipv4(.tcp, tcp([1, 2, 3]))),
    (.ipv4, ipv4(.icmp, echo([1, 2, 3]))),
    (.ipv4, ipv4(.gre, [1, 2, 3, 4])),
    (.ipv4, ipv4(.udp, udp([UInt8](1...16)), flags: .moreFragments)),
    (.ipv4, ipv4(.udp, [1, 2, 3, 4], fragmentOffset: 24)),
    (.ipv6, ipv6(.udp, udp([1, 2, 3], isIPv6: true))),
    (.ipv6, ipv6(.tcp, tcp([1, 2, 3], isIPv6: true))),
    (.ipv6, ipv6(.icmpv6, echo([1, 2, 3], isIPv6: true))),
    (
      .ipv6,
      ipv6(.hopByHop, [UInt8](hex: "2b00 050200000100 1100000000000000") + udp([7], isIPv6: true))
    ),
    (
      .ipv6,
      ipv6(.fragment, [UInt8](hex: "1100 0001 00000009") + udp([UInt8](1...16), isIPv6: true))
    ),
    (.ipv6, ipv6(.fragment, [UInt8](hex: "1100 0018 00000009") + [1, 2, 3])),
    (.ipv6, ipv6(.noNextHeader, [])),
  ]

  static let linkTypes = [0, 1, 12, 14, 101, 108, 113, 127, 228, 229, 276].map {
    LinkType(rawValue: $0)
  }
}

extension DecodedFrame {
  /// Decodes a frame that lies in one piece and was captured whole, unless told.
  init(_ bytes: [UInt8], _ type: LinkType = .ethernet, wireByteCount: Int? = nil) {
    self.init(
      lax: bytes.raw, linkType: type, capturedByteCount: bytes.count,
      wireByteCount: wireByteCount ?? bytes.count)
  }

  /// The captured payload.
  func payload(of bytes: [UInt8]) -> [UInt8] {
    Array(bytes[payloadOffset..<payloadOffset + payloadByteCount])
  }
}
