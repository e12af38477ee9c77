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
      let header = try frame.view(UDPHeader.self, at: start, before: end)
      noteTransport(
        ports: (header.sourcePort, header.destinationPort), checksum: header.checksum)
      let udpEnd = try noteUDP(length: Int(header.length), before: end, isOpen: isOpen)
      transportCount = UInt32(clamping: udpEnd - start)
      notePayload(at: start + UDPHeader.byteCount, before: udpEnd, of: frame)
    case .tcp:
      transport = .tcp
      let header = try frame.view(TCPHeader.self, at: start, before: end)
      noteTransport(
        ports: (header.sourcePort, header.destinationPort), checksum: header.checksum)
      let headerByteCount = header.headerByteCount
      guard headerByteCount >= TCPHeader.byteCount, headerByteCount <= end - start else {
        flags.insert(.badLength)
        throw ParseError(
          .tcp, .badHeaderLength,
          wanted: headerByteCount < TCPHeader.byteCount ? TCPHeader.byteCount : end - start,
          available: headerByteCount, limitedBy: .ipTotalLength, offset: start)
      }
      // Where the payload begins is known though the options may be cut.
      notePayload(at: start + headerByteCount, before: end, of: frame)
      try frame.require(headerByteCount, at: start, before: end, .tcp)
    case .icmp:
      transport = .icmp
      try walkICMP(ICMPType.self, frame, before: end)
    case .icmpv6:
      transport = .icmpv6
      try walkICMP(ICMPv6Type.self, frame, before: end)
    default:
      transport = .other
    }
  }

  private mutating func walkICMP<MessageType: ICMPMessageType>(
    _ type: MessageType.Type, _ frame: borrowing FrameBytes, before end: Int
  ) throws(ParseError) {
    let start = transportOffset
    let header = try frame.view(ICMPMessageHeader<MessageType>.self, at: start, before: end)
    noteTransport(ports: (0, 0), checksum: header.checksum)
    notePayload(at: start + ICMPHeader.byteCount, before: end, of: frame)
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
    guard length >= UDPHeader.byteCount else {
      flags.insert(.badLength)
      throw ParseError(
        .udp, .badLength, wanted: UDPHeader.byteCount, available: length, limitedBy: .udpLength,
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
