// SPDX-License-Identifier: BSD-2-Clause

// The zero of UDP, in one place (RFC 768; RFC 8200 section 8.1):
//
//     made 0        -> send 0xffff, its equal in ones' complement
//     received 0    -> none was made (IPv4); wrong (IPv6): `ChecksumResult.udp`
//     changed a 0   -> stays 0, there is nothing to update

extension UDPHeader {
  /// The checksum to send, given the complement of a sum: never 0.
  @inlinable
  public static func checksumToSend(_ complement: UInt16) -> UInt16 {
    complement == 0 ? 0xffff : complement
  }

  /// The checksum to send, given the sum of pseudo-header, header (its field 0) and payload.
  @inlinable
  public static func checksumToSend(_ sum: InternetChecksum) -> UInt16 {
    checksumToSend(sum.complement)
  }

  /// The checksum after one 16-bit word under it changed; none stays none.
  @inlinable
  public static func updated(checksum: UInt16, from old: UInt16, to new: UInt16) -> UInt16 {
    guard checksum != 0 else { return 0 }
    return checksumToSend(InternetChecksum.updated(checksum: checksum, from: old, to: new))
  }

  /// The result for a datagram that lies in one piece, from its header on.
  ///
  /// - Parameters:
  ///   - datagram: UDP header and payload; bytes beyond the header's length are not looked at.
  ///   - pseudoHeader: the sum of the pseudo-header.
  ///   - isIPv6: the family of the packet.
  /// - Throws: `ParseError` if there is no header, or its length is less than 8 bytes.
  public static func checksumResult(
    of datagram: RawSpan, pseudoHeader: InternetChecksum, isIPv6: Bool
  ) throws(ParseError) -> ChecksumResult {
    let fields = try Fields(parsing: datagram)
    let count = min(Int(fields.length), datagram.byteCount)
    var segment = InternetChecksum()
    segment.add(datagram.extracting(first: count))
    return .udp(
      field: fields.checksum, pseudoHeader: pseudoHeader, segment: segment, isIPv6: isIPv6,
      isWhole: count == Int(fields.length))
  }
}
