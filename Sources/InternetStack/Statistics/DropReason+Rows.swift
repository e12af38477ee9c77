// SPDX-License-Identifier: BSD-2-Clause

/// What finds a reason, and the document that has the rule.
public struct DropReasonRow: Sendable {
  /// The reason.
  public let reason: DropReason
  /// The step of input that finds it.
  public let layer: Layer
  /// The document and its section; empty where no document but this stack's bounds make the rule.
  public let source: String

  /// A step of input.
  public enum Layer: String, CaseIterable, Sendable {
    /// The link header.
    case link
    /// Address resolution.
    case arp
    /// The IP header, of both families, and fragments.
    case ip
    /// ICMP and ICMPv6.
    case icmp
    /// UDP.
    case udp
    /// The socket and its buffer.
    case socket
    /// Any of them.
    case any
  }

  init(_ reason: DropReason, _ layer: Layer, _ source: String = "") {
    self.reason = reason
    self.layer = layer
    self.source = source
  }
}

extension DropReason {
  /// Every reason, in the order in which a packet may meet it.
  public static let rows: [DropReasonRow] = [
    DropReasonRow(.unsupportedLinkType, .link),
    DropReasonRow(.malformedLink, .link, "IEEE 802.3, 3.2.6"),
    DropReasonRow(.otherHost, .link, "RFC 1122, 2.4"),
    DropReasonRow(.unsupportedNetwork, .link, "RFC 1122, 2.3.3"),
    DropReasonRow(.unsupportedARP, .arp, "RFC 826"),
    DropReasonRow(.badARP, .arp, "RFC 1812, 3.3.2; RFC 5227, 2.4"),
    DropReasonRow(.short, .ip, "RFC 791, 3.1; RFC 8200, 3"),
    DropReasonRow(.badVersion, .ip, "RFC 1122, 3.2.1.1"),
    DropReasonRow(.badHeaderLength, .ip, "RFC 791, 3.1"),
    DropReasonRow(.badLength, .ip, "RFC 791, 3.1; RFC 768"),
    DropReasonRow(.badHeaderChecksum, .ip, "RFC 1122, 3.2.1.2"),
    DropReasonRow(.martianSource, .ip, "RFC 1122, 3.2.1.3; RFC 4291, 2.7"),
    DropReasonRow(.notForUs, .ip, "RFC 1122, 3.2.1.3"),
    DropReasonRow(.sourceRoute, .ip, "RFC 1122, 3.3.5; RFC 5095"),
    DropReasonRow(.badOption, .ip, "RFC 1122, 3.2.1.8; RFC 8200, 4.2"),
    DropReasonRow(.badFragment, .ip, "RFC 791, 3.2; RFC 8200, 4.5"),
    DropReasonRow(.fragmentOverlap, .ip, "RFC 5722"),
    DropReasonRow(.fragmentDuplicate, .ip, "RFC 8200, 4.5"),
    DropReasonRow(.fragmentLimit, .ip),
    DropReasonRow(.fragmentTimeout, .ip, "RFC 1122, 3.3.2; RFC 8200, 4.5"),
    DropReasonRow(.noProtocol, .ip, "RFC 1122, 3.2.2.1; RFC 8200, 4"),
    DropReasonRow(.badICMP, .icmp, "RFC 1122, 3.2.2; RFC 4861, 7.1"),
    DropReasonRow(.unusedICMP, .icmp, "RFC 1122, 3.2.2; RFC 4443, 2.4"),
    DropReasonRow(.badChecksum, .udp, "RFC 1122, 4.1.3.4; RFC 8200, 8.1"),
    DropReasonRow(.badPort, .udp, "RFC 768"),
    DropReasonRow(.noSocket, .udp, "RFC 1122, 4.1.3.1"),
    DropReasonRow(.fullSocketBuffer, .socket),
    DropReasonRow(.noMemory, .any),
    DropReasonRow(.noRoom, .any),
  ]

  /// What finds it, and the document that has the rule.
  public var row: DropReasonRow {
    guard let row = Self.rows.first(where: { $0.reason == self }) else {
      preconditionFailure("\(self) has no row")
    }
    return row
  }
}
