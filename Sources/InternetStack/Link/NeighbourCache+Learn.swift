// SPDX-License-Identifier: BSD-2-Clause
//
// What is heard of a neighbour, by the state that it is in:
//
//                          no entry      incomplete, failed    known, same address   known, another
//     ARP request for us   new: stale    stale                 -                     changed: stale
//     ARP request, other   -             stale                 -                     changed: stale
//     ARP reply, asked     -             reachable             reachable             changed: reachable
//     ARP reply, not asked -             stale                 -                     changed: stale
//     solicitation         new: stale    stale                 -                     changed: stale
//     advertisement        -             by the table of RFC 4861 section 7.2.5, as below
//
// A reply is asked for while a question of ours is out, and it was sent to us. A permanent entry
// never changes. Nobody is believed whose link address is a group's (RFC 1812 section 3.3.2).

import BasicContainers
import Mbufs
import Wire

extension NeighbourCache {
  /// Takes in what a neighbour said of its link address.
  ///
  /// - Parameter link: the link address; an advertisement may be without.
  /// - Returns: the packets that waited for it, in order, to be sent to `link`.
  ///
  /// BSD: `in_arpinput`, `nd6_cache_lladdr`, `nd6_na_input`.
  mutating func learn(
    _ address: IPv6Address, on interface: UInt32, link: MACAddress?, now: Int64,
    from evidence: NeighbourEvidence
  ) -> PacketQueue {
    if let link, link.isMulticast || link.bits == 0 { return ignore() }
    let key = Neighbour.Key(address: address, interface: interface)
    guard let slot = slot(of: key) else {
      learnNew(key, link, now, evidence)
      return PacketQueue()
    }
    if slots[slot].state == .permanent { return ignore() }
    if !slots[slot].hasLink { return learnFirst(slot, link, now, evidence) }
    learnAgain(slot, link, now, evidence)
    return PacketQueue()
  }

  private mutating func ignore() -> PacketQueue {
    statistics.ignored += 1
    return PacketQueue()
  }

  private mutating func learnNew(
    _ key: Neighbour.Key, _ link: MACAddress?, _ now: Int64, _ evidence: NeighbourEvidence
  ) {
    let isWanted =
      switch evidence {
      case .arpRequest(let isForUs): isForUs
      case .solicitation: true
      case .arpReply, .advertisement: false
      }
    // Packets of ours that wait are worth more than one who may be asked.
    guard isWanted, let link, let slot = add(key, mayDropPackets: false) else {
      statistics.ignored += 1
      return
    }
    slots[slot].link = link
    become(.stale, slot, now)
  }

  private mutating func learnFirst(
    _ slot: Int, _ link: MACAddress?, _ now: Int64, _ evidence: NeighbourEvidence
  ) -> PacketQueue {
    guard let link else { return ignore() }
    var state = Neighbour.State.stale
    switch evidence {
    case .arpRequest, .solicitation: break
    case .arpReply(let isForUs):
      if isForUs { state = .reachable }
      statistics.replies += 1
    case .advertisement(let isSolicited, _, let isRouter):
      if isSolicited { state = .reachable }
      slots[slot].isRouter = isRouter
      statistics.replies += 1
    }
    slots[slot].link = link
    slots[slot].isUsed = true
    become(state, slot, now)
    return release(slot)
  }

  private mutating func release(_ slot: Int) -> PacketQueue {
    var packets = PacketQueue()
    swap(&packets, &slots[slot].packets)
    heldPacketCount -= packets.packetCount
    statistics.releasedPackets += packets.packetCount
    return packets
  }

  private mutating func learnAgain(
    _ slot: Int, _ link: MACAddress?, _ now: Int64, _ evidence: NeighbourEvidence
  ) {
    let isOther = link.map { $0 != slots[slot].link } ?? false
    var isConfirmed = false
    switch evidence {
    case .arpRequest, .solicitation: break
    case .arpReply(let isForUs):
      isConfirmed = isForUs && slots[slot].state == .probe
    case .advertisement(let isSolicited, let isOverride, let isRouter):
      if isOther, !isOverride {
        // It is doubted, no more: another than the one that is known may have answered.
        if slots[slot].state == .reachable, now < slots[slot].until {
          become(.stale, slot, now)
        } else {
          statistics.ignored += 1
        }
        return
      }
      isConfirmed = isSolicited
      slots[slot].isRouter = isRouter
    }
    if let link, isOther {
      slots[slot].link = link
      statistics.changes += 1
    }
    if isConfirmed {
      statistics.replies += 1
      become(.reachable, slot, now)
    } else if isOther {
      become(.stale, slot, now)
    }
  }

  /// Notes that what is above has heard from a neighbour what only one that hears us can say (RFC 4861
  /// section 7.3.1).
  mutating func confirm(_ address: IPv6Address, on interface: UInt32, now: Int64) {
    let key = Neighbour.Key(address: address, interface: interface)
    guard let slot = slot(of: key), slots[slot].hasLink, slots[slot].state != .permanent else {
      return
    }
    become(.reachable, slot, now)
  }

  // MARK: By hand

  /// Sets the link address of a neighbour, which then never changes; it does not count against the
  /// limit.
  ///
  /// - Returns: the packets that waited for it.
  mutating func setPermanent(
    _ address: IPv6Address, on interface: UInt32, link: MACAddress, now: Int64
  ) -> PacketQueue {
    let key = Neighbour.Key(address: address, interface: interface)
    guard let slot = slot(of: key) ?? add(key, mayDropPackets: true, isPermanent: true) else {
      return PacketQueue()
    }
    slots[slot].link = link
    become(.permanent, slot, now)
    return release(slot)
  }

  /// Forgets a neighbour, whatever its state; packets that wait for it are dropped.
  ///
  /// - Returns: whether it was there.
  @discardableResult
  mutating func forget(_ address: IPv6Address, on interface: UInt32) -> Bool {
    guard let slot = slot(of: Neighbour.Key(address: address, interface: interface)) else {
      return false
    }
    remove(slot)
    return true
  }

  /// Forgets all neighbours of an interface, as when its link goes down.
  ///
  /// - Parameter permanent: those that were set by hand as well.
  mutating func forgetAll(on interface: UInt32, permanent: Bool = false) {
    for slot in slots.indices
    where slots[slot].isPresent && slots[slot].key.interface == interface
      && (permanent || slots[slot].state != .permanent)
    {
      remove(slot)
    }
  }
}
