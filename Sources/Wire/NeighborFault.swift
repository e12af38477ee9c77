// SPDX-License-Identifier: BSD-2-Clause
//
// What a neighbour discovery message must be before a host goes by it (RFC 4861). Each rule has a
// reason of its own, so that drops can be counted by it; the first that is broken is told.
//
//     rule                               RS 6.1.1   RA 6.1.2   NS 7.1.1   NA 7.1.2   redirect 8.1
//     hop limit 255                         x          x          x          x          x
//     code 0                                x          x          x          x          x
//     least bytes                           8         16         24         24         40
//     source is of the link                            x                                x
//     target is no group                                          x          x
//     destination is no group, if S                                          x
//     no source: to a solicited node                              x
//     no source: no source link address     x                     x
//     destination field is no group                                                     x
//     target of the link or destination                                                 x
//     options whole, none of length 0       x          x          x          x          x
//
// The checksum is the caller's to check: it is summed where the packet lies in pieces.

/// Why a neighbour discovery message must be dropped.
@frozen
public enum NeighborFault: UInt8, Error, CaseIterable, Hashable, Sendable, BitwiseCopyable {
  /// No message of neighbour discovery.
  case notNeighborDiscovery
  /// The hop limit is not 255: a router passed it on, so it comes from elsewhere.
  case hopLimit
  /// The code is not 0.
  case code
  /// Fewer bytes than the message takes.
  case tooShort
  /// A router speaks from an address that is not of this link.
  case sourceNotLinkLocal
  /// The target is a group of hosts.
  case multicastTarget
  /// An answer to a solicitation came by multicast.
  case solicitedByMulticast
  /// Asked from no address, but not to the group of solicited nodes.
  case destinationNotSolicitedNode
  /// A source link address without a source.
  case sourceLinkAddressWithoutSource
  /// A redirect of packets to a group of hosts.
  case multicastDestination
  /// A redirect to a router whose address is not of this link.
  case targetNotLinkLocal
  /// An option has length 0, or goes on behind the message.
  case badOption
}

extension NeighborFault {
  /// Checks a message by every rule but the checksum.
  ///
  /// - Parameters:
  ///   - message: the ICMPv6 message, from its type to its end.
  ///   - source: who sends, as the IPv6 header says.
  ///   - destination: to whom, as the IPv6 header says.
  ///   - hopLimit: that of the IPv6 header.
  /// - Throws: the first rule that is broken.
  /// - Complexity: O(options).
  public static func check(
    _ message: RawSpan, from source: IPv6Address, to destination: IPv6Address, hopLimit: UInt8
  ) throws(NeighborFault) {
    guard message.byteCount >= 8 else { throw .tooShort }
    let header = ICMPv6Header(message, at: 0)
    let least: Int
    switch header.type {
    case .routerSolicitation: least = RouterSolicitation.byteCount
    case .routerAdvertisement: least = RouterAdvertisement.byteCount
    case .neighborSolicitation: least = NeighborSolicitation.byteCount
    case .neighborAdvertisement: least = NeighborAdvertisement.byteCount
    case .redirect: least = NeighborRedirect.byteCount
    default: throw .notNeighborDiscovery
    }
    guard hopLimit == 255 else { throw .hopLimit }
    guard header.code == 0 else { throw .code }
    guard message.byteCount >= least else { throw .tooShort }
    switch header.type {
    case .routerAdvertisement:
      guard source.isLinkLocal else { throw .sourceNotLinkLocal }
    case .neighborSolicitation:
      let solicitation = NeighborSolicitation(message, at: 0)
      guard !solicitation.target.isMulticast else { throw .multicastTarget }
      guard !source.isAny || destination.isSolicitedNodeGroup else {
        throw .destinationNotSolicitedNode
      }
    case .neighborAdvertisement:
      let advertisement = NeighborAdvertisement(message, at: 0)
      guard !advertisement.target.isMulticast else { throw .multicastTarget }
      guard !advertisement.flags.contains(.solicited) || !destination.isMulticast else {
        throw .solicitedByMulticast
      }
    case .redirect:
      let redirect = NeighborRedirect(message, at: 0)
      guard source.isLinkLocal else { throw .sourceNotLinkLocal }
      guard !redirect.destination.isMulticast else { throw .multicastDestination }
      guard redirect.target.isLinkLocal || redirect.target == redirect.destination else {
        throw .targetNotLinkLocal
      }
    default: break
    }
    let asks = header.type == .routerSolicitation || header.type == .neighborSolicitation
    try checkOptions(
      message.extracting(least..<message.byteCount), refusingSource: asks && source.isAny)
  }

  private static func checkOptions(
    _ bytes: RawSpan, refusingSource: Bool
  ) throws(NeighborFault) {
    var walk = NeighborOptionWalk(bytes)
    var hasSource = false
    do throws(ParseError) {
      while let option = try walk.next() {
        if option.kind == .sourceLinkAddress { hasSource = true }
      }
    } catch {
      throw .badOption
    }
    guard !(hasSource && refusingSource) else { throw .sourceLinkAddressWithoutSource }
  }
}
