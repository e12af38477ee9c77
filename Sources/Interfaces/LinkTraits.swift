// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
public import Wire

/// What is true of all packets at one end of a link.
public struct LinkTraits: Equatable, Sendable {
  /// What the first byte of each packet is; nil if they differ, and each says it in its header.
  public var linkType: LinkType?
  /// The most bytes of a packet behind its link header; `Int.max` if there is no limit.
  ///
  /// BSD: `if_mtu`.
  public var mtu: Int
  /// What time stamps are multiples of, in nanoseconds: 1,000 for a source that counts microseconds.
  public var timeUnitInNanoseconds: Int64
  /// What the link does itself.
  public var capabilities: LinkCapabilities

  /// By default any link type, any length, any time, and no capability.
  public init(
    linkType: LinkType? = nil, mtu: Int = .max, timeUnitInNanoseconds: Int64 = 1,
    capabilities: LinkCapabilities = []
  ) {
    precondition(mtu > 0, "an MTU of \(mtu) bytes")
    precondition(timeUnitInNanoseconds > 0, "times in \(timeUnitInNanoseconds) ns")
    self.linkType = linkType
    self.mtu = mtu
    self.timeUnitInNanoseconds = timeUnitInNanoseconds
    self.capabilities = capabilities
  }

  /// The most bytes of a packet of this link type, link header included.
  ///
  /// A VLAN tag counts among the bytes behind the header unless the packet header has it; `check` lets
  /// one tag of an Ethernet frame be beyond them.
  public func packetByteLimit(_ linkType: LinkType) -> Int {
    let header = linkType.headerByteCount ?? 0
    return mtu > Int.max - header ? .max : mtu + header
  }

  /// What is true of packets that may be at either of two ends.
  package func common(with other: LinkTraits) -> LinkTraits {
    LinkTraits(
      linkType: linkType == other.linkType ? linkType : nil, mtu: Swift.min(mtu, other.mtu),
      timeUnitInNanoseconds: Swift.max(timeUnitInNanoseconds, other.timeUnitInNanoseconds),
      capabilities: capabilities.intersection(other.capabilities))
  }

  /// Refuses a source whose packets the link cannot take: those of another link type.
  ///
  /// - Parameters:
  ///   - source: what is true of all packets to come.
  ///   - name: of the sink, for the message.
  /// - Throws: `InterfaceError` of kind `.wrongLinkType`.
  package func check(source: LinkTraits, at name: String) throws(InterfaceError) {
    guard let given = source.linkType, let linkType, given != linkType,
      !(given.isRaw && linkType.isRaw)
    else { return }
    throw InterfaceError(
      .wrongLinkType(given, wanted: linkType), "\(name) does not take the packets",
      advice: linkType.isRaw
        ? "add --dlt raw, which takes the link header off"
        : "add --dlt enet, which puts an Ethernet header there, or send onto another kind of link")
  }

  /// Refuses a packet that the link cannot take: one of another link type, or too long.
  ///
  /// - Parameters:
  ///   - packet: on its way to a sink with these traits.
  ///   - name: of the sink, for the message.
  /// - Throws: `InterfaceError` of kind `.wrongLinkType` or `.tooLong`.
  public func check(_ packet: borrowing Packet, at name: String) throws(InterfaceError) {
    let own = LinkType(rawValue: packet.header.linkType)
    if let linkType, linkType != own, !(linkType.isRaw && own.isRaw) {
      throw InterfaceError(
        .wrongLinkType(own, wanted: linkType), "\(name) does not take the packet")
    }
    let limit = packetByteLimit(own)
    if packet.byteCount > limit, !packet.isTagged(within: limit) {
      throw InterfaceError(
        .tooLong(byteCount: packet.byteCount, limit: limit), "\(name) does not take the packet",
        advice:
          "raise its MTU, cut longer packets by --over-mtu, or leave them out: 'less \(limit)' "
          + "is a filter")
    }
  }
}

extension Packet {
  /// Whether this is an Ethernet frame with a VLAN tag that is longer than a limit by that tag alone.
  ///
  /// Links let it pass (IEEE 802.3, 3.2.7: 1,522 bytes with their check sequence).
  package borrowing func isTagged(within limit: Int) -> Bool {
    let header = EthernetHeader.byteCount
    guard linkType == LinkType.ethernet.rawValue, byteCount - VLANTag.byteCount <= limit,
      bytes.byteCount >= header
    else { return false }
    return EthernetHeader(bytes, at: 0).etherType == .vlan
  }
}

/// What a link does itself, for checksums.
///
/// A caller completes a checksum that is `.partial` before it hands the packet to a sink that does
/// not complete it.
///
/// BSD: `if_capenable`, IFCAP_RXCSUM, IFCAP_TXCSUM.
public struct LinkCapabilities: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt32

  /// Takes any bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A source gives packets whose checksum is not ready, as a sender on this host leaves it, and
  /// says so in packet headers: `.partial`.
  public static var leavesChecksums: LinkCapabilities { LinkCapabilities(rawValue: 1) }
  /// A sink takes packets whose checksum is `.partial`, and completes it.
  public static var completesChecksums: LinkCapabilities { LinkCapabilities(rawValue: 2) }
}
