// SPDX-License-Identifier: BSD-2-Clause
//
//     IP datagram, path --> loop                  it comes back in behind what is being done
//                       --> raw interface         as it is
//                       --> Ethernet --> all, group      link address by rule
//                                    --> neighbour known        its link address
//                                    --> neighbour unknown      held, and asked for
//
//     Ethernet header        | destination | source | [ 0x8100 | tag ] | type | datagram
//
// A packet that came with a VLAN tag keeps it in its packet header, and what is sent in that packet goes
// out under the same tag.

import Interfaces
import Mbufs
import Wire

extension InternetStack {
  /// Queues an IP datagram for the next host on its path.
  ///
  /// - Throws: `SendError`; the packet is gone.
  ///
  /// BSD: `ether_output`.
  mutating func linkOutput(_ packet: consuming Packet, _ path: Path) throws(SendError) {
    if path.isLoop { return try loopOutput(packet) }
    let index = path.interface
    guard interfaces[index].linkType == .ethernet else {
      return try enqueue(packet, on: index)
    }
    if let known = linkAddress(for: path.hop, on: index, tag: packet.header.vlanTag) {
      let type = packet.etherTypeOfDatagram
      return try ethernetOutput(packet, type, to: known, on: index)
    }
    try hold(packet, for: path.hop, on: index)
  }

  private mutating func loopOutput(_ packet: consuming Packet) throws(SendError) {
    guard looped.packetCount < policy.outputLimitInPackets else {
      throw .queueFull(limitInPackets: policy.outputLimitInPackets)
    }
    // It has not left the stack, so nobody can have changed it.
    packet.checksumState = .verified
    looped.enqueue(packet)
  }

  /// The link address that a hop has without being asked, or is known to have.
  @inline(__always)
  private mutating func linkAddress(
    for hop: IPAddress, on index: Int, tag: UInt16
  ) -> MACAddress? {
    switch hop {
    case .v4(let address):
      if address.isMulticast { return MACAddress(group: address) }
      if addresses.isBroadcast(address) { return .broadcast }
    case .v6(let address):
      if address.isMulticast { return MACAddress(group: address) }
    }
    return neighbours.linkAddress(
      for: IPv6Address(hop), on: neighbourLink(index, tag), now: nowInNanoseconds)
  }

  /// What a neighbour is on: an interface, and the VLAN there that is not 0.
  @inline(__always)
  func neighbourLink(_ index: Int, _ tag: UInt16) -> UInt32 {
    UInt32(index) | UInt32(tag & 0xfff) << 16
  }

  /// Keeps a packet until its neighbour answers, and asks.
  @inline(never)
  private mutating func hold(
    _ packet: consuming Packet, for hop: IPAddress, on index: Int
  ) throws(SendError) {
    let dropped = neighbours.statistics.droppedPackets
    let tag = packet.header.vlanTag
    switch neighbours.hold(
      packet, for: IPv6Address(hop), on: neighbourLink(index, tag), now: nowInNanoseconds)
    {
    case .held(let mustSolicit):
      if mustSolicit { solicit(IPv6Address(hop), on: index, tag: tag, at: nil) }
    case .refusedUnreachable, .refusedFull: throw .noNeighbour(hop)
    }
    // An older one may have made room for it.
    statistics.own.neighbourDrops += UInt64(neighbours.statistics.droppedPackets - dropped)
  }

  /// Puts an Ethernet header in front and queues the frame.
  ///
  /// - Throws: `SendError` `.queueFull` or `.noMemory`; the packet is gone.
  mutating func ethernetOutput(
    _ packet: consuming Packet, _ type: EtherType, to destination: MACAddress, on index: Int
  ) throws(SendError) {
    guard let source = interfaces[index].hardwareAddress else {
      preconditionFailure("Ethernet on an interface without a link address")
    }
    let tag = packet.header.vlanTag
    let header = EthernetHeader.Fields(
      destination: destination, source: source, etherType: tag == 0 ? type : .vlan)
    do throws(MbufError) {
      if tag != 0 {
        let tag = VLANTag.Fields(control: tag, etherType: type)
        try packet.prepend(VLANTag.byteCount) { output in tag.emit(into: &output) }
      }
      try packet.prepend(EthernetHeader.byteCount) { output in header.emit(into: &output) }
    } catch {
      throw .noMemory(error)
    }
    packet.linkType = LinkType.ethernet.rawValue
    try enqueue(packet, on: index)
  }

  /// Queues a packet for transmission.
  ///
  /// BSD: `ifq_enqueue`.
  @inline(__always)
  private mutating func enqueue(_ packet: consuming Packet, on index: Int) throws(SendError) {
    guard interfaces[index].output.packetCount < policy.outputLimitInPackets else {
      interfaces[index].statistics.output.drops += 1
      throw .queueFull(limitInPackets: policy.outputLimitInPackets)
    }
    interfaces[index].statistics.output.count(bytes: packet.byteCount)
    interfaces[index].output.enqueue(packet)
  }

  /// Sends what waited for a neighbour that has answered.
  mutating func release(_ packets: inout PacketQueue, to address: MACAddress, on index: Int) {
    while let packet = packets.dequeue() {
      let type = packet.etherTypeOfDatagram
      do throws(SendError) {
        try ethernetOutput(packet, type, to: address, on: index)
      } catch {
        statistics.own.neighbourDrops += 1
      }
    }
  }

  /// Takes in what the stack has sent to itself, and what that makes it send, as far as a bound: two
  /// services of one stack might answer each other forever.
  @inline(never)
  mutating func takeLooped() {
    for _ in 0..<256 {
      guard let packet = looped.dequeue() else { return }
      let frame = packet.decoded(.raw)
      let outcome = linkInputFromItself(packet, frame)
      statistics.count(outcome)
    }
  }

  private mutating func linkInputFromItself(
    _ packet: consuming Packet, _ frame: DecodedFrame
  ) -> Outcome {
    switch frame.network {
    case .ipv4: ipv4Input(packet, frame, on: .first, as: .looped)
    default: ipv6Input(packet, frame, on: .first, as: .looped)
    }
  }
}

extension Packet {
  /// What an Ethernet header calls an IP datagram, whose first byte says of which version it is.
  @inline(__always)
  var etherTypeOfDatagram: EtherType { byte(at: 0) >> 4 == 4 ? .ipv4 : .ipv6 }

  /// One byte, of a packet that has as many.
  borrowing func byte(at offset: Int) -> UInt8 { (try? uint8(at: offset)) ?? 0 }
}
