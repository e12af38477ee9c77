// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import SocketBuffers
import Wire

extension InternetStack {
  /// Checks what the UDP header says and gives the datagram to the socket bound to its port.
  ///
  ///     | link, IP | UDP header | payload ........ | beyond |
  ///                             ^ payloadOffset    ^ payloadOffset + payloadByteCount
  ///
  /// What is beyond is cut off, and what is before.
  ///
  /// BSD: `udp_input`, `udp6_input`.
  @inline(__always)
  mutating func udpInput(_ packet: consuming Packet, _ frame: DecodedFrame) -> Outcome {
    guard frame.hasTransportHeader else { return .dropped(.short) }
    guard !frame.flags.contains(.badLength) else { return .dropped(.badLength) }
    guard accepts(packet, frame) else { return .dropped(.badChecksum) }
    guard frame.destinationPort != 0 else { return .dropped(.badPort) }
    let source = Endpoint(frame.sender, frame.sourcePort)
    let destination = Endpoint(frame.receiver, frame.destinationPort)
    guard let slot = sockets.slot(for: destination, from: source) else {
      return refuse(packet, frame)
    }
    let excess = packet.byteCount - frame.payloadOffset - frame.payloadByteCount
    if excess > 0 { packet.trimBack(excess) }
    packet.trimFront(frame.payloadOffset)
    if frame.tags.count > 0 { packet.header.vlanTag = frame.vlanTag }
    guard let reason = sockets[slot].deliver(packet, from: source, to: destination) else {
      return .delivered
    }
    return .dropped(reason)
  }

  /// Nobody has the port: the sender is told (RFC 1122, 4.1.3.1).
  @inline(never)
  private mutating func refuse(_ packet: consuming Packet, _ frame: DecodedFrame) -> Outcome {
    sendError(about: packet, frame, .unreachable(.port))
    return .dropped(.noSocket)
  }

  /// Whether the checksum lets the datagram pass.
  @inline(__always)
  private func accepts(_ packet: borrowing Packet, _ frame: DecodedFrame) -> Bool {
    // The interface vouches for it: what it verified, or what never left the host.
    if packet.checksumState != .unknown { return true }
    // None was made, as IPv4 allows.
    if frame.transportChecksum == 0, frame.network == .ipv4 { return true }
    let result = packet.transportChecksumResult(frame)
    return result == .valid || (result == .partial && policy.acceptsPartialChecksums)
  }
}

extension DecodedFrame {
  /// The sender's address, of a frame that carries IP.
  @inline(__always)
  var sender: IPAddress { network == .ipv4 ? .v4(ipv4Source) : .v6(ipv6Source) }

  /// The receiver's address, of a frame that carries IP.
  @inline(__always)
  var receiver: IPAddress { network == .ipv4 ? .v4(ipv4Destination) : .v6(ipv6Destination) }
}
