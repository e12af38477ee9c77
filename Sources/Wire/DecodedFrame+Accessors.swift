// SPDX-License-Identifier: BSD-2-Clause

extension DecodedFrame {
  // MARK: - Places

  /// Where the network header begins.
  @inlinable
  public var networkOffset: Int { Int(networkStart) }

  /// Bytes of the IP header: 20...60 for IPv4, 40 for IPv6; 0 if there was none to read.
  @inlinable
  public var ipHeaderByteCount: Int { Int(networkHeaderCount) }

  /// Bytes of the IP packet, header included, never more than the frame had on the wire.
  @inlinable
  public var ipTotalByteCount: Int { Int(networkCount) }

  /// Where the bytes behind the IP headers begin.
  @inlinable
  public var transportOffset: Int { Int(transportStart) }

  /// Bytes behind the IP headers that belong to the transport: bounded by IP and by UDP.
  ///
  /// More than were captured, if the frame was cut.
  @inlinable
  public var transportByteCount: Int { Int(transportCount) }

  /// Where the payload of the innermost header read begins.
  @inlinable
  public var payloadOffset: Int { Int(payloadStart) }

  /// Bytes of payload that were captured.
  @inlinable
  public var payloadByteCount: Int { Int(payloadCount) }

  /// Bytes of payload as the length fields have it, captured or not.
  @inlinable
  public var declaredPayloadByteCount: Int { Int(declaredPayloadCount) }

  // MARK: - Addresses

  /// The sender's address, if the packet is IP.
  @inlinable
  public var source: IPAddress? { address(sourceBits) }

  /// The receiver's address, if the packet is IP.
  @inlinable
  public var destination: IPAddress? { address(destinationBits) }

  /// The sender's address; meaningful for `.ipv4` with a network header.
  @inlinable
  public var ipv4Source: IPv4Address { IPv4Address(UInt32(truncatingIfNeeded: sourceBits.low)) }

  /// The receiver's address; meaningful for `.ipv4` with a network header.
  @inlinable
  public var ipv4Destination: IPv4Address {
    IPv4Address(UInt32(truncatingIfNeeded: destinationBits.low))
  }

  /// The sender's address; meaningful for `.ipv6` with a network header.
  @inlinable
  public var ipv6Source: IPv6Address { sourceBits }

  /// The receiver's address; meaningful for `.ipv6` with a network header.
  @inlinable
  public var ipv6Destination: IPv6Address { destinationBits }

  @inlinable
  func address(_ bits: IPv6Address) -> IPAddress? {
    guard hasNetworkHeader else { return nil }
    return switch network {
    case .ipv4: .v4(IPv4Address(UInt32(truncatingIfNeeded: bits.low)))
    case .ipv6: .v6(bits)
    default: nil
    }
  }

  // MARK: - Tags

  /// VLAN tags in the frame.
  @inlinable
  public var vlanTagCount: Int { Int(tags.count) }

  /// Whether tags are stacked, or the outer one is a service provider's.
  @inlinable
  public var isQinQ: Bool { tags.isQinQ }

  // MARK: - Fragments

  /// Whether this is a fragment; for IPv6, also a whole datagram that has a fragment header.
  @inlinable
  public var isFragment: Bool { flags.contains(.fragment) }

  /// Whether this is the fragment that holds the transport header.
  @inlinable
  public var isFirstFragment: Bool { isFragment && fragmentStart == 0 }

  /// Whether more fragments follow.
  @inlinable
  public var moreFragments: Bool { flags.contains(.moreFragments) }

  /// Where the fragment lies in its datagram, in bytes.
  @inlinable
  public var fragmentOffset: Int { Int(fragmentStart) }

  // MARK: - Wholeness

  /// Whether the capture ends before the network layer does.
  @inlinable
  public var isTruncated: Bool { flags.contains(.truncated) }

  /// Whether the network header was there and made sense.
  @inlinable
  public var hasNetworkHeader: Bool { flags.contains(.networkHeader) }

  /// Whether the transport header was there: ports and checksum field count.
  @inlinable
  public var hasTransportHeader: Bool { flags.contains(.transportHeader) }

  /// Whether every byte of the transport is in the capture and the destination is the last, so that
  /// its checksum can be verified.
  @inlinable
  public var isVerifiable: Bool {
    flags.isDisjoint(with: .unverifiable)
      && flags.contains(.transportHeader) && fragmentStart == 0
  }
}
