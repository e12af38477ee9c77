// SPDX-License-Identifier: BSD-2-Clause

extension DecodedFrame {
  /// The sum of the transport's pseudo-header; of nothing for ICMP and for what has none.
  @inlinable @inline(__always)
  public var pseudoHeaderSum: InternetChecksum { pseudoHeaderSum(byteCount: transportByteCount) }

  /// The same for a transport of another length.
  @inlinable @inline(__always)
  package func pseudoHeaderSum(byteCount: Int) -> InternetChecksum {
    var sum: InternetChecksum
    switch (network, transport) {
    case (.ipv4, .udp), (.ipv4, .tcp):
      sum = .pseudoHeader(
        source: ipv4Source, destination: ipv4Destination, protocol: `protocol`,
        byteCount: byteCount)
    case (.ipv6, .udp), (.ipv6, .tcp), (.ipv6, .icmpv6):
      sum = .pseudoHeader(
        source: ipv6Source, destination: ipv6Destination, protocol: `protocol`,
        byteCount: byteCount)
    default: return InternetChecksum()
    }
    sum.add(addressChange)
    return sum
  }

  /// Whether the transport checksum is right, given the sum of the `transportByteCount` bytes from
  /// `transportOffset` on; the way for a frame in several pieces.
  ///
  /// Where `isVerifiable` is false the sum is not used and may be of nothing.
  ///
  /// - Returns: nil if the transport is not UDP, TCP, ICMP or ICMPv6.
  @inlinable @inline(__always)
  public func transportChecksumResult(summed segment: InternetChecksum) -> ChecksumResult? {
    switch transport {
    case .udp:
      guard hasTransportHeader else { return .unverifiable }
      return .udp(
        field: transportChecksum, pseudoHeader: pseudoHeaderSum, segment: segment,
        isIPv6: network == .ipv6, isWhole: isVerifiable)
    case .tcp, .icmpv6:
      return .tcp(
        field: transportChecksum, pseudoHeader: pseudoHeaderSum, segment: segment,
        isWhole: isVerifiable)
    case .icmp:
      return .icmp(segment: segment, isWhole: isVerifiable)
    case .none, .other:
      return nil
    }
  }

  /// Whether the transport checksum is right, for a frame that lies in one piece.
  ///
  /// - Parameter bytes: the captured bytes of the frame this was decoded from.
  /// - Returns: nil if the transport is not UDP, TCP, ICMP or ICMPv6.
  /// - Precondition: `bytes` reach to the end of the transport, if it `isVerifiable`.
  @inlinable @inline(__always)
  public func transportChecksumResult(in bytes: RawSpan) -> ChecksumResult? {
    var segment = InternetChecksum()
    // A UDP checksum of 0 needs no sum: none was made.
    if isVerifiable, transportChecksum != 0 || transport != .udp {
      segment.add(bytes.extracting(transportOffset..<transportOffset + transportByteCount))
    }
    return transportChecksumResult(summed: segment)
  }
}
