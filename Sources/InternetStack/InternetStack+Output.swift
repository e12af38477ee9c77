// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
public import SocketBuffers
public import Wire

extension InternetStack {
  /// The most bytes of payload that a UDP datagram may have.
  package var payloadByteLimit: Int { mtu - IPv4Header.byteCount - UDPHeader.byteCount }

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
  ///     to answer from where one was reached. Left out it is the one nearest the destination.
  /// - Throws: `SendError`; the payload is gone and nothing is queued.
  /// - Precondition: the socket is open.
  /// - Complexity: O(bytes), for the checksum; allocates only where there is no headroom.
  ///
  /// BSD: `udp_output`.
  public mutating func send(
    _ payload: consuming Packet, from socket: SocketID, to destination: Endpoint,
    source: IPAddress? = nil
  ) throws(SendError) {
    let bound = sockets[socket].key
    do throws(SendError) {
      guard case .v4(let remote) = destination.address else {
        throw .unsupportedAddress(destination.address)
      }
      guard destination.port != 0, bound.port != 0 else { throw .noPort }
      let local = try self.source(for: remote, bound.address, source)
      try udpOutput(
        payload, from: local, port: bound.port, to: remote, port: destination.port)
      statistics.sent += 1
    } catch {
      statistics.refused += 1
      throw error
    }
  }

  /// Sends any protocol: puts an IP header in front of the payload and queues the packet.
  ///
  /// - Throws: `SendError`; the payload is gone and nothing is queued.
  ///
  /// BSD: `rip_output`.
  public mutating func send(
    _ payload: consuming Packet, protocol: IPProtocol, to destination: IPv4Address,
    source: IPv4Address? = nil
  ) throws(SendError) {
    do throws(SendError) {
      let local = try self.source(for: destination, .any, source.map { .v4($0) })
      try ipOutput(payload, `protocol`, from: local, to: destination)
      statistics.sent += 1
    } catch {
      statistics.refused += 1
      throw error
    }
  }

  /// Takes the next packet to transmit, or nil: an IP datagram with no link header before it.
  ///
  /// BSD: `if_start`.
  public mutating func transmit() -> Packet? { output.dequeue() }

  /// Packets that wait to be transmitted.
  package var outputPacketCount: Int { output.packetCount }

  private func source(
    for destination: IPv4Address, _ bound: IPv4Address, _ wanted: IPAddress?
  ) throws(SendError) -> IPv4Address {
    if !bound.isAny { return bound }
    switch wanted {
    case .v4(let address):
      guard policy.acceptsAnyDestination || addresses.contains(address) else {
        throw .notLocal(address)
      }
      return address
    case .v6:
      throw .unsupportedAddress(wanted ?? .v4(.any))
    case nil:
      guard let address = addresses.source(for: destination) else { throw .notLocal(.any) }
      return address
    }
  }

  private mutating func udpOutput(
    _ packet: consuming Packet, from source: IPv4Address, port sourcePort: UInt16,
    to destination: IPv4Address, port destinationPort: UInt16
  ) throws(SendError) {
    let byteCount = packet.byteCount + UDPHeader.byteCount
    guard byteCount + IPv4Header.byteCount <= mtu else {
      throw .tooLong(byteCount: byteCount + IPv4Header.byteCount, limit: mtu)
    }
    // Cannot truncate: the MTU is at most 65,535.
    var header = UDPHeader.Fields(
      sourcePort: sourcePort, destinationPort: destinationPort,
      length: UInt16(truncatingIfNeeded: byteCount), checksum: 0)
    var sum = InternetChecksum.pseudoHeader(
      source: source, destination: destination, protocol: .udp, byteCount: byteCount)
    header.add(to: &sum)
    packet.forEachSegment { sum.add($0) }
    header.checksum = UDPHeader.checksumToSend(sum)
    do throws(MbufError) {
      try packet.prepend(UDPHeader.byteCount) { output in header.emit(into: &output) }
    } catch {
      throw .noMemory(error)
    }
    try ipOutput(packet, .udp, from: source, to: destination)
  }

  /// BSD: `ip_output`.
  private mutating func ipOutput(
    _ packet: consuming Packet, _ protocol: IPProtocol, from source: IPv4Address,
    to destination: IPv4Address
  ) throws(SendError) {
    let byteCount = packet.byteCount + IPv4Header.byteCount
    guard byteCount <= mtu else { throw .tooLong(byteCount: byteCount, limit: mtu) }
    guard output.packetCount < policy.outputLimitInPackets else {
      throw .queueFull(limitInPackets: policy.outputLimitInPackets)
    }
    // Cannot truncate: the MTU is at most 65,535, and any 16 random bits will do.
    let header = IPv4Header.Fields(
      totalLength: UInt16(truncatingIfNeeded: byteCount),
      identification: UInt16(truncatingIfNeeded: randomness.next()),
      flags: .dontFragment, timeToLive: policy.timeToLive, protocol: `protocol`, source: source,
      destination: destination)
    do throws(MbufError) {
      try packet.prepend(IPv4Header.byteCount) { output in
        header.emitWithChecksum(into: &output)
      }
    } catch {
      throw .noMemory(error)
    }
    // What was known of the payload when it was received is not true of the packet.
    var packetHeader = PacketHeader()
    packetHeader.timestampInNanoseconds = nowInNanoseconds
    packetHeader.linkType = LinkType.raw.rawValue
    packetHeader.transportOffset = UInt16(IPv4Header.byteCount)
    packet.header = packetHeader
    output.enqueue(packet)
  }
}
