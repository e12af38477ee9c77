// SPDX-License-Identifier: BSD-2-Clause
//
// A step of input returns an `Outcome`; `input` counts it in `StackStatistics`, and reports print every
// reason by its name. A new reason is a case here with a row in DropReason+Rows.swift, and
// is returned by the step that finds it:
//
//     linkInput       link header, other networks                  Link
//     arpInput        ARP messages                                 Link
//     ipv4Input       header, options, addresses, fragments        IPv4
//     ipv6Input       header, extensions, addresses, fragments     IPv6
//     icmpInput       echo, errors, neighbours                     ICMP
//     udpInput        header, checksum, ports                      UDP
//     deliver         the socket and its buffer                    Sockets
//
// A reason that the socket's buffer finds begins as a case of `DatagramBuffer.AppendResult`, or of
// `DatagramSocket.Delivery` (SocketBuffers). What output refuses is no drop but a `SendError`.
import UMA

/// Why a packet was not delivered.
///
/// BSD: the counters of `struct ipstat` and `struct udpstat`, as far as they count losses.
public enum DropReason: UInt8, CaseIterable, Sendable {
  /// The link type is not one the stack can read.
  case unsupportedLinkType
  /// The link header is cut short or contradicts itself.
  case malformedLink
  /// The frame is for another host of the link.
  case otherHost
  /// ARP on an interface that has no link address, or for other links and networks.
  case unsupportedARP
  /// An ARP message that is cut short, or whose sender no host can be.
  case badARP
  /// The link carries something else.
  case unsupportedNetwork
  /// Fewer bytes than a header takes or the IP length claims.
  case short
  /// The IP version does not go with the link.
  case badVersion
  /// The IP header length is less than a header.
  case badHeaderLength
  /// A length field contradicts the header it stands in, or the one outside.
  case badLength
  /// The IP header checksum is wrong.
  case badHeaderChecksum
  /// An option or an extension header contradicts itself, or forbids to go on.
  case badOption
  /// A source route has stops left, and none is followed.
  case sourceRoute
  /// The source address is one that no datagram from outside may have (RFC 1122, 3.2.1.3).
  case martianSource
  /// The destination is no address of the stack.
  case notForUs
  /// A fragment whose place in its datagram cannot be.
  case badFragment
  /// A fragment that another says differently, or one of a datagram that ended for such a one.
  case fragmentOverlap
  /// A fragment that was there already.
  case fragmentDuplicate
  /// A fragment beyond what may wait.
  case fragmentLimit
  /// A fragment whose datagram did not become whole in time.
  case fragmentTimeout
  /// Nobody takes the protocol that IP carries.
  case noProtocol
  /// The transport checksum is wrong.
  case badChecksum
  /// An ICMP message that contradicts itself, or that rules of its kind forbid.
  case badICMP
  /// An ICMP message of a kind that wants nothing from this stack.
  case unusedICMP
  /// The destination port is 0.
  case badPort
  /// No socket is bound to the port, or the one that is receives no more.
  case noSocket
  /// The socket's buffer has no space.
  case fullSocketBuffer
  /// An mbuf was needed and denied.
  case noMemory
  /// The answer could not be sent: no route, no neighbour, or no room in the queue.
  case noRoom

  /// The reason as reports and JSON spell it.
  public var name: String { String(snakeCase: self) }
}

/// Packets dropped, by reason.
public struct DropCounts: Sendable {
  private var counts = InlineArray<29, UInt64>(repeating: 0)

  /// Nothing dropped.
  init() {
    precondition(DropReason.allCases.count == counts.count, "a count for each reason")
  }

  /// Packets dropped for a reason.
  public subscript(reason: DropReason) -> UInt64 { counts[Int(reason.rawValue)] }

  mutating func count(_ reason: DropReason, _ packetCount: UInt64 = 1) {
    counts[Int(reason.rawValue)] += packetCount
  }

  /// Packets dropped for any reason.
  package var total: UInt64 {
    var sum: UInt64 = 0
    for index in counts.indices { sum += counts[index] }
    return sum
  }
}
