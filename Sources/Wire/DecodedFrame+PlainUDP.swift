// SPDX-License-Identifier: BSD-2-Clause

extension DecodedFrame {
  /// Bytes of an IPv4 header without options and of a UDP header.
  @inlinable
  static var plainUDPByteCount: Int { IPv4Header.byteCount + UDPHeader.byteCount }

  /// Notes what a whole UDP datagram over IPv4 says, if its headers are like most: version 4, no
  /// options, no fragment, and lengths that agree with each other and end before `end`.
  ///
  /// It says what the walk would say, with less work.
  ///
  /// - Returns: whether the headers are such; if not, nothing is noted.
  /// - Precondition: `plainUDPByteCount` bytes lie behind `start`.
  @inlinable @inline(__always)
  mutating func notePlainUDP(_ bytes: RawSpan, at start: Int, before end: Int) -> Bool {
    let ip = IPv4Header(bytes, at: start)
    let udp = UDPHeader(bytes, at: start &+ IPv4Header.byteCount)
    let (totalLength, length) = (Int(ip.totalLength), Int(udp.length))
    guard ip.isPlain, !ip.isFragment, ip.protocol == .udp, start &+ totalLength <= end,
      length >= UDPHeader.byteCount, length &+ IPv4Header.byteCount <= totalLength
    else { return false }
    network = .ipv4
    transport = .udp
    flags.formUnion(.bothHeaders)
    `protocol` = .udp
    ipv4HeaderChecksum = ip.hasPlainChecksum ? .valid : .invalid
    sourcePort = udp.sourcePort
    destinationPort = udp.destinationPort
    transportChecksum = udp.checksum
    networkStart = UInt32(truncatingIfNeeded: start)
    networkHeaderCount = UInt32(truncatingIfNeeded: IPv4Header.byteCount)
    networkCount = UInt32(truncatingIfNeeded: totalLength)
    transportStart = networkStart &+ networkHeaderCount
    transportCount = UInt32(truncatingIfNeeded: length)
    payloadStart = UInt32(truncatingIfNeeded: start &+ Self.plainUDPByteCount)
    // Cannot wrap: length >= 8.
    payloadCount = UInt32(truncatingIfNeeded: length &- UDPHeader.byteCount)
    declaredPayloadCount = payloadCount
    sourceBits = IPv6Address(high: 0, low: UInt64(ip.source.bits))
    destinationBits = IPv6Address(high: 0, low: UInt64(ip.destination.bits))
    return true
  }
}
