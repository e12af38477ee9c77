// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import Wire

/// What a UDP header says, by value; nothing is checked.
struct UDPFacts: BitwiseCopyable {
  let sourcePort: UInt16
  let destinationPort: UInt16
  let length: Int
  let checksum: UInt16

  /// - Precondition: there are 8 bytes from `start` on.
  @inline(__always)
  init(_ bytes: RawSpan, at start: Int) {
    let header = FixedBytes<8>(bytes, at: start)
    sourcePort = header.uint16(at: 0)
    destinationPort = header.uint16(at: 2)
    length = Int(header.uint16(at: 4))
    checksum = header.uint16(at: 6)
  }
}

extension InternetStack {
  /// Checks a UDP header and gives the datagram to the socket bound to its port.
  ///
  ///     | link, IP | UDP header | payload ........ | beyond |
  ///                0            8               length     end
  ///              start
  ///
  ///     8 <= length <= byteCount - start;   what is beyond is cut off
  ///
  /// BSD: `udp_input`.
  mutating func udpInput(
    _ packet: consuming Packet, _ ip: IPFacts, at start: Int
  ) -> DropReason? {
    if let reason = packet.take(start + UDPHeader.byteCount) { return reason }
    let header = UDPFacts(packet.bytes, at: start)
    let excess = packet.byteCount - start - header.length
    guard header.length >= UDPHeader.byteCount, excess >= 0 else { return .badLength }
    if excess > 0 { packet.trimBack(excess) }
    guard accepts(packet, header.checksum, ip, at: start) else { return .badChecksum }
    guard header.destinationPort != 0 else { return .badPort }
    guard let slot = sockets.slot(for: ip.destination, port: header.destinationPort) else {
      return .noSocket
    }
    packet.trimFront(start + UDPHeader.byteCount)
    return sockets[slot].deliver(
      packet, from: Endpoint(ip.source, header.sourcePort),
      to: Endpoint(ip.destination, header.destinationPort))
  }

  /// Whether the checksum of the datagram whose header is at `start` lets it pass.
  private func accepts(
    _ packet: borrowing Packet, _ field: UInt16, _ ip: IPFacts, at start: Int
  ) -> Bool {
    // None was made, or the interface vouches for it: what it verified, or what never left the host.
    if field == 0 || packet.header.checksumState != .unknown { return true }
    let byteCount = packet.byteCount - start
    var segment = InternetChecksum()
    if packet.contiguousByteCount == packet.byteCount {
      segment.add(packet.bytes.extracting(droppingFirst: start))
    } else {
      packet.forEachSegment(from: start, byteCount: byteCount) { segment.add($0) }
    }
    // The pseudo-header is added as wide numbers. Cannot wrap, and cannot be 0: the protocol is 17.
    let sum =
      UInt64(segment.folded) &+ UInt64(ip.source.bits) &+ UInt64(ip.destination.bits)
      &+ UInt64(IPProtocol.udp.rawValue) &+ UInt64(truncatingIfNeeded: byteCount)
    if sum % 0xffff == 0 { return true }
    guard policy.acceptsPartialChecksums else { return false }
    let pseudoHeader = InternetChecksum.pseudoHeader(
      source: ip.source, destination: ip.destination, protocol: .udp, byteCount: byteCount)
    return field == pseudoHeader.folded
  }
}
