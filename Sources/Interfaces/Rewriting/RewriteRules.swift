// SPDX-License-Identifier: BSD-2-Clause
//
// What is to be changed in the headers of packets, in the order in which it is looked up:
//
//     link      addresses: those for all frames, else a map      old == new is no change
//     tags      one rule for the outer tag
//     network   addresses: maps of this side, then maps of both, then the loop's step; hops left
//     ports     a map
//
// In every list the first entry that matches is the one that counts. What is not named stays as it
// is: a checksum is never made anew, it follows what changes under it (`ChecksumChange`).

public import Wire

/// Rules by which the headers of packets are rewritten.
///
///     var rules = RewriteRules()
///     rules.prefixes = [PrefixMap(IPPrefix("10.0.0.0/8")!, to: IPPrefix("192.168.0.0/16")!)!]
///     try packet.rewrite(by: rules, packet.decoded())
///
/// Only the outermost packet is rewritten, as only that is decoded: what a tunnel carries stays, and so
/// do the headers that an ICMP error quotes.
public struct RewriteRules: Equatable, Sendable {
  /// The sender's link address of every Ethernet frame; nil leaves it.
  public var linkSource: MACAddress?
  /// The receiver's link address of every Ethernet frame, groups included; nil leaves it.
  public var linkDestination: MACAddress?
  /// New link addresses for old ones, on both sides, where no address is for all frames.
  public var linkMaps: [LinkMap]
  /// What becomes of the outer VLAN tag of Ethernet frames; nil leaves it.
  public var tag: TagRule?
  /// New prefixes for those of senders.
  public var sourcePrefixes: [PrefixMap]
  /// New prefixes for those of receivers.
  public var destinationPrefixes: [PrefixMap]
  /// New prefixes on both sides, for what the maps of one side made of an address.
  public var prefixes: [PrefixMap]
  /// New ports of TCP, UDP and UDP-Lite, on both sides.
  public var ports: [PortMap]
  /// What becomes of the hops left; nil leaves them.
  public var hops: HopRule?
  /// Loops after which addresses take the next step; nil if they are the same in all loops.
  ///
  /// In step n the lower of a packet's two addresses goes down by n and the higher one up by n, so both
  /// directions of a flow still match, and each step has flows of its own. Equal addresses both go up.
  /// Groups, broadcast and "any" stay. Numbers wrap at 32 bits; of IPv6, at the low 64.
  public var loopsPerStep: Int?

  /// No rules.
  public init() {
    (linkMaps, sourcePrefixes, destinationPrefixes) = ([], [], [])
    (prefixes, ports) = ([], [])
  }

  /// Whether packets stay as they are.
  public var isEmpty: Bool { self == RewriteRules() }

  /// The step that addresses take in a loop, counted from 0.
  package func step(inLoop loop: Int) -> UInt64 {
    loopsPerStep.map { UInt64(loop / Swift.max($0, 1)) } ?? 0
  }

  /// Whether anything is asked of Ethernet headers.
  var concernLink: Bool {
    linkSource != nil || linkDestination != nil || tag != nil || !linkMaps.isEmpty
  }

  /// Whether anything is asked of addresses of the network layer.
  var concernAddresses: Bool {
    loopsPerStep != nil || !prefixes.isEmpty || !sourcePrefixes.isEmpty
      || !destinationPrefixes.isEmpty
  }
}

/// What rewriting a packet came to.
public struct RewriteOutcome: Equatable, Sendable {
  /// Whether a byte was changed.
  public var isRewritten = false
  /// Whether rules could not reach what they are about: the capture cut it, or it makes no sense.
  ///
  /// What can be reached is rewritten all the same.
  public var isOutOfReach = false

  /// Nothing to be done.
  public init() {}
}

/// Packets by what rewriting them came to; a packet may be both.
public struct RewriteCounts: Equatable, Sendable {
  /// Packets in which something was changed.
  public var rewritten = 0
  /// Packets that the rules could not reach, or not all of what they are about.
  public var outOfReach = 0

  /// None yet.
  public init() {}

  /// Counts a packet.
  public mutating func count(_ outcome: RewriteOutcome) {
    if outcome.isRewritten { rewritten += 1 }
    if outcome.isOutOfReach { outOfReach += 1 }
  }
}
