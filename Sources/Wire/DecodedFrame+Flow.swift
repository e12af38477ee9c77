// SPDX-License-Identifier: BSD-2-Clause

extension DecodedFrame {
  /// A hash of who talks to whom: the same for all packets of a conversation, in both directions.
  ///
  /// Made of the addresses and, where the frame has them and is no fragment, the ports. All fragments
  /// of a datagram have one hash; it is another than that of its conversation's whole datagrams, as it
  /// is in network cards. 0 for what has no addresses.
  ///
  /// Linux: `PACKET_FANOUT_HASH`; Microsoft: receive-side scaling.
  public var flowHash: UInt32 {
    let addresses: UInt64
    switch network {
    case .ipv4 where hasNetworkHeader:
      addresses = UInt64(ipv4Source.bits) &+ UInt64(ipv4Destination.bits)
    case .ipv6 where hasNetworkHeader:
      addresses = ipv6Source.folded &+ ipv6Destination.folded
    default: return 0
    }
    // Sums, since they do not tell who is the sender.
    let ports = isFragment ? 0 : UInt64(sourcePort) &+ UInt64(destinationPort)
    // A step of SplitMix64, which spreads neighbouring numbers.
    var mixed = addresses ^ (ports &* 0x9e37_79b9_7f4a_7c15)
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return UInt32(truncatingIfNeeded: mixed ^ (mixed >> 31))
  }
}

extension IPv6Address {
  fileprivate var folded: UInt64 { high ^ (low &* 0x9e37_79b9_7f4a_7c15) }
}
