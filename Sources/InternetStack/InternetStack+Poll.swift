// SPDX-License-Identifier: BSD-2-Clause
//
// What happens without input, each at its time of the owner's clock:
//
//     a tentative IPv6 address       asked about once, and ours a second later      RFC 4862, 5.4
//     an IPv4 address on Ethernet    announced once                                 RFC 5227, 2.3
//     a neighbour that is silent     asked again, then given up with what waits     RFC 4861, 7
//     a datagram in pieces           given up, and its sender told                  RFC 791, 8200
//
// Nothing else keeps time: a stack that is not polled does all of its work late, and none of it wrongly.

import Mbufs
import Wire

extension InternetStack {
  /// Does what is due, and says when to call again.
  ///
  /// - Parameter now: in nanoseconds, by the clock that `nowInNanoseconds` is set by.
  /// - Returns: when there will be something to do, in nanoseconds; nil if nothing waits for a time.
  ///   Packets that come in or go out may make it earlier.
  ///
  /// BSD: `pfslowtimo`, the callouts of `arptimer` and `nd6_llinfo_timer`.
  @discardableResult
  public mutating func poll(now: Int64) -> Int64? {
    nowInNanoseconds = now
    if !looped.isEmpty { takeLooped() }
    let nextAddress = configureAddresses()
    expireFragments()
    askNeighbours()
    let times = [
      nextAddress, reassembler.nextDeadline, neighbours.nextDeadline, looped.isEmpty ? nil : now,
    ]
    return times.compactMap(\.self).min()
  }

  /// Moves addresses on: those that nobody has claimed in time are ours.
  private mutating func configureAddresses() -> Int64? {
    for index in addresses.v4.indices where !addresses.v4[index].isAnnounced {
      let entry = addresses.v4[index]
      addresses.setAnnounced(at: index)
      if interfaces[Int(entry.interface)].hardwareAddress != nil {
        announce(entry.address, on: Int(entry.interface))
      }
    }
    var next: Int64?
    for index in addresses.v6.indices where addresses.v6[index].state == .tentative {
      let entry = addresses.v6[index]
      if let end = entry.tentativeEnd {
        if end <= nowInNanoseconds {
          addresses.set(.preferred, at: index)
          continue
        }
        next = min(next ?? end, end)
      } else {
        let (sum, isBeyond) = nowInNanoseconds.addingReportingOverflow(Self.tentativeTime)
        let end = isBeyond ? .max : sum
        addresses.setTentativeEnd(end, at: index)
        askByDiscovery(for: entry.address, on: Int(entry.interface), from: nil)
        next = min(next ?? end, end)
      }
    }
    return next
  }

  /// How long somebody may claim an address that we asked about: RETRANS_TIMER of RFC 4861.
  private static var tentativeTime: Int64 { 1_000_000_000 }

  private mutating func askNeighbours() {
    while let action = neighbours.nextAction(now: nowInNanoseconds) {
      switch consume action {
      case .solicit(let address, let link, let known):
        solicit(
          address, on: Int(link & 0xffff), tag: UInt16(truncatingIfNeeded: link >> 16), at: known)
      case .failed(_, _, var packets):
        while let packet = packets.dequeue() {
          statistics.own.neighbourDrops += 1
          tellUnreachable(packet)
        }
      }
    }
  }

  /// Tells the socket of a datagram that its next host does not answer.
  private mutating func tellUnreachable(_ packet: borrowing Packet) {
    guard let quoted = QuotedDatagram(packet, isIPv6: packet.byte(at: 0) >> 4 == 6) else { return }
    tell(.unreachable, quoted)
  }
}
