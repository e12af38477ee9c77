// SPDX-License-Identifier: BSD-2-Clause
//
// Neighbour discovery (RFC 4861), as far as a host that knows its routers needs it:
//
//     solicitation from ::             somebody asks for an address of ours, to have it himself: we say
//                                      that it is ours, or see that we may not have it (RFC 4862, 5.4.3)
//     solicitation for ours            its sender is learned, and answered
//     advertisement                    what it says is learned; one for an address that we ask about
//                                      ends the question (RFC 4862, 5.4.4)
//
// Rules that a message must keep stand in NeighborFault (Wire): one that came over a router is forged. The
// answer is made in the packet that asked.

import Interfaces
import Mbufs
import Wire

extension InternetStack {
  /// Learns from a neighbour solicitation or advertisement, and answers one that asks for ours.
  ///
  /// BSD: `nd6_ns_input`, `nd6_na_input`.
  @inline(never)
  mutating func neighbourInput(
    _ packet: consuming Packet, _ frame: DecodedFrame, on interface: InterfaceID
  ) -> Outcome {
    let index = Int(interface.index)
    guard interfaces[index].hardwareAddress != nil else { return .dropped(.unusedICMP) }
    // What says more than its header and one frame's worth of options says nothing for a host.
    guard frame.transportByteCount <= Self.longestNeighbourMessage else {
      return .dropped(.badICMP)
    }
    let hopLimit = packet.byte(at: frame.networkOffset + 7)
    let end = frame.networkOffset + frame.ipTotalByteCount
    if packet.byteCount > end { packet.trimBack(packet.byteCount - end) }
    packet.trimFront(frame.transportOffset)
    do throws(MbufError) {
      try packet.pullUp(packet.byteCount)
    } catch {
      return .dropped(.noMemory)
    }
    do throws(NeighborFault) {
      try NeighborFault.check(
        packet.bytes, from: frame.ipv6Source, to: frame.ipv6Destination, hopLimit: hopLimit)
    } catch {
      return .dropped(.badICMP)
    }
    if ICMPv6Type(rawValue: packet.byte(at: 0)) == .neighborAdvertisement {
      let message = NeighborAdvertisement(packet.bytes, at: 0)
      return advertised(
        message.target, at: packet.bytes.linkAddress(.targetLinkAddress), message.flags, on: index,
        tag: frame.vlanTag)
    }
    let target = NeighborSolicitation(packet.bytes, at: 0).target
    let link = packet.bytes.linkAddress(.sourceLinkAddress)
    return solicited(packet, frame, for: target, by: link, on: index)
  }

  /// A message with 20 options: as many bytes as one mbuf makes contiguous.
  private static var longestNeighbourMessage: Int { NeighborSolicitation.byteCount + 128 }

  private mutating func solicited(
    _ packet: consuming Packet, _ frame: DecodedFrame, for target: IPv6Address,
    by link: MACAddress?, on index: Int
  ) -> Outcome {
    guard let local = addresses.index(of: target), Int(addresses.v6[local].interface) == index
    else { return .dropped(.notForUs) }
    let sender = frame.ipv6Source
    if addresses.v6[local].state != .preferred {
      // Two ask at once for the same: neither may have it.
      if sender.isAny { addresses.set(.duplicated, at: local) }
      return .handled
    }
    if let link, !sender.isAny {
      var packets = neighbours.learn(
        sender, on: neighbourLink(index, frame.vlanTag), link: link, now: nowInNanoseconds,
        from: .solicitation)
      release(&packets, to: link, on: index)
    }
    guard !policy.isSilent, let own = interfaces[index].hardwareAddress else { return .handled }
    // Who has no address yet hears it with all others (RFC 4861, 7.2.4).
    let flags: NeighborAdvertisement.Flags = sender.isAny ? .override : [.solicited, .override]
    packet.trimFront(packet.byteCount)
    packet.header = ownHeader(tag: frame.vlanTag)
    do throws(SendError) {
      try packet.prependHeader(LinkAddressOption.target(own))
      try packet.prependHeader(NeighborAdvertisement.Fields(flags: flags, target: target))
      try discoveryOutput(packet, from: target, to: sender.isAny ? .allNodes : sender, on: index)
      statistics.own.advertisements += 1
      return .handled
    } catch {
      return .dropped(error.dropReason)
    }
  }

  private mutating func advertised(
    _ target: IPv6Address, at link: MACAddress?, _ flags: NeighborAdvertisement.Flags,
    on index: Int, tag: UInt16
  ) -> Outcome {
    if let local = addresses.index(of: target) {
      if addresses.v6[local].state == .tentative { addresses.set(.duplicated, at: local) }
      return .handled
    }
    var packets = neighbours.learn(
      target, on: neighbourLink(index, tag), link: link, now: nowInNanoseconds,
      from: .advertisement(
        isSolicited: flags.contains(.solicited), isOverride: flags.contains(.override),
        isRouter: flags.contains(.router)))
    if let link { release(&packets, to: link, on: index) }
    return .handled
  }

  /// Makes the checksum of a message of neighbour discovery and sends it: over one link, by no router.
  private mutating func discoveryOutput(
    _ packet: consuming Packet, from source: IPv6Address, to destination: IPv6Address,
    on index: Int
  ) throws(SendError) {
    var sum = InternetChecksum.pseudoHeader(
      source: source, destination: destination, protocol: .icmpv6, byteCount: packet.byteCount)
    packet.forEachSegment { sum.add($0) }
    do throws(MbufError) {
      try packet.makeWritable(0..<4)
    } catch {
      throw .noMemory(error)
    }
    var bytes = packet.mutableBytes
    bytes.store(sum.complement, at: 2)
    let path = Path(interface: index, hop: .v6(destination), mtu: interfaces[index].mtu)
    try ipOutput(
      packet, .icmpv6, from: .v6(source), to: .v6(destination), path,
      Transmission(timeToLive: 255))
  }

  /// Asks who has an IPv6 address, from one of ours, or from none to have it ourselves.
  ///
  /// - Parameter isKnown: whether the neighbour that had it last is asked whether it still has.
  ///
  /// BSD: `nd6_ns_output`.
  mutating func askByDiscovery(
    for target: IPv6Address, on index: Int, tag: UInt16 = 0, from source: IPv6Address?,
    isKnown: Bool = false
  ) {
    guard !policy.isSilent, let pool, let own = interfaces[index].hardwareAddress else { return }
    statistics.own.solicitations += 1
    guard var packet = try? pool.smallPacket(headroom: 128) else { return }
    packet.header = ownHeader(tag: tag)
    do throws(SendError) {
      if source != nil { try packet.prependHeader(LinkAddressOption.source(own)) }
      try packet.prependHeader(NeighborSolicitation.Fields(target: target))
      try discoveryOutput(
        packet, from: source ?? .any, to: isKnown ? target : target.solicitedNodeGroup, on: index)
    } catch {
      // It is asked again.
    }
  }

  /// Asks for the link address of a neighbour of either family; `known` is where it was last, if it is asked
  /// whether it still is.
  mutating func solicit(
    _ address: IPv6Address, on index: Int, tag: UInt16, at known: MACAddress?
  ) {
    if let mapped = address.mappedIPv4 {
      return askByARP(for: mapped, on: index, tag: tag, at: known)
    }
    guard let source = addresses.source(for: address, on: UInt16(index)) else { return }
    askByDiscovery(for: address, on: index, tag: tag, from: source, isKnown: known != nil)
  }
}

extension RawSpan {
  /// The link address that an option of a neighbour message says; nil if none does.
  fileprivate func linkAddress(_ kind: NeighborOption.Kind) -> MACAddress? {
    let start = NeighborSolicitation.byteCount
    var walk = NeighborOptionWalk(extracting(start..<byteCount))
    while let option = try? walk.next() {
      if option.kind == kind, let address = option.linkAddress { return address }
    }
    return nil
  }
}
