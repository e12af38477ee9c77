// SPDX-License-Identifier: BSD-2-Clause
//
//     fragment --> Reassembler --> held            it waits
//                              --> dropped         it alone, for a reason
//                              --> whole           the datagram goes on as if it had just come in
//
// Whatever the reassembler gives up later was counted as held, and moves to its reason:
//
//     held -= n;   dropped[reason] += n

import Interfaces
import Mbufs
import Wire

extension InternetStack {
  /// Keeps a fragment until its datagram is whole, and then takes that in.
  ///
  /// BSD: `ip_reass`, `frag6_input`.
  @inline(never)
  mutating func hold(
    _ packet: consuming Packet, _ frame: DecodedFrame, on interface: InterfaceID,
    as arrival: Arrival
  ) -> Outcome {
    guard let fragment = Fragment(packet, frame) else { return .dropped(.badFragment) }
    let end = frame.networkOffset + frame.ipTotalByteCount
    if packet.byteCount > end { packet.trimBack(packet.byteCount - end) }
    packet.trimFront(frame.networkOffset)
    packet.header.vlanTag = frame.vlanTag
    packet.header.interfaceIndex = UInt32(interface.index)
    expireFragments()
    let outcome: Outcome
    switch reassembler.input(packet, fragment, now: nowInNanoseconds) {
    case .held: outcome = .held
    case .dropped(let reason): outcome = .dropped(DropReason(reason))
    case .whole(let datagram): outcome = takeWhole(datagram, on: interface, as: arrival)
    }
    countFreedFragments()
    return outcome
  }

  private mutating func takeWhole(
    _ packet: consuming Packet, on interface: InterfaceID,
    as arrival: Arrival
  ) -> Outcome {
    let frame = packet.decoded(.raw)
    // A whole datagram has no fragment header left, so this goes no deeper.
    guard !frame.isFragment else { return .dropped(.badFragment) }
    return frame.network == .ipv4
      ? ipv4Input(packet, frame, on: interface, as: arrival == .looped ? .looped : .joined)
      : ipv6Input(packet, frame, on: interface, as: arrival == .looped ? .looped : .joined)
  }

  /// Moves what the reassembler has given up, or made part of a whole, from held to where it counts.
  private mutating func countFreedFragments() {
    let freed = reassembler.takeFreed()
    statistics.held -= freed.merged + freed.dropped
    statistics.joined += freed.merged
    for reason in FragmentDrop.allCases where freed[reason] > 0 {
      statistics.dropped.count(DropReason(reason), freed[reason])
    }
  }

  /// Gives up the datagrams whose time is over, and tells their senders (RFC 792, RFC 4443).
  mutating func expireFragments() {
    while let first = reassembler.expire(now: nowInNanoseconds) {
      let frame = first.decoded(.raw)
      sendError(about: first, frame, .reassemblyTimeExceeded)
    }
    countFreedFragments()
  }
}

extension DropReason {
  /// Why a fragment did not become part of a datagram, among all reasons.
  init(_ drop: FragmentDrop) {
    self =
      switch drop {
      case .malformed, .cutHeaders: .badFragment
      case .overlap: .fragmentOverlap
      case .duplicate: .fragmentDuplicate
      case .limit: .fragmentLimit
      case .timedOut: .fragmentTimeout
      case .noMemory: .noMemory
      }
  }
}
