// SPDX-License-Identifier: BSD-2-Clause

/// What checking a checksum came to: a value, never a failure to parse.
@frozen
public enum ChecksumResult: UInt8, Hashable, Sendable, BitwiseCopyable, CaseIterable {
  /// The sum is right.
  case valid
  /// The sum is wrong.
  case invalid
  /// UDP over IPv4 only: the sender made none (field 0).
  case absent
  /// The field holds the sum of the pseudo-header alone: the sender left the rest to hardware, and
  /// the capture was taken before it.
  case partial
  /// Not all bytes under the sum are here: a fragment, or a frame cut by the capture.
  case unverifiable
}

extension ChecksumResult {
  /// The result for UDP, given sums; pieces of a chain may be summed one by one.
  ///
  ///     field   family   whole    result
  ///     0       IPv4     -        absent
  ///     0       IPv6     -        invalid (RFC 8200 section 8.1)
  ///     other   either   no       unverifiable
  ///     other   either   yes      valid, else partial, else invalid
  ///
  /// - Parameters:
  ///   - field: the checksum field as received.
  ///   - pseudoHeader: the sum of the pseudo-header.
  ///   - segment: the sum of UDP header and payload, checksum field included.
  ///   - isIPv6: the family of the packet.
  ///   - isWhole: whether `segment` covers the whole datagram.
  @inlinable @inline(__always)
  public static func udp(
    field: UInt16, pseudoHeader: InternetChecksum, segment: InternetChecksum, isIPv6: Bool,
    isWhole: Bool
  ) -> ChecksumResult {
    if field == 0 { return isIPv6 ? .invalid : .absent }
    return tcp(field: field, pseudoHeader: pseudoHeader, segment: segment, isWhole: isWhole)
  }

  /// The result for TCP, given sums as for UDP; also for ICMPv6, which sums alike.
  @inlinable @inline(__always)
  public static func tcp(
    field: UInt16, pseudoHeader: InternetChecksum, segment: InternetChecksum, isWhole: Bool
  ) -> ChecksumResult {
    guard isWhole else { return .unverifiable }
    var sum = pseudoHeader
    sum.add(segment)
    if sum.isValid { return .valid }
    return field == pseudoHeader.folded ? .partial : .invalid
  }

  /// The result for ICMP, which has no pseudo-header.
  @inlinable @inline(__always)
  public static func icmp(segment: InternetChecksum, isWhole: Bool) -> ChecksumResult {
    guard isWhole else { return .unverifiable }
    return segment.isValid ? .valid : .invalid
  }
}
