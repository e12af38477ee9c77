// SPDX-License-Identifier: BSD-2-Clause

/// How many frames held what, by their outermost network layer.
///
///     frames == arp + ipv4 + ipv6 + other
///     udp + tcp + icmp + icmpv6 <= ipv4 + ipv6       whole datagrams and first fragments only
///     ipv4Fragment <= ipv4, ipv6Fragment <= ipv6     every fragment, first ones included
///
/// A frame counts at most once under each name. A network or transport layer counts where it is
/// named by the one around it, even if its own header is cut; a tag counts once it is whole.
@frozen
public struct ProtocolCounts: Hashable, Sendable, BitwiseCopyable {
  /// Address resolution, forward and reverse.
  public var arp: UInt64 = 0
  /// IPv4, fragments included.
  public var ipv4: UInt64 = 0
  /// IPv6, fragments included.
  public var ipv6: UInt64 = 0
  /// UDP; UDP-Lite is another protocol.
  public var udp: UInt64 = 0
  /// TCP.
  public var tcp: UInt64 = 0
  /// ICMP.
  public var icmp: UInt64 = 0
  /// ICMPv6.
  public var icmpv6: UInt64 = 0
  /// Frames with at least one customer tag (0x8100, 0x9100).
  public var vlan: UInt64 = 0
  /// Frames with a service tag (0x88a8, 0x9100) outside, or with stacked tags.
  public var qinq: UInt64 = 0
  /// Fragments of IPv4 datagrams.
  public var ipv4Fragment: UInt64 = 0
  /// IPv6 packets with a fragment header, even of a whole datagram.
  public var ipv6Fragment: UInt64 = 0
  /// Frames with none of ARP, IPv4 and IPv6, or of a link type that is not supported.
  public var other: UInt64 = 0

  /// Nothing counted yet.
  @inlinable
  public init() {}

  /// Counts one frame of which there is nothing more to say.
  @inlinable @inline(__always)
  package mutating func count(_ frame: PlainFrame) {
    ipv4 &+= 1
    switch frame {
    case .udp: udp &+= 1
    case .tcp: tcp &+= 1
    }
  }

  /// Counts one frame.
  @inlinable @inline(__always)
  public mutating func count(_ frame: borrowing DecodedFrame) {
    // Counters of 64 bits cannot wrap in the lifetime of a machine.
    switch frame.network {
    case .ipv4:
      ipv4 &+= 1
      if frame.isFragment { ipv4Fragment &+= 1 }
    case .ipv6:
      ipv6 &+= 1
      if frame.isFragment { ipv6Fragment &+= 1 }
    case .arp: arp &+= 1
    case .none, .other:
      if frame.etherType == .reverseARP { arp &+= 1 } else { other &+= 1 }
    }
    switch frame.transport {
    case .udp: udp &+= 1
    case .tcp: tcp &+= 1
    case .icmp: icmp &+= 1
    case .icmpv6: icmpv6 &+= 1
    case .none, .other: break
    }
    if frame.tags.count != 0 {
      if frame.tags.hasCustomerTag { vlan &+= 1 }
      if frame.isQinQ { qinq &+= 1 }
    }
  }

  /// Adds the counts of another run.
  public static func += (left: inout ProtocolCounts, right: ProtocolCounts) {
    left.arp += right.arp
    left.ipv4 += right.ipv4
    left.ipv6 += right.ipv6
    left.udp += right.udp
    left.tcp += right.tcp
    left.icmp += right.icmp
    left.icmpv6 += right.icmpv6
    left.vlan += right.vlan
    left.qinq += right.qinq
    left.ipv4Fragment += right.ipv4Fragment
    left.ipv6Fragment += right.ipv6Fragment
    left.other += right.other
  }
}
