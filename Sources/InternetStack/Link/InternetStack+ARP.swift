// SPDX-License-Identifier: BSD-2-Clause
//
// Address resolution for IPv4 over Ethernet (RFC 826), with what later documents say of its traps:
//
//     sender                              what becomes of it
//     --------------------------------    -----------------------------------------------------
//     link address of a group             nobody's: bad                       RFC 1812, 3.3.2
//     a broadcast, a group, 127/8         no host's: bad
//     ours                                somebody has our address: we say so     RFC 5227, 2.4
//     0.0.0.0                             a probe: answered, not learned          RFC 5227, 2.1.1
//     any other                           an entry that is there is updated; a new one is made only
//                                         if the message is for us
//
// A request for our address is answered in the packet that brought it.

import Interfaces
import Mbufs
import Wire

extension InternetStack {
  /// Learns from an ARP message, and answers it if it asks for an address of ours.
  ///
  /// BSD: `arpintr`, `in_arpinput`.
  @inline(never)
  mutating func arpInput(
    _ packet: consuming Packet, _ frame: DecodedFrame, on interface: InterfaceID
  ) -> Outcome {
    let index = Int(interface.index)
    guard interfaces[index].hardwareAddress != nil, frame.link == .ethernet else {
      return .dropped(.unsupportedARP)
    }
    guard frame.hasNetworkHeader, !frame.isTruncated else { return .dropped(.badARP) }
    packet.trimFront(frame.networkOffset)
    let message: ARPHeader.Fields
    do throws(MbufError) {
      try packet.pullUp(min(ARPHeader.byteCount, packet.byteCount))
      guard let fields = try? ARPHeader.Fields(parsing: packet.bytes) else {
        return .dropped(.unsupportedARP)
      }
      message = fields
    } catch {
      return .dropped(.noMemory)
    }
    guard message.operation == .request || message.operation == .reply else {
      return .dropped(.unsupportedARP)
    }
    let sender = message.senderProtocol
    guard !message.senderHardware.isMulticast, !sender.isMulticast, !sender.isLoopback,
      sender.isAny || !addresses.isBroadcast(sender)
    else { return .dropped(.badARP) }
    if message.senderHardware == interfaces[index].hardwareAddress {
      // Our own, which a link may give back.
      return .dropped(.badARP)
    }
    if addresses.contains(sender, on: interface.index) {
      defend(sender, on: index)
      return .handled
    }
    let isForUs = addresses.contains(message.targetProtocol, on: interface.index)
    if !sender.isAny { learn(message, isForUs: isForUs, on: index, tag: frame.vlanTag) }
    guard message.operation == .request, isForUs else { return .handled }
    return answer(packet, message, frame, on: index)
  }

  private mutating func learn(
    _ message: ARPHeader.Fields, isForUs: Bool, on index: Int, tag: UInt16
  ) {
    var packets = neighbours.learn(
      IPv6Address(mapping: message.senderProtocol), on: neighbourLink(index, tag),
      link: message.senderHardware, now: nowInNanoseconds,
      from: message.operation == .reply
        ? .arpReply(isForUs: isForUs) : .arpRequest(isForUs: isForUs))
    release(&packets, to: message.senderHardware, on: index)
  }

  private mutating func answer(
    _ packet: consuming Packet, _ message: ARPHeader.Fields, _ frame: DecodedFrame, on index: Int
  ) -> Outcome {
    guard !policy.isSilent, let own = interfaces[index].hardwareAddress else { return .handled }
    let reply = ARPHeader.Fields(
      .reply, senderHardware: own, senderProtocol: message.targetProtocol,
      targetHardware: message.senderHardware, targetProtocol: message.senderProtocol)
    packet.trimBack(packet.byteCount - ARPHeader.byteCount)
    packet.trimFront(ARPHeader.byteCount)
    packet.header = ownHeader(tag: frame.vlanTag)
    do throws(SendError) {
      do throws(MbufError) {
        try packet.prepend(ARPHeader.byteCount) { output in reply.emit(into: &output) }
      } catch {
        throw .noMemory(error)
      }
      try ethernetOutput(packet, .arp, to: message.senderHardware, on: index)
      statistics.own.advertisements += 1
      return .handled
    } catch {
      return .dropped(error.dropReason)
    }
  }

  /// Says to all hosts of a link that an address is ours, or asks them for one.
  ///
  /// BSD: `arprequest`, `arp_announce_ifaddr`.
  private mutating func sendARP(
    _ operation: ARPHeader.Operation, sender: IPv4Address, target: IPv4Address,
    to destination: MACAddress?, on index: Int, tag: UInt16
  ) {
    guard !policy.isSilent, let pool, let own = interfaces[index].hardwareAddress else { return }
    let message = ARPHeader.Fields(
      operation, senderHardware: own, senderProtocol: sender,
      targetHardware: MACAddress(0), targetProtocol: target)
    do throws(MbufError) {
      var packet = try pool.smallPacket(headroom: 64)
      try packet.prepend(ARPHeader.byteCount) { output in message.emit(into: &output) }
      packet.header = ownHeader(tag: tag)
      do throws(SendError) {
        try ethernetOutput(packet, .arp, to: destination ?? .broadcast, on: index)
      } catch {
        statistics.own.neighbourDrops += 1
      }
    } catch {
      // It is asked for again, or announced when it is asked for.
    }
  }

  /// Says to all hosts of a link that an address is ours (RFC 5227, 2.3).
  mutating func announce(_ address: IPv4Address, on index: Int) {
    statistics.own.advertisements += 1
    sendARP(.request, sender: address, target: address, to: nil, on: index, tag: 0)
  }

  /// Says that an address is ours to a host that uses it, once in ten seconds: if two keep to theirs, they
  /// do not fill the link (RFC 5227, 2.4).
  private mutating func defend(_ address: IPv4Address, on index: Int) {
    let interval: Int64 = 10_000_000_000
    if let last = interfaces[index].lastDefence, nowInNanoseconds >= last {
      let (elapsed, isLong) = nowInNanoseconds.subtractingReportingOverflow(last)
      if !isLong, elapsed < interval { return }
    }
    interfaces[index].lastDefence = nowInNanoseconds
    announce(address, on: index)
  }

  /// Asks who has an IPv4 address.
  mutating func askByARP(
    for target: IPv4Address, on index: Int, tag: UInt16, at known: MACAddress?
  ) {
    guard let source = addresses.source(for: target, on: UInt16(index)) else { return }
    statistics.own.solicitations += 1
    sendARP(.request, sender: source, target: target, to: known, on: index, tag: tag)
  }

  /// The packet header of a message that the stack makes.
  func ownHeader(tag: UInt16) -> PacketHeader {
    var header = PacketHeader()
    header.timestampInNanoseconds = nowInNanoseconds
    header.vlanTag = tag
    return header
  }
}

extension SendError {
  /// Why the packet that asked for an answer counts as dropped, if the answer could not be sent.
  var dropReason: DropReason {
    if case .noMemory = self { .noMemory } else { .noRoom }
  }
}
