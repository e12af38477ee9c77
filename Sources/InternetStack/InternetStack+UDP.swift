// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import Wire

extension InternetStack {
  /// Checks a UDP header and gives the datagram to the socket bound to its port.
  ///
  ///     | UDP header | payload ........ | beyond |
  ///     0            8               length      byteCount
  ///
  ///     8 <= length <= byteCount;   what is beyond is cut off
  ///
  /// BSD: `udp_input`.
  mutating func udpInput(_ packet: consuming Packet, _ ip: IPFacts) -> DropReason? {
    if let reason = packet.take(UDPHeader.byteCount) { return reason }
    // Eight bytes are there, so it is the length that is less than a header.
    guard let header = try? UDPHeader.Fields(parsing: packet.bytes) else { return .badLength }
    let length = Int(header.length)
    guard length <= packet.byteCount else { return .badLength }
    if length < packet.byteCount { packet.trimBack(packet.byteCount - length) }
    guard accepts(packet, header.checksum, ip) else { return .badChecksum }
    guard header.destinationPort != 0 else { return .badPort }
    guard
      let slot = ports.socket(for: ip.destination, port: header.destinationPort) ?? restSlot
    else { return .noSocket }
    packet.trimFront(UDPHeader.byteCount)
    let result = buffers[slot].append(
      packet, from: Endpoint(ip.source, header.sourcePort),
      to: Endpoint(ip.destination, header.destinationPort))
    return switch result {
    case .appended: nil
    case .full: .fullSocketBuffer
    case .noMemory: .noMemory
    }
  }

  /// Whether the checksum of a datagram, header first, lets it pass.
  private func accepts(_ packet: borrowing Packet, _ field: UInt16, _ ip: IPFacts) -> Bool {
    // None was made, or the interface vouches for it: what it verified, or what never left the host.
    if field == 0 || packet.header.checksumState != .unknown { return true }
    let pseudoHeader = InternetChecksum.pseudoHeader(
      source: ip.source, destination: ip.destination, protocol: .udp, byteCount: packet.byteCount)
    var sum = pseudoHeader
    if packet.contiguousByteCount == packet.byteCount {
      sum.add(packet.bytes)
    } else {
      packet.forEachSegment { sum.add($0) }
    }
    if sum.folded == 0xffff { return true }
    return policy.acceptsPartialChecksums && field == pseudoHeader.folded
  }
}
