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
  /// BSD: `udp_input`.
  @inline(__always)
  mutating func udpInput(_ packet: consuming Packet, _ frame: DecodedFrame) -> DropReason? {
    guard frame.hasTransportHeader else { return .short }
    guard !frame.flags.contains(.badLength) else { return .badLength }
    guard accepts(packet, frame) else { return .badChecksum }
    guard frame.destinationPort != 0 else { return .badPort }
    let (source, destination) = (frame.ipv4Source, frame.ipv4Destination)
    guard let slot = sockets.slot(for: destination, port: frame.destinationPort) else {
      return .noSocket
    }
    let excess = packet.byteCount - frame.payloadOffset - frame.payloadByteCount
    if excess > 0 { packet.trimBack(excess) }
    packet.trimFront(frame.payloadOffset)
    return sockets[slot].deliver(
      packet, from: Endpoint(source, frame.sourcePort),
      to: Endpoint(destination, frame.destinationPort))
  }

  /// Whether the checksum lets the datagram pass.
  @inline(__always)
  private func accepts(_ packet: borrowing Packet, _ frame: DecodedFrame) -> Bool {
    // None was made, or the interface vouches for it: what it verified, or what never left the host.
    if frame.transportChecksum == 0 || packet.checksumState != .unknown { return true }
    let result = packet.transportChecksumResult(frame)
    return result == .valid || (result == .partial && policy.acceptsPartialChecksums)
  }
}
