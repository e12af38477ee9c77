// SPDX-License-Identifier: BSD-2-Clause
//
// What is asked of an IPv6 datagram, in the order of `ip6_input`:
//
//     version, payload length against the frame
//     source                no group, not ours, not ::1 from outside; :: only for questions about an address
//     destination           ours, a group that is listened to
//     extension headers     read already; options that forbid to go on, routing headers with stops left
//     fragments             held until the datagram is whole
//     raw sockets, ICMPv6, UDP       else "next header not known"

import Mbufs
import SocketBuffers
import Wire

extension InternetStack {
  /// Checks what the IPv6 headers say and gives the datagram to raw sockets and to its protocol.
  ///
  /// BSD: `ip6_input`.
  @inline(__always)
  mutating func ipv6Input(
    _ packet: consuming Packet, _ frame: DecodedFrame, on interface: InterfaceID,
    as arrival: Arrival = .whole
  ) -> Outcome {
    if let reason = frame.ipv6HeaderReason { return .dropped(reason) }
    let (source, destination) = (frame.ipv6Source, frame.ipv6Destination)
    if arrival != .looped, isMartian(source, to: destination, frame) {
      return .dropped(.martianSource)
    }
    guard policy.acceptsAnyDestination || isOurs(destination) else {
      return .dropped(.notForUs)
    }
    if frame.flags.contains(.routed) {
      return refuseOption(packet, frame, .unreachable(.sourceRouteFailed))
    }
    if frame.isFragment { return hold(packet, frame, on: interface, as: arrival) }
    if sockets.rawCount > 0 { return rawThenTransport(packet, frame, on: interface, as: arrival) }
    guard frame.protocol == .udp else {
      return ipv6ProtocolInput(packet, frame, on: interface, as: arrival)
    }
    return udpInput(packet, frame)
  }

  /// Gives a datagram to a protocol that is not UDP.
  @inline(never)
  mutating func ipv6ProtocolInput(
    _ packet: consuming Packet, _ frame: DecodedFrame, isTakenByRaw: Bool = false,
    on interface: InterfaceID, as arrival: Arrival
  ) -> Outcome {
    if frame.protocol == .icmpv6, frame.transport == .icmpv6 {
      return icmpv6Input(packet, frame, on: interface, as: arrival)
    }
    if isTakenByRaw { return .delivered }
    if frame.protocol != .udp, frame.protocol != .noNextHeader {
      sendError(about: packet, frame, .unreachable(.protocol))
    }
    return .dropped(.noProtocol)
  }

  /// Whether nothing may come from `source`.
  ///
  /// BSD: the checks of `ip6_input`.
  @inline(__always)
  private func isMartian(
    _ source: IPv6Address, to destination: IPv6Address, _ frame: DecodedFrame
  ) -> Bool {
    if source.isMulticast || source.mappedIPv4 != nil { return true }
    // A host without an address asks about one, and says which groups it listens to.
    if source.isAny { return frame.protocol != .icmpv6 || !destination.isMulticast }
    if policy.acceptsLocalSources { return false }
    if source.isLoopback || destination.isLoopback { return true }
    return policy.acceptsAnyDestination ? false : addresses.contains(source)
  }

  /// Whether the stack is meant by `destination`, if it does not take any.
  func isOurs(_ destination: IPv6Address) -> Bool {
    if destination.isMulticast {
      // All nodes of the interface and of the link (RFC 4291, 2.7.1).
      return destination.isAllNodes || addresses.isSolicited(destination)
    }
    // A tentative address is nobody's yet, and what asks about it goes to a group.
    return addresses.contains(destination)
      || (destination.isLoopback && policy.acceptsLocalSources)
  }
}

extension DecodedFrame {
  /// What is wrong with the IPv6 header, or with the frame around it; nil if nothing is.
  @inline(__always)
  fileprivate var ipv6HeaderReason: DropReason? {
    if hasNetworkHeader, stop == nil, flags.isDisjoint(with: .unacceptableIPv6) { return nil }
    return ipv6HeaderReasonSlow
  }

  @inline(never)
  private var ipv6HeaderReasonSlow: DropReason? {
    if flags.contains(.badLinkLength) { return .malformedLink }
    guard hasNetworkHeader else { return stop?.reason == .badVersion ? .badVersion : .short }
    if flags.contains(.openLength) { return .badLength }
    if isTruncated || stop?.layer == .ipv6 { return .short }
    if stop?.layer == .ipv6Extension { return .badOption }
    if flags.contains(.authenticated) { return .noProtocol }
    // What is wrong with the transport is that protocol's to say.
    return nil
  }
}

extension DecodedFrame.Flags {
  /// What keeps a stack from taking an IPv6 packet; stops that are left are answered for themselves.
  @inline(__always)
  fileprivate static var unacceptableIPv6: DecodedFrame.Flags {
    DecodedFrame.Flags(rawValue: 4 | 32 | 128 | 256 | 2_048)
  }
}
