// SPDX-License-Identifier: BSD-2-Clause

// What TCP, UDP and ICMPv6 sum before their own bytes, so that a packet for another is refused.
//
//     IPv4 (RFC 768, 9293)                    IPv6 (RFC 8200 section 8.1)
//     source, destination     4 + 4 bytes     source, destination    16 + 16 bytes
//     0, protocol, length     1 + 1 + 2       length, 0, protocol     4 + 3 + 1

extension InternetChecksum {
  /// The sum of the IPv4 pseudo-header.
  ///
  /// - Parameters:
  ///   - source: who sends, as the IP header says.
  ///   - destination: to whom, as the IP header says.
  ///   - protocol: that of the transport header.
  ///   - byteCount: bytes of transport header and payload, 0...65535.
  @inlinable @inline(__always)
  public static func pseudoHeader(
    source: IPv4Address, destination: IPv4Address, protocol: IPProtocol, byteCount: Int
  ) -> InternetChecksum {
    var sum = InternetChecksum()
    sum.add(source.bits)
    sum.add(destination.bits)
    sum.add(UInt16(`protocol`.rawValue))
    // Two words: a frame still to be cut up by hardware may be longer than one can say.
    sum.add(UInt32(truncatingIfNeeded: byteCount))
    return sum
  }

  /// The sum of the IPv6 pseudo-header.
  ///
  /// - Parameters:
  ///   - source: who sends, as the IP header says.
  ///   - destination: the final one: the last of the routing header, where that has segments left.
  ///   - protocol: that of the transport header.
  ///   - byteCount: bytes of transport header and payload.
  @inlinable @inline(__always)
  public static func pseudoHeader(
    source: IPv6Address, destination: IPv6Address, protocol: IPProtocol, byteCount: Int
  ) -> InternetChecksum {
    var sum = InternetChecksum()
    sum.add(source.high)
    sum.add(source.low)
    sum.add(destination.high)
    sum.add(destination.low)
    sum.add(UInt32(truncatingIfNeeded: byteCount))
    sum.add(UInt16(`protocol`.rawValue))
    return sum
  }
}

// MARK: - Change of a word (RFC 1624)

extension InternetChecksum {
  /// The checksum after one 16-bit word under it changed.
  ///
  /// RFC 1624 equation 3, `~(~checksum + ~old + new)`. Of the two zeros it gives the one a fresh
  /// sum would, as long as not all bytes are zero; a UDP checksum of 0 means "none" and must not be
  /// passed in, see `UDPHeader.updated(checksum:from:to:)`.
  @inlinable
  public static func updated(checksum: UInt16, from old: UInt16, to new: UInt16) -> UInt16 {
    // Cannot wrap: three numbers of 16 bits.
    var sum = UInt32(~checksum) &+ UInt32(~old) &+ UInt32(new)
    sum = (sum & 0xffff) &+ (sum >> 16)
    sum = (sum & 0xffff) &+ (sum >> 16)
    return ~UInt16(truncatingIfNeeded: sum)
  }

  /// The checksum after one 32-bit number under it, at an even place, changed.
  @inlinable
  public static func updated(checksum: UInt16, from old: UInt32, to new: UInt32) -> UInt16 {
    let upper = updated(
      checksum: checksum, from: UInt16(truncatingIfNeeded: old >> 16),
      to: UInt16(truncatingIfNeeded: new >> 16))
    return updated(
      checksum: upper, from: UInt16(truncatingIfNeeded: old), to: UInt16(truncatingIfNeeded: new))
  }
}
