// SPDX-License-Identifier: BSD-2-Clause

/// How datagrams of a socket are sent.
///
/// BSD: `setsockopt`, as far as named with each.
public struct SocketOptions: Equatable, Sendable {
  /// Hops that a datagram may take; nil is the stack's own limit.
  ///
  /// BSD: `IP_TTL`, `IPV6_UNICAST_HOPS`.
  public var timeToLive: UInt8?
  /// Hops that a datagram to a group may take.
  ///
  /// BSD: `IP_MULTICAST_TTL`, `IPV6_MULTICAST_HOPS`.
  public var multicastTimeToLive: UInt8 = 1
  /// Differentiated services and congestion notification together.
  ///
  /// BSD: `IP_TOS`, `IPV6_TCLASS`.
  public var trafficClass: UInt8 = 0
  /// Refuses what does not fit into one packet, where it would be sent in fragments.
  ///
  /// BSD: `IP_DONTFRAG`, `IPV6_DONTFRAG`.
  public var dontFragment = false
  /// Lets datagrams go to all hosts of a link.
  ///
  /// BSD: `SO_BROADCAST`.
  public var allowsBroadcast = false
  /// Makes a UDP checksum, which IPv4 can do without and IPv6 cannot.
  ///
  /// BSD: `UDP_NOCKSUM`, `net.inet.udp.checksum`.
  public var makesChecksum = true
  /// The interface for groups and broadcasts; nil is that of the route, or the first.
  ///
  /// BSD: `IP_MULTICAST_IF`, `IPV6_MULTICAST_IF`.
  public var interface: InterfaceID?

  /// What a host does unless told otherwise.
  public init() {}
}
