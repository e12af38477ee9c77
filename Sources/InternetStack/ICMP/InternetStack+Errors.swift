// SPDX-License-Identifier: BSD-2-Clause
//
// When no ICMP error is sent (RFC 1122, 3.2.2; RFC 4443, 2.4 e):
//
//     about an ICMP error                 or two hosts would go on about it
//     about a fragment but the first      there is no port in it to tell whom it concerns
//     to a broadcast or a group,          or one datagram would have many answers
//       of IP or of the link
//     from what is no host's address      nobody can be told
//     beyond the rate                     a flood of errors is a flood
//
// An error quotes as much of the datagram as fits into 576 bytes (RFC 1812, 4.3.2.3), or into 1,280 of IPv6
// (RFC 4443, 2.4 c). It is made of the packet that it is about: what it quotes is not copied.

import Interfaces
import Mbufs
import Wire

extension InternetStack {
  /// Tells the sender of a datagram what became of it, where that may be told.
  ///
  /// BSD: `icmp_error`, `icmp6_error`.
  @inline(never)
  mutating func sendError(
    about packet: consuming Packet, _ frame: DecodedFrame, _ report: ErrorReport
  ) {
    guard !policy.isSilent, mayBeAnswered(packet, frame) else { return }
    guard errorBucket.take(now: nowInNanoseconds) else {
      statistics.own.errorsLimited += 1
      return
    }
    let limit =
      frame.network == .ipv4
      ? 576 - IPv4Header.byteCount - ICMPHeader.byteCount
      : 1_280 - IPv6Header.byteCount - ICMPv6Header.byteCount
    let tag = packet.vlanTag(frame)
    // What a sender on this host left to a device is quoted as it would have been.
    if packet.checksumState == .partial { _ = try? packet.completeChecksum() }
    let quoted = min(packet.byteCount - frame.networkOffset, frame.ipTotalByteCount, limit)
    packet.trimBack(packet.byteCount - frame.networkOffset - quoted)
    packet.trimFront(frame.networkOffset)
    packet.header = ownHeader(tag: tag)
    do throws(SendError) {
      switch (frame.sender, frame.receiver) {
      case (.v4(let source), .v4(let destination)):
        try send(report, packet, to: source, about: destination)
      case (.v6(let source), .v6(let destination)):
        try send(report, packet, frame, to: source, about: destination)
      default: return
      }
      statistics.own.errors += 1
    } catch {
      // An error that cannot be told is no error.
    }
  }

  private mutating func send(
    _ report: ErrorReport, _ packet: consuming Packet, to source: IPv4Address,
    about destination: IPv4Address
  ) throws(SendError) {
    var header = report.icmp
    var sum = InternetChecksum()
    header.add(to: &sum)
    packet.forEachSegment { sum.add($0) }
    header.checksum = sum.complement
    try packet.prependHeader(header)
    try answer(packet, .icmp, from: .v4(destination), to: .v4(source))
  }

  private mutating func send(
    _ report: ErrorReport, _ packet: consuming Packet, _ frame: DecodedFrame,
    to source: IPv6Address, about destination: IPv6Address
  ) throws(SendError) {
    var header = report.icmpv6(about: frame)
    guard let path = path(to: .v6(source), on: nil),
      let local = addresses.contains(destination)
        ? destination : addresses.source(for: source, on: UInt16(path.interface))
    else { throw .noRoute(.v6(source)) }
    var sum = InternetChecksum.pseudoHeader(
      source: local, destination: source, protocol: .icmpv6,
      byteCount: packet.byteCount + ICMPv6Header.byteCount)
    header.add(to: &sum)
    packet.forEachSegment { sum.add($0) }
    header.checksum = sum.complement
    try packet.prependHeader(header)
    try answer(packet, .icmpv6, from: .v6(local), to: .v6(source))
  }

  /// Sends what answers a datagram: from the address that it was for, if that is ours.
  mutating func answer(
    _ packet: consuming Packet, _ protocol: IPProtocol, from local: IPAddress,
    to remote: IPAddress, hopLimit: UInt8? = nil
  ) throws(SendError) {
    guard let path = path(to: remote, on: nil) else { throw .noRoute(remote) }
    guard
      let source = addresses.contains(local) || policy.acceptsAnyDestination
        ? local : source(for: remote, on: path)
    else { throw .noRoute(remote) }
    var how = Transmission(timeToLive: hopLimit ?? policy.timeToLive)
    how.dontFragment = false
    try ipOutput(packet, `protocol`, from: source, to: remote, path, how)
  }

  /// Whether rules let a datagram be answered with an error.
  private func mayBeAnswered(_ packet: borrowing Packet, _ frame: DecodedFrame) -> Bool {
    guard frame.fragmentOffset == 0, !isToMany(packet, frame), frame.hasNetworkHeader else {
      return false
    }
    switch (frame.sender, frame.receiver) {
    case (.v4(let source), .v4(let destination)):
      guard !source.isAny, !source.isMulticast, !addresses.isBroadcast(source),
        source.bits >> 28 != 15, !destination.isMulticast, !addresses.isBroadcast(destination)
      else { return false }
      return frame.protocol != .icmp || isQuery(packet, frame)
    case (.v6(let source), .v6(let destination)):
      guard !source.isAny, !source.isMulticast, !destination.isMulticast else { return false }
      return frame.protocol != .icmpv6 || isQuery(packet, frame)
    default: return false
    }
  }

  /// Whether an ICMP message is none that tells of an error.
  private func isQuery(_ packet: borrowing Packet, _ frame: DecodedFrame) -> Bool {
    guard frame.hasTransportHeader else { return false }
    let type = packet.byte(at: frame.transportOffset)
    if frame.network == .ipv6 { return type >= 128 }
    return type == ICMPType.echo.rawValue || type == ICMPType.echoReply.rawValue
  }
}

extension Packet {
  /// Puts a header in front.
  ///
  /// - Throws: `SendError` `.noMemory`; the packet is unchanged.
  @inline(__always)
  mutating func prependHeader(_ header: some HeaderFields) throws(SendError) {
    do throws(MbufError) {
      try prepend(header.byteCount) { output in header.emit(into: &output) }
    } catch {
      throw .noMemory(error)
    }
  }
}

extension ICMPMessageHeader.Fields {
  /// Adds the header to a sum, as it is: a checksum of 0 for one to be made.
  func add(to sum: inout InternetChecksum) {
    sum.add(UInt16(type.rawValue) << 8 | UInt16(code))
    sum.add(checksum)
    sum.add(rest)
  }
}
