// SPDX-License-Identifier: BSD-2-Clause
//
// A sender on this host leaves the transport checksum to a device that is not there: the field then
// holds the pseudo-header's sum, and so the sum of the whole segment is the one that was wanted,
// all but its complement:
//
//     field = pseudo      sum(segment) = pseudo + sum(rest)      field' = ~sum(segment)

public import Mbufs
import Wire

extension Packet {
  /// Fills in the transport checksum where its sender left that to a device (`.partial`).
  ///
  /// What was partial is `.verified` then. Bytes that others share stay theirs: the segment with the
  /// field is made private first. Fragments, and packets whose end is missing, stay as they are; so
  /// does every packet that is not `.partial`.
  ///
  /// - Returns: whether nothing is left to fill in.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  ///
  /// Linux: `skb_checksum_help`.
  ///
  /// BSD: `in_delayed_cksum`.
  @discardableResult
  public mutating func completeChecksum() throws(MbufError) -> Bool {
    guard checksumState == .partial else { return true }
    let frame = decoded()
    guard frame.isVerifiable, let field = frame.transport.checksumOffset else { return false }
    let sum = internetChecksum(from: frame.transportOffset, byteCount: frame.transportByteCount)
    // A UDP checksum of 0 would say that there is none.
    let value = frame.transport == .udp && sum.complement == 0 ? 0xffff : sum.complement
    try value.withNetworkOrderBytes { (bytes) throws(MbufError) in
      try copyIn(bytes, at: frame.transportOffset + field)
    }
    checksumState = .verified
    return true
  }
}

extension DecodedFrame.Transport {
  /// Where the checksum stands in a transport header that has a pseudo-header; nil in others.
  fileprivate var checksumOffset: Int? {
    switch self {
    case .udp: UDPHeader.checksumOffset
    case .tcp: TCPHeader.checksumOffset
    case .none, .other, .icmp, .icmpv6: nil
    }
  }
}
