// SPDX-License-Identifier: BSD-2-Clause
//
// A step of input returns nil for a packet that is delivered, else the reason why not; `input` counts
// it in `StackStatistics`, and reports print every reason by its name. A new reason is a case here,
// one more in the size of `DropCounts`, and returned by the step that finds it:
//
//     linkInput       link header, ARP, other networks             InternetStack+Link.swift
//     ipInput         IPv4 header, addresses, fragments            InternetStack+IP.swift
//     udpInput        UDP header, checksum, ports                  InternetStack+UDP.swift
//     deliver         the socket and its buffer                    Sockets/SocketTable.swift
//
// A reason that the socket's buffer finds begins as a case of `DatagramBuffer.AppendResult`, or of
// `DatagramSocket.Delivery` (SocketBuffers). `rawThenTransport` makes one reason of those of several raw
// sockets, and takes one that it does not know for `fullSocketBuffer`. What output refuses is no drop but
// a `SendError`.
import UMA

/// Why a packet was not delivered.
///
/// BSD: the counters of `struct ipstat` and `struct udpstat`, as far as they count losses.
public enum DropReason: UInt8, CaseIterable, Sendable {
  /// The link type is not one the stack can read.
  case unsupportedLinkType
  /// The link header is cut short or contradicts itself.
  case malformedLink
  /// The link carries ARP, which the stack does not answer.
  case unsupportedARP
  /// The link carries IPv6, which the stack does not speak yet.
  case unsupportedIPv6
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
  /// The source address is one that no datagram from outside may have (RFC 1122, 3.2.1.3).
  case martianSource
  /// The destination is no address of the stack, or only a stop of a source route.
  case notForUs
  /// A fragment; the stack does not reassemble yet.
  case fragment
  /// No socket takes the protocol that IP carries.
  case noProtocol
  /// The transport checksum is wrong.
  case badChecksum
  /// The destination port is 0.
  case badPort
  /// No socket is bound to the port, or the one that is receives no more.
  case noSocket
  /// The socket's buffer has no space.
  case fullSocketBuffer
  /// An mbuf was needed and denied.
  case noMemory

  /// The reason as reports and JSON spell it.
  public var name: String { String(snakeCase: self) }
}

/// Packets dropped, by reason.
public struct DropCounts: Sendable {
  private var counts = InlineArray<19, UInt64>(repeating: 0)

  /// Nothing dropped.
  init() {
    precondition(DropReason.allCases.count == counts.count, "a count for each reason")
  }

  /// Packets dropped for a reason.
  public subscript(reason: DropReason) -> UInt64 { counts[Int(reason.rawValue)] }

  mutating func count(_ reason: DropReason) { counts[Int(reason.rawValue)] += 1 }

  /// Packets dropped for any reason.
  package var total: UInt64 {
    var sum: UInt64 = 0
    for index in counts.indices { sum += counts[index] }
    return sum
  }
}
