// SPDX-License-Identifier: BSD-2-Clause
//
// What becomes of an ICMP message (RFC 792, 1122 section 3.2.2):
//
//     echo                    answered in the packet that brought it, if it was for this host alone
//     unreachable, time       told to the socket whose datagram it quotes
//     exceeded, parameter
//     fragmentation needed    the path to the destination is known to be narrower
//     echo reply              for raw sockets, and nobody else
//     redirect, all others    not followed
//
// The checksum is over the message; that of an answer differs by what changed (RFC 1624).

import Interfaces
import Mbufs
import SocketBuffers
import Wire

extension InternetStack {
  /// Verifies an ICMP message and does what it asks.
  ///
  /// BSD: `icmp_input`.
  @inline(never)
  mutating func icmpInput(_ packet: consuming Packet, _ frame: DecodedFrame) -> Outcome {
    guard frame.hasTransportHeader else { return .dropped(.short) }
    guard packet.checksumState != .unknown || packet.transportChecksumResult(frame) == .valid
    else { return .dropped(.badChecksum) }
    let type = ICMPType(rawValue: packet.byte(at: frame.transportOffset))
    switch type {
    case .echo: return echo(packet, frame, reply: ICMPType.echoReply.rawValue)
    case .unreachable, .timeExceeded, .parameterProblem: return icmpError(packet, frame, type)
    default: return .dropped(.unusedICMP)
    }
  }

  /// Answers an echo request of either family, in the packet that brought it.
  ///
  /// BSD: `icmp_reflect`, `icmp6_reflect`.
  mutating func echo(
    _ packet: consuming Packet, _ frame: DecodedFrame, reply: UInt8
  ) -> Outcome {
    guard policy.answersEcho, !policy.isSilent else { return .dropped(.unusedICMP) }
    // One datagram to all hosts would bring an answer from each (RFC 1122, 3.2.2.6).
    let isToOne =
      switch frame.receiver {
      case .v4(let address): !address.isMulticast && !addresses.isBroadcast(address)
      case .v6(let address): !address.isMulticast
      }
    guard isToOne, !isToMany(packet, frame) else { return .dropped(.unusedICMP) }
    let end = frame.networkOffset + frame.ipTotalByteCount
    let request = packet.byte(at: frame.transportOffset)
    if packet.byteCount > end { packet.trimBack(packet.byteCount - end) }
    packet.trimFront(frame.transportOffset)
    packet.header = ownHeader(tag: packet.vlanTag(frame))
    do throws(SendError) {
      do throws(MbufError) {
        try packet.pullUp(4)
        try packet.makeWritable(0..<4)
        let field = try packet.uint16(at: 2)
        let changed = InternetChecksum.updated(
          checksum: field, from: UInt16(request) << 8, to: UInt16(reply) << 8)
        var bytes = packet.mutableBytes
        bytes.store(reply, at: 0)
        // Of the two zeros the one that is right also where all bytes are 0, as those of ICMP may be.
        bytes.store(changed == 0 ? 0xffff : changed, at: 2)
      } catch {
        throw .noMemory(error)
      }
      try answer(
        packet, frame.network == .ipv4 ? .icmp : .icmpv6, from: frame.receiver,
        to: frame.sender)
      statistics.own.echoReplies += 1
      return .handled
    } catch {
      return .dropped(error.dropReason)
    }
  }

  /// Tells a socket what became of its datagram.
  ///
  /// BSD: `icmp_input`, `udp_ctlinput`, `udp6_ctlinput`.
  private mutating func icmpError(
    _ packet: consuming Packet, _ frame: DecodedFrame, _ type: ICMPType
  ) -> Outcome {
    let code = packet.byte(at: frame.transportOffset + 1)
    let rest = (try? packet.uint32(at: frame.transportOffset + 4)) ?? 0
    packet.trimFront(frame.payloadOffset)
    let sent = packet.quotedByteCount(isIPv6: false)
    guard let quoted = QuotedDatagram(packet, isIPv6: false) else { return .dropped(.badICMP) }
    guard addresses.contains(quoted.source) || policy.acceptsAnyDestination else {
      return .dropped(.badICMP)
    }
    let fault: NetworkFault
    switch (type, code) {
    case (.unreachable, 4):
      // 0 from routers older than RFC 1191: the next plateau below what was sent.
      let limit = Int(rest & 0xffff)
      fault = .tooLong(
        limit: learnPathMTU(
          limit == 0 ? PathMTUTable.plateau(below: sent) : limit, to: quoted.destination,
          sent: sent))
    case (.unreachable, 2), (.unreachable, 3): fault = .refused
    default: fault = .unreachable
    }
    tell(fault, quoted)
    return .handled
  }

  /// Notes what an error said where the next call of its socket finds it.
  mutating func tell(_ fault: NetworkFault, _ quoted: QuotedDatagram) {
    guard quoted.protocol == .udp, let port = quoted.sourcePort, port != 0,
      let remotePort = quoted.destinationPort, remotePort != 0
    else { return }
    let local = Endpoint(quoted.source, port)
    let remote = Endpoint(quoted.destination, remotePort)
    guard let slot = sockets.slot(for: local, from: remote) else { return }
    // A datagram for the next peer is not to fail for the last one's sake.
    guard sockets[slot].peer == remote else { return }
    sockets[slot].fault = fault
    sockets[slot].shared?.report(errorNumber: fault.errorNumber)
  }

  /// Notes that a path takes no more than so many bytes, and returns what it takes now.
  mutating func learnPathMTU(_ limit: Int, to destination: IPAddress, sent byteCount: Int) -> Int {
    // An error that asks for more than was sent, or for next to nothing, is forged or broken.
    let least = if case .v4 = destination { PathMTUTable.least } else { 1_280 }
    let mtu = max(limit, least)
    guard limit < byteCount else { return mtu }
    pathMTUs.learn(mtu, to: IPv6Address(destination), now: nowInNanoseconds)
    return mtu
  }
}
