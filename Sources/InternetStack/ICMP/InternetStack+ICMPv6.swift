// SPDX-License-Identifier: BSD-2-Clause
//
// What becomes of an ICMPv6 message (RFC 4443, 4861):
//
//     echo                          answered, if it was for this host alone
//     packet too big                the path to the destination is known to be narrower
//     unreachable, time exceeded,   told to the socket whose datagram it quotes
//     parameter problem
//     neighbour solicitation        learned from, and answered if it asks for an address of ours
//     neighbour advertisement       learned from
//     router advertisement          its prefixes make addresses, if the interface is to have them
//     all others                    for raw sockets, and nobody else
//
// The checksum is over a pseudo-header too, and there is always one.

import Interfaces
import Mbufs
import SocketBuffers
import Wire

extension InternetStack {
  /// Verifies an ICMPv6 message and does what it asks.
  ///
  /// BSD: `icmp6_input`.
  @inline(never)
  mutating func icmpv6Input(
    _ packet: consuming Packet, _ frame: DecodedFrame, on interface: InterfaceID,
    as arrival: Arrival
  ) -> Outcome {
    guard frame.hasTransportHeader else { return .dropped(.short) }
    guard packet.checksumState != .unknown || packet.transportChecksumResult(frame) == .valid
    else { return .dropped(.badChecksum) }
    let type = ICMPv6Type(rawValue: packet.byte(at: frame.transportOffset))
    switch type {
    case .echo: return echo(packet, frame, reply: ICMPv6Type.echoReply.rawValue)
    case .unreachable, .packetTooBig, .timeExceeded, .parameterProblem:
      return icmpv6Error(packet, frame, type)
    // In fragments it is not to be believed (RFC 6980, 5).
    case .neighborSolicitation where arrival == .joined,
      .neighborAdvertisement where arrival == .joined:
      return .dropped(.badICMP)
    case .neighborSolicitation, .neighborAdvertisement:
      return neighbourInput(packet, frame, on: interface)
    default: return .dropped(.unusedICMP)
    }
  }

  /// Tells a socket what became of its datagram.
  ///
  /// BSD: `icmp6_notify_error`.
  private mutating func icmpv6Error(
    _ packet: consuming Packet, _ frame: DecodedFrame, _ type: ICMPv6Type
  ) -> Outcome {
    let code = packet.byte(at: frame.transportOffset + 1)
    let rest = (try? packet.uint32(at: frame.transportOffset + 4)) ?? 0
    packet.trimFront(frame.payloadOffset)
    let sent = packet.quotedByteCount(isIPv6: true)
    guard let quoted = QuotedDatagram(packet, isIPv6: true) else { return .dropped(.badICMP) }
    guard addresses.contains(quoted.source) || policy.acceptsAnyDestination else {
      return .dropped(.badICMP)
    }
    let fault: NetworkFault
    switch (type, code) {
    case (.packetTooBig, _):
      fault = .tooLong(
        limit: learnPathMTU(
          Int(min(rest, 65_535)), to: quoted.destination, sent: sent))
    case (.unreachable, 4), (.parameterProblem, 1): fault = .refused
    default: fault = .unreachable
    }
    tell(fault, quoted)
    return .handled
  }
}
