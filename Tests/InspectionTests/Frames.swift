// SPDX-License-Identifier: BSD-2-Clause
import Wire

@testable import Inspection

/// Frames of Ethernet for tests, with right lengths and checksums.
enum Frames {
  static let source = IPv4Address(10, 0, 0, 1)
  static let destination = IPv4Address(10, 0, 0, 2)
  static let source6 = IPv6Address(high: 0x2001_0db8 << 32, low: 1)
  static let destination6 = IPv6Address(high: 0x2001_0db8 << 32, low: 2)

  static func ethernet(_ etherType: UInt16, _ packet: [UInt8]) -> [UInt8] {
    [UInt8](hex: "020000000002 020000000001") + etherType.bytes + packet
  }

  static func ipv4(
    _ number: UInt8, _ payload: [UInt8], from source: IPv4Address = source,
    to destination: IPv4Address = destination, flags: IPv4Flags = [], fragmentOffset: Int = 0
  ) -> [UInt8] {
    let fields = IPv4Header.Fields(
      totalLength: UInt16(20 + payload.count), flags: flags, fragmentOffset: fragmentOffset,
      protocol: IPProtocol(rawValue: number), source: source, destination: destination)
    let header = [UInt8](count: 20) { fields.emitWithChecksum(into: &$0) }
    return ethernet(0x0800, header + payload)
  }

  static func ipv6(_ number: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let fields = IPv6Header.Fields(
      payloadLength: UInt16(payload.count), nextHeader: IPProtocol(rawValue: number),
      source: source6, destination: destination6)
    return ethernet(0x86dd, [UInt8](count: 40) { fields.emit(into: &$0) } + payload)
  }

  static func udp(
    _ payload: [UInt8] = [1, 2, 3], ports: (UInt16, UInt16) = (4_660, 53),
    from source: IPv4Address = source, to destination: IPv4Address = destination
  ) -> [UInt8] {
    let length = UInt16(8 + payload.count)
    let datagram = summed(
      ports.0.bytes + ports.1.bytes + length.bytes + [0, 0] + payload, at: 6,
      .pseudoHeader(
        source: source, destination: destination, protocol: .udp, byteCount: Int(length)))
    return ipv4(17, datagram, from: source, to: destination)
  }

  /// A segment of TCP without options.
  static func tcp(
    _ payload: [UInt8] = [], flags: UInt8 = 0x18, options: [UInt8] = []
  ) -> [UInt8] {
    let offset = UInt8((20 + options.count) / 4) << 4
    let segment =
      [UInt8](hex: "1234 0050 00000064 000000c8") + [offset, flags] + [0x10, 0, 0, 0, 0, 0]
      + options + payload
    return ipv4(
      6,
      summed(
        segment, at: 16,
        .pseudoHeader(
          source: source, destination: destination, protocol: .tcp, byteCount: segment.count)))
  }

  static func icmp(_ type: UInt8 = 8, code: UInt8 = 0, rest: [UInt8] = [0, 7, 0, 1]) -> [UInt8] {
    ipv4(1, summed([type, code, 0, 0] + rest + [9, 9], at: 2, InternetChecksum()))
  }

  static func icmpv6(_ type: UInt8 = 128, rest: [UInt8] = [0, 7, 0, 1]) -> [UInt8] {
    let message = [type, 0, 0, 0] + rest + [9, 9]
    return ipv6(
      58,
      summed(
        message, at: 2,
        .pseudoHeader(
          source: source6, destination: destination6, protocol: .icmpv6,
          byteCount: message.count)))
  }

  static let arp = ethernet(
    0x0806,
    [UInt8](hex: "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"))

  private static func summed(
    _ bytes: [UInt8], at offset: Int, _ pseudo: InternetChecksum
  ) -> [UInt8] {
    var (bytes, sum) = (bytes, pseudo)
    sum.add(bytes.raw)
    bytes.replaceSubrange(offset..<offset + 2, with: sum.complement.bytes)
    return bytes
  }
}

extension UInt16 {
  var bytes: [UInt8] { [UInt8(self >> 8), UInt8(self & 0xff)] }
}

extension [UInt8] {
  /// Reads hex digits; blanks between them are for the reader.
  init(hex text: String) {
    let digits = text.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue ?? 0) }
    self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// The bytes as a span.
  var raw: RawSpan {
    @_lifetime(borrow self)
    get {
      // Every byte is initialized: it is an array's.
      unsafe span.bytes
    }
  }

  init(count: Int, writing write: (inout MutableRawSpan) -> Void) {
    self.init(repeating: 0, count: count)
    var span = mutableSpan
    // Any byte may be stored over any other.
    var bytes = unsafe span.mutableBytes
    write(&bytes)
  }

  /// The same with one byte changed, so that a checksum over it is wrong.
  func flipped(at offset: Int) -> [UInt8] {
    var bytes = self
    bytes[offset] ^= 0x40
    return bytes
  }
}

extension CaptureSummary {
  /// Counts a frame that lies in an array, numbered by what was counted before.
  mutating func count(
    _ bytes: [UInt8], at time: Int64 = 0, wireByteCount: Int? = nil,
    linkType: LinkType = .ethernet
  ) {
    count(
      InspectedFrame(
        bytes: bytes.raw, number: packetCount + 1, timestampInNanoseconds: time,
        wireByteCount: wireByteCount ?? bytes.count, linkType: linkType))
  }
}
