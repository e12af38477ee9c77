// SPDX-License-Identifier: BSD-2-Clause
//
// A packet as one JSON object on a line of its own, for programs. Its members, in this order, are always
// there; what a packet does not have is null:
//
//     number, time_ns, link_type, captured_bytes, wire_bytes, vlan, ethertype, network, source,
//     destination, protocol, ip_bytes, fragment, transport, source_port, destination_port,
//     transport_bytes, payload_bytes, checksums, faults, stop, tunnel, inner
//
// The packet inside of a tunnel is `inner`, an object of the same members, if that is wanted.

import Wire

/// Writes packets as lines of JSON into a buffer.
public struct DumpObject: ~Copyable {
  /// The lines written since it was last emptied.
  public var text = TextBuffer()

  /// The link type of the last frame, and its name.
  private var linkType: LinkType?
  private var linkTypeName = TextBuffer(capacity: 16)

  /// Whether what is inside of tunnels is written too.
  public let showsInner: Bool

  /// Writes nothing yet.
  public init(showsInner: Bool = false) { self.showsInner = showsInner }

  /// Appends a frame's line.
  public mutating func write(_ frame: borrowing InspectedFrame) {
    write(frame, FrameVerdict(frame))
  }

  /// Appends the line of a frame that was looked at already.
  ///
  /// - Complexity: no heap allocation once the buffer has grown, but for a frame that cannot be decoded
  ///   or has another link type than the one before it.
  public mutating func write(_ frame: borrowing InspectedFrame, _ verdict: FrameVerdict) {
    writeObject(frame, verdict, level: 0)
    text.append("\n")
  }

  private mutating func writeObject(
    _ frame: borrowing InspectedFrame, _ verdict: FrameVerdict, level: Int
  ) {
    let decoded = verdict.decoded
    text.append(#"{"number":"#)
    text.append(decimal: frame.number)
    member(#","time_ns":"#, Int(frame.timestampInNanoseconds))
    if frame.linkType != linkType { noteLinkTypeSlow(frame.linkType) }
    text.append(#","link_type":""#)
    text.append(linkTypeName)
    text.append(UInt8(ascii: "\""))
    member(#","captured_bytes":"#, frame.bytes.byteCount)
    member(#","wire_bytes":"#, frame.wireByteCount)
    writeTags(decoded.tags)
    let hasEtherType = decoded.link != .unsupported && decoded.network != .none
    member(#","ethertype":"#, hasEtherType ? Int(decoded.etherType.rawValue) : nil)
    member(#","network":"#, string: Self.name(decoded.network))
    writeNetwork(decoded)
    member(#","transport":"#, string: Self.name(decoded.transport))
    let ports = FramePorts(frame, decoded)
    member(#","source_port":"#, ports.map { Int($0.source) })
    member(#","destination_port":"#, ports.map { Int($0.destination) })
    let isIP = decoded.hasNetworkHeader && decoded.network != .arp
    member(#","transport_bytes":"#, isIP ? decoded.transportByteCount : nil)
    member(#","payload_bytes":"#, decoded.declaredPayloadByteCount)
    member(#","checksums":{"ipv4":"#, string: decoded.ipv4HeaderChecksum.map(Self.name))
    member(#","transport":"#, string: verdict.transportChecksum.map(Self.name))
    text.append(#"},"faults":["#)
    writeFaults(verdict.faults)
    text.append(#"],"stop":"#)
    if let stop = verdict.decoded.stop {
      writeStopSlow(frame.explained(stop))
    } else {
      text.append("null")
    }
    writeInner(frame, decoded, level: level)
    text.append("}")
  }

  /// How the packet inside is carried, and it.
  private mutating func writeInner(
    _ frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame, level: Int
  ) {
    guard showsInner, level < InspectedFrame.innerLevelLimit,
      let tunnel = decoded.tunnel(in: frame.bytes)
    else { return text.append(#","tunnel":null,"inner":null"#) }
    text.append(#","tunnel":{"kind":""#)
    text.append(Self.name(tunnel.kind))
    member(#"","identifier":"#, tunnel.identifier.map { Int($0) })
    member(#","offset":"#, tunnel.offset)
    text.append(#"},"inner":"#)
    let inner = frame.inner(tunnel)
    writeObject(inner, FrameVerdict(inner), level: level + 1)
  }

  @inline(never)
  private mutating func writeStopSlow(_ stop: ParseError) {
    text.append("\"")
    text.appendSlow("\(stop)")
    text.append("\"")
  }

  @inline(never)
  private mutating func noteLinkTypeSlow(_ linkType: LinkType) {
    self.linkType = linkType
    linkTypeName.removeAll()
    linkTypeName.appendSlow(linkType.name)
  }

  private mutating func writeNetwork(_ decoded: DecodedFrame) {
    let isIP = decoded.hasNetworkHeader && decoded.network != .arp
    text.append(#","source":"#)
    writeAddress(isIP, decoded.network, decoded.ipv4Source, decoded.ipv6Source)
    text.append(#","destination":"#)
    writeAddress(isIP, decoded.network, decoded.ipv4Destination, decoded.ipv6Destination)
    member(#","protocol":"#, isIP ? Int(decoded.protocol.rawValue) : nil)
    member(#","ip_bytes":"#, isIP ? decoded.ipTotalByteCount : nil)
    text.append(#","fragment":"#)
    if decoded.isFragment {
      text.append(#"{"offset":"#)
      text.append(decimal: decoded.fragmentOffset)
      text.append(decoded.moreFragments ? #","more":true}"# : #","more":false}"#)
    } else {
      text.append("null")
    }
  }

  private mutating func writeAddress(
    _ isThere: Bool, _ network: DecodedFrame.Network, _ v4: IPv4Address, _ v6: IPv6Address
  ) {
    guard isThere else { return text.append("null") }
    text.append(UInt8(ascii: "\""))
    if network == .ipv6 { text.append(v6) } else { text.append(v4) }
    text.append(UInt8(ascii: "\""))
  }

  /// The identifiers of the outer two tags.
  private mutating func writeTags(_ tags: VLANTags) {
    text.append(#","vlan":["#)
    if let outer = tags.outerIdentifier { text.append(decimal: Int(outer)) }
    if let inner = tags.innerIdentifier {
      text.append(",")
      text.append(decimal: Int(inner))
    }
    text.append("]")
  }

  private mutating func writeFaults(_ faults: FrameFaults) {
    if faults.contains(.badChecksum) { text.append("\"bad-checksum\"") }
    if faults.contains(.undecodable) {
      text.append(faults.contains(.badChecksum) ? ",\"undecodable\"" : "\"undecodable\"")
    }
    if faults.contains(.cut) { text.append(faults == .cut ? "\"cut\"" : ",\"cut\"") }
  }

  private mutating func member(_ name: StaticString, _ number: Int?) {
    text.append(name)
    if let number { text.append(decimal: number) } else { text.append("null") }
  }

  private mutating func member(_ name: StaticString, string: StaticString?) {
    text.append(name)
    guard let string else { return text.append("null") }
    text.append(UInt8(ascii: "\""))
    text.append(string)
    text.append(UInt8(ascii: "\""))
  }

  // MARK: - Names

  private static func name(_ network: DecodedFrame.Network) -> StaticString? {
    switch network {
    case .ipv4: "ipv4"
    case .ipv6: "ipv6"
    case .arp: "arp"
    case .other: "other"
    case .none: nil
    }
  }

  private static func name(_ transport: DecodedFrame.Transport) -> StaticString? {
    switch transport {
    case .udp: "udp"
    case .tcp: "tcp"
    case .icmp: "icmp"
    case .icmpv6: "icmpv6"
    case .other: "other"
    case .none: nil
    }
  }

  private static func name(_ kind: Tunnel.Kind) -> StaticString {
    switch kind {
    case .vxlan: "vxlan"
    case .geneve: "geneve"
    case .gre: "gre"
    case .ip: "ip"
    }
  }

  private static func name(_ result: ChecksumResult) -> StaticString {
    switch result {
    case .valid: "valid"
    case .invalid: "invalid"
    case .absent: "absent"
    case .partial: "partial"
    case .unverifiable: "unverifiable"
    }
  }
}
