// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
public import SocketBuffers
public import Wire

extension InternetStack {
  /// The most bytes of payload that a UDP datagram may have: 65,535 with both headers of IPv4.
  ///
  /// What is longer than the path's MTU goes in fragments.
  public static var payloadByteLimit: Int { 65_535 - IPv4Header.byteCount - UDPHeader.byteCount }

  /// Sends a datagram: puts UDP and IP headers in front of the payload and queues the packet.
  ///
  /// The headers go into the payload's headroom; a payload that was received has it where its own
  /// headers were.
  ///
  /// - Parameters:
  ///   - payload: any number of bytes up to `payloadByteLimit`.
  ///   - socket: from whose port it is sent.
  ///   - destination: to whom.
  ///   - source: the address to send from, for a socket bound to any: `datagram.destination.address`
  ///     to answer from where one was reached. Left out, or all hosts' or a group's, it is the one nearest
  ///     the destination.
  /// - Throws: `SendError`; the payload is gone and nothing is queued.
  /// - Precondition: the socket is open.
  /// - Complexity: O(bytes), for the checksum; allocates only where there is no headroom.
  ///
  /// BSD: `udp_output`, `udp6_output`.
  public mutating func send(
    _ payload: consuming Packet, from socket: SocketID, to destination: Endpoint,
    source: IPAddress? = nil
  ) throws(SendError) {
    do throws(SendError) {
      try udpOutput(payload, from: socket, to: destination, source: source)
      statistics.sent += 1
    } catch {
      statistics.refused += 1
      throw error
    }
    if !looped.isEmpty { takeLooped() }
  }

  /// Sends a datagram to the peer of a connected socket.
  ///
  /// - Throws: `SendError`, `.wrongPeer` if the socket is not connected; the payload is gone and nothing is
  ///   queued.
  /// - Precondition: the socket is open.
  ///
  /// BSD: `send`.
  public mutating func send(
    _ payload: consuming Packet, from socket: SocketID
  ) throws(SendError) {
    guard let peer = sockets[socket].peer else {
      statistics.refused += 1
      throw .wrongPeer
    }
    try send(payload, from: socket, to: peer)
  }

  private mutating func udpOutput(
    _ packet: consuming Packet, from socket: SocketID, to destination: Endpoint,
    source wanted: IPAddress?
  ) throws(SendError) {
    let port = sockets[socket].key.port
    guard destination.port != 0, port != 0 else { throw .noPort }
    if let peer = sockets[socket].peer {
      guard peer == destination else { throw .wrongPeer }
      if let fault = sockets[socket].fault.take() { throw .fault(fault) }
    }
    let options = sockets[socket].options
    let remote = destination.address
    let key = sockets[socket].key
    if key.isAnyOfFamily, key.boundAddress.anyOfFamily != remote.anyOfFamily {
      throw .unsupportedAddress(remote)
    }
    if case .v4(let address) = remote, !options.allowsBroadcast, addresses.isBroadcast(address) {
      throw .broadcastNotAllowed(address)
    }
    guard let path = path(to: remote, on: options.interface) else { throw .noRoute(remote) }
    let local = try source(of: socket, for: remote, on: path, wanted)
    let byteCount = packet.byteCount + UDPHeader.byteCount
    guard byteCount <= Self.payloadByteLimit + UDPHeader.byteCount else {
      throw .tooLong(
        byteCount: byteCount + IPv4Header.byteCount,
        limit: Self.payloadByteLimit + UDPHeader.byteCount + IPv4Header.byteCount)
    }
    var how = Transmission(
      timeToLive: remote.isMulticast
        ? options.multicastTimeToLive : options.timeToLive ?? policy.timeToLive,
      trafficClass: options.trafficClass, dontFragment: options.dontFragment)
    how.isChecksumPartial =
      interfaces[path.interface].completesChecksums && !path.isLoop
      && byteCount + IPv6Header.byteCount <= path.mtu && pathMTUs.count == 0
    // Cannot truncate: both are at most 65,515.
    var header = UDPHeader.Fields(
      sourcePort: port, destinationPort: destination.port,
      length: UInt16(truncatingIfNeeded: byteCount), checksum: 0)
    header.checksum = try checksum(header, packet, from: local, to: remote, options, how)
    try packet.prependHeader(header)
    try ipOutput(packet, .udp, from: local, to: remote, path, how)
  }

  /// The checksum of a datagram, none, or as much of it as the interface wants.
  @inline(__always)
  private func checksum(
    _ header: UDPHeader.Fields, _ payload: borrowing Packet, from local: IPAddress,
    to remote: IPAddress, _ options: SocketOptions, _ how: Transmission
  ) throws(SendError) -> UInt16 {
    var sum: InternetChecksum
    switch (local, remote) {
    case (.v4(let source), .v4(let destination)):
      if !options.makesChecksum { return 0 }
      sum = .pseudoHeader(
        source: source, destination: destination, protocol: .udp, byteCount: Int(header.length))
    case (.v6(let source), .v6(let destination)):
      sum = .pseudoHeader(
        source: source, destination: destination, protocol: .udp, byteCount: Int(header.length))
    default: throw .unsupportedAddress(remote)
    }
    if how.isChecksumPartial { return sum.folded }
    header.add(to: &sum)
    payload.forEachSegment { sum.add($0) }
    return UDPHeader.checksumToSend(sum)
  }

  /// The address to send from: the one bound to, the one asked for, or the one nearest.
  private func source(
    of socket: SocketID, for destination: IPAddress, on path: Path, _ wanted: IPAddress?
  ) throws(SendError) -> IPAddress {
    let key = sockets[socket].key
    if key.isExact { return key.boundAddress }
    // What came to all hosts or to a group is answered from an address of one.
    if let wanted {
      if addresses.contains(wanted) { return wanted }
      if !wanted.isMulticast, !isBroadcast(wanted) {
        guard policy.acceptsAnyDestination else { throw .notLocal(wanted) }
        return wanted
      }
    }
    guard let source = source(for: destination, on: path) else { throw noSource(destination) }
    return source
  }

  /// Why there is no address to send from.
  func noSource(_ destination: IPAddress) -> SendError {
    if case .v6 = destination, addresses.v6.isEmpty { return .unsupportedAddress(destination) }
    return .notLocal(destination.anyOfFamily)
  }

  func isBroadcast(_ address: IPAddress) -> Bool {
    if case .v4(let v4) = address { addresses.isBroadcast(v4) } else { false }
  }
}

extension IPAddress {
  /// The unspecified address of the same family.
  var anyOfFamily: IPAddress {
    switch self {
    case .v4: .v4(.any)
    case .v6: .v6(.any)
    }
  }
}
