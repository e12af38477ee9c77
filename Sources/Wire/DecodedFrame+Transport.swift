// SPDX-License-Identifier: BSD-2-Clause

extension DecodedFrame {
  /// Reads the transport header, of a whole datagram or a first fragment.
  ///
  /// - Parameters:
  ///   - end: where the IP packet ends on the wire.
  ///   - isOpen: whether IP left its length to the frame.
  mutating func walkTransport(
    _ frame: borrowing FrameBytes, before end: Int, isOpen: Bool
  ) throws(ParseError) {
    guard fragmentStart == 0 else { return }
    let start = transportOffset
    switch `protocol` {
    case .udp:
      transport = .udp
      let window: FixedBytes<8> = try frame.window(at: start, before: end, .udp)
      noteTransport(
        ports: (window.uint16(at: 0), window.uint16(at: 2)), checksum: window.uint16(at: 6))
      let length = Int(window.uint16(at: 4))
      let udpEnd = try noteUDP(length: length, before: end, isOpen: isOpen)
      transportCount = UInt32(clamping: udpEnd - start)
      notePayload(at: start + 8, before: udpEnd, of: frame)
    case .tcp:
      transport = .tcp
      let window: FixedBytes<20> = try frame.window(at: start, before: end, .tcp)
      noteTransport(
        ports: (window.uint16(at: 0), window.uint16(at: 2)), checksum: window.uint16(at: 16))
      let headerByteCount = Int(window.uint8(at: 12) >> 4) * 4
      guard headerByteCount >= 20, headerByteCount <= end - start else {
        flags.insert(.badLength)
        throw ParseError(
          .tcp, .badHeaderLength, wanted: headerByteCount < 20 ? 20 : end - start,
          available: headerByteCount, limitedBy: .ipTotalLength, offset: start)
      }
      try frame.require(headerByteCount, at: start, before: end, .tcp)
      notePayload(at: start + headerByteCount, before: end, of: frame)
    case .icmp, .icmpv6:
      transport = `protocol` == .icmp ? .icmp : .icmpv6
      let window: FixedBytes<8> = try frame.window(
        at: start, before: end, `protocol` == .icmp ? .icmp : .icmpv6)
      noteTransport(ports: (0, 0), checksum: window.uint16(at: 2))
      notePayload(at: start + 8, before: end, of: frame)
    default:
      transport = .other
    }
  }

  private mutating func noteTransport(ports: (UInt16, UInt16), checksum: UInt16) {
    flags.insert(.transportHeader)
    sourcePort = ports.0
    destinationPort = ports.1
    transportChecksum = checksum
  }

  /// Returns where the datagram ends by its own length, nowhere beyond the IP packet.
  private mutating func noteUDP(
    length: Int, before end: Int, isOpen: Bool
  ) throws(ParseError) -> Int {
    // A length of 0 goes with an IP length of 0: a jumbogram (RFC 2675 section 4).
    if length == 0, isOpen { return end }
    guard length >= 8 else {
      flags.insert(.badLength)
      throw ParseError(
        .udp, .badLength, wanted: 8, available: length, limitedBy: .udpLength,
        offset: transportOffset)
    }
    let left = end - transportOffset
    if length > left, !moreFragments {
      flags.insert(.badLength)
      stop =
        stop
        ?? ParseError(
          .udp, .badLength, wanted: length, available: left, limitedBy: .ipTotalLength,
          offset: transportOffset)
    }
    return transportOffset + min(length, left)
  }
}
