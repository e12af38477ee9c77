// SPDX-License-Identifier: BSD-2-Clause
//
//     limit == min(MTU of the link, path MTU of the destination)
//
//     header + payload <= limit      one packet; IPv4 says "don't fragment", so that a narrower link of
//                                    the path makes itself known (RFC 1191, 8201)
//                       > limit      fragments, which share the payload's clusters; or refused, if the
//                                    sender asked for that
//
// The identification of an IPv4 datagram that nobody may cut up means nothing (RFC 6864, 4.1), and is 0 as
// FreeBSD's is; of others it is random, as that of IPv6 fragments is (RFC 7739).

import Interfaces
import Mbufs
import SocketBuffers
import Wire

extension InternetStack {
  /// Puts an IP header in front and queues the datagram, in fragments if it must.
  ///
  /// - Throws: `SendError`; the packet is gone and nothing is queued.
  ///
  /// BSD: `ip_output`, `ip6_output`.
  @inline(__always)
  mutating func ipOutput(
    _ packet: consuming Packet, _ protocol: IPProtocol, from source: IPAddress,
    to destination: IPAddress, _ path: Path, _ how: Transmission
  ) throws(SendError) {
    var limit = path.mtu
    var how = how
    if pathMTUs.count > 0, !path.isLoop,
      let known = pathMTUs.mtu(to: IPv6Address(destination), now: nowInNanoseconds)
    {
      limit = min(limit, known)
      how.routersMayCut = known <= PathMTUTable.least
    }
    switch (source, destination) {
    case (.v4(let source), .v4(let destination)):
      try ipv4Output(packet, `protocol`, from: source, to: destination, path, how, limit)
    case (.v6(let source), .v6(let destination)):
      try ipv6Output(packet, `protocol`, from: source, to: destination, path, how, limit)
    default: throw .unsupportedAddress(destination)
    }
  }

  @inline(__always)
  private mutating func ipv4Output(
    _ packet: consuming Packet, _ protocol: IPProtocol, from source: IPv4Address,
    to destination: IPv4Address, _ path: Path, _ how: Transmission, _ limit: Int
  ) throws(SendError) {
    let byteCount = packet.byteCount + IPv4Header.byteCount
    guard byteCount <= (how.dontFragment ? limit : 65_535) else {
      throw .tooLong(byteCount: byteCount, limit: how.dontFragment ? limit : 65_535)
    }
    let isWhole = byteCount <= limit && !how.routersMayCut
    // Cannot truncate: at most 65,535; and any 16 random bits will do.
    let header = IPv4Header.Fields(
      trafficClass: how.trafficClass, totalLength: UInt16(truncatingIfNeeded: byteCount),
      identification: isWhole ? 0 : UInt16(truncatingIfNeeded: randomness.next()),
      flags: isWhole ? .dontFragment : [], timeToLive: how.timeToLive,
      protocol: `protocol`, source: source, destination: destination)
    do throws(MbufError) {
      try packet.prepend(IPv4Header.byteCount) { output in
        header.emitWithChecksum(into: &output)
      }
    } catch {
      throw .noMemory(error)
    }
    packet.header = datagramHeader(packet, IPv4Header.byteCount, how)
    if byteCount <= limit { return try linkOutput(packet, path) }
    try fragmentOutput(packet, path, limit)
  }

  @inline(__always)
  private mutating func ipv6Output(
    _ packet: consuming Packet, _ protocol: IPProtocol, from source: IPv6Address,
    to destination: IPv6Address, _ path: Path, _ how: Transmission, _ limit: Int
  ) throws(SendError) {
    let byteCount = packet.byteCount + IPv6Header.byteCount
    let most = how.dontFragment ? limit : 65_535 + IPv6Header.byteCount
    guard byteCount <= most else { throw .tooLong(byteCount: byteCount, limit: most) }
    let header = IPv6Header.Fields(
      trafficClass: how.trafficClass,
      payloadLength: UInt16(truncatingIfNeeded: packet.byteCount), nextHeader: `protocol`,
      hopLimit: how.timeToLive, source: source, destination: destination)
    do throws(MbufError) {
      try packet.prepend(IPv6Header.byteCount) { output in header.emit(into: &output) }
    } catch {
      throw .noMemory(error)
    }
    packet.header = datagramHeader(packet, IPv6Header.byteCount, how)
    if byteCount <= limit { return try linkOutput(packet, path) }
    try fragmentOutput(packet, path, limit)
  }

  /// What is known of a datagram that is sent: nothing of what was known of its payload when that was
  /// received, but for the VLAN it came by.
  @inline(__always)
  private func datagramHeader(
    _ packet: borrowing Packet, _ headerByteCount: Int, _ how: Transmission
  ) -> PacketHeader {
    var header = PacketHeader()
    header.timestampInNanoseconds = nowInNanoseconds
    header.linkType = LinkType.raw.rawValue
    header.transportOffset = UInt16(truncatingIfNeeded: headerByteCount)
    header.vlanTag = packet.header.vlanTag
    if how.isChecksumPartial { header.checksumState = .partial }
    return header
  }

  /// Queues a datagram in pieces.
  ///
  /// - Throws: `SendError`; if there is no room for all of them nothing is queued.
  ///
  /// BSD: `ip_fragment`, `ip6_fragment`.
  @inline(never)
  private mutating func fragmentOutput(
    _ packet: consuming Packet, _ path: Path, _ limit: Int
  ) throws(SendError) {
    var fragments = PacketQueue()
    let identification = UInt32(truncatingIfNeeded: randomness.next())
    let byteCount = packet.byteCount
    do throws(FragmentationError) {
      fragments = try packet.fragmented(mtu: limit, identification: identification)
    } catch {
      switch error {
      case .noMemory(let denial): throw .noMemory(denial)
      default: throw .tooLong(byteCount: byteCount, limit: limit)
      }
    }
    let waiting = interfaces[path.interface].output.packetCount
    guard waiting + fragments.packetCount <= policy.outputLimitInPackets else {
      throw .queueFull(limitInPackets: policy.outputLimitInPackets)
    }
    statistics.own.fragmented += 1
    while let fragment = fragments.dequeue() {
      statistics.own.fragments += 1
      try linkOutput(fragment, path)
    }
  }
}
