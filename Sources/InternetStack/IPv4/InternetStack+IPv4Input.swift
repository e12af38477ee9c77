// SPDX-License-Identifier: BSD-2-Clause
//
// What is asked of an IPv4 datagram, in the order of `ip_input`:
//
//     version, header length, total length, checksum      all at once for most: `hasPlainIPv4Header`
//     source                                              RFC 1122, 3.2.1.3; before anything is answered
//     destination                                         ours, a broadcast, a group that is wanted
//     options                                             refused where they route or lie
//     fragments                                           held until the datagram is whole
//     raw sockets, ICMP, UDP                              else protocol unreachable

import Mbufs
import SocketBuffers
import Wire

extension InternetStack {
  /// Checks what the IPv4 header says and gives the datagram to raw sockets and to its protocol.
  ///
  ///     | link | header | options | payload ......... | padding |
  ///            ^ networkOffset                        ^ networkOffset + ipTotalByteCount
  ///
  /// BSD: `ip_input`.
  @inline(__always)
  mutating func ipv4Input(
    _ packet: consuming Packet, _ frame: DecodedFrame, on interface: InterfaceID,
    as arrival: Arrival = .whole
  ) -> Outcome {
    if !frame.hasPlainIPv4Header, let reason = frame.ipv4HeaderReason { return .dropped(reason) }
    let (source, destination) = (frame.ipv4Source, frame.ipv4Destination)
    if arrival != .looped, isMartian(source, to: destination) { return .dropped(.martianSource) }
    guard policy.acceptsAnyDestination || isOurs(destination) else {
      return .dropped(.notForUs)
    }
    if frame.ipHeaderByteCount > IPv4Header.byteCount,
      let report = optionFault(packet, frame)
    {
      return refuseOption(packet, frame, report)
    }
    if frame.isFragment { return hold(packet, frame, on: interface, as: arrival) }
    if sockets.rawCount > 0 { return rawThenTransport(packet, frame, on: interface, as: arrival) }
    guard frame.protocol == .udp else { return ipv4ProtocolInput(packet, frame) }
    return udpInput(packet, frame)
  }

  /// Gives a datagram to a protocol that is not UDP.
  @inline(never)
  mutating func ipv4ProtocolInput(
    _ packet: consuming Packet, _ frame: DecodedFrame, isTakenByRaw: Bool = false
  ) -> Outcome {
    if frame.protocol == .icmp, frame.transport == .icmp { return icmpInput(packet, frame) }
    if isTakenByRaw { return .delivered }
    if frame.protocol != .udp {
      sendError(about: packet, frame, .unreachable(.protocol))
    }
    return .dropped(.noProtocol)
  }
}

extension DecodedFrame {
  /// Whether the IPv4 header is complete and valid, the datagram is not cut short, and this is its end.
  fileprivate var hasPlainIPv4Header: Bool {
    ipv4HeaderChecksum == .valid
      && flags.isDisjoint(with: .unacceptable)
      && hasNetworkHeader
  }

  /// What is wrong with the IPv4 header, or with the frame around it; nil if nothing is.
  @inline(never)
  fileprivate var ipv4HeaderReason: DropReason? {
    if flags.contains(.badLinkLength) { return .malformedLink }
    if ipv4HeaderChecksum == .invalid { return .badHeaderChecksum }
    guard hasNetworkHeader else {
      return switch stop?.reason {
      case .badVersion: .badVersion
      case .badHeaderLength: .badHeaderLength
      case .badLength: .badLength
      default: .short
      }
    }
    // Only a frame that a device is to segment (TSO) may have a total length of 0; none comes from a
    // link.
    if flags.contains(.openLength) { return .badLength }
    if isTruncated || stop?.layer == .ipv4 { return .short }
    // Nobody here verifies who sent it. A source route is looked at behind the addresses.
    return flags.contains(.authenticated) ? .noProtocol : nil
  }
}
