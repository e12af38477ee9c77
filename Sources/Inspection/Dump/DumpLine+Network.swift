// SPDX-License-Identifier: BSD-2-Clause

import Wire

extension DumpLine {
  mutating func writeNetwork(_ frame: borrowing InspectedFrame, _ verdict: FrameVerdict) {
    let decoded = verdict.decoded
    switch decoded.network {
    case .ipv4, .ipv6:
      if !hasNamedNetwork(decoded) || style.isVerbose {
        text.append(decoded.network == .ipv4 ? "IP " : "IP6 ")
      }
      guard decoded.hasNetworkHeader else { return text.append("header cut or wrong") }
      if style.isVerbose { writeFields(frame, decoded) }
      writeEnds(decoded, FramePorts(frame, decoded))
      text.append(": ")
      if style.isVerbose { writeSum(verdict) }
      writeTransport(frame, verdict)
      if decoded.isFragment { writeFragment(frame, decoded) }
    case .arp:
      writeARP(frame, decoded)
    case .other, .none:
      writeUnknown(frame, decoded)
    }
  }

  // MARK: - IP

  /// `10.0.0.1.1234 > 10.0.0.2.53`, without ports where there are none.
  private mutating func writeEnds(_ decoded: DecodedFrame, _ ports: FramePorts?) {
    let isIPv6 = decoded.network == .ipv6
    if isIPv6 { text.append(decoded.ipv6Source) } else { text.append(decoded.ipv4Source) }
    if let ports {
      text.append(UInt8(ascii: "."))
      text.append(decimal: Int(ports.source))
    }
    text.append(" > ")
    if isIPv6 { text.append(decoded.ipv6Destination) } else { text.append(decoded.ipv4Destination) }
    if let ports {
      text.append(UInt8(ascii: "."))
      text.append(decimal: Int(ports.destination))
    }
  }

  /// What `-v` shows of IP's header.
  private mutating func writeFields(_ frame: borrowing InspectedFrame, _ decoded: DecodedFrame) {
    if decoded.network == .ipv4 {
      // There by `hasNetworkHeader`.
      let header = IPv4Header(frame.bytes, at: decoded.networkOffset)
      text.append("(tos 0x")
      text.append(hex: UInt64(header.trafficClass))
      text.append(", ttl ")
      text.append(decimal: Int(header.timeToLive))
      text.append(", id ")
      text.append(decimal: Int(header.identification))
      text.append(", offset ")
      text.append(decimal: header.fragmentOffset)
      text.append(", flags [")
      writeFlags(header.flags)
      text.append("], proto ")
      writeProtocol(decoded.protocol)
      text.append(", length ")
      text.append(decimal: Int(header.totalLength))
      if header.headerByteCount > IPv4Header.byteCount {
        text.append(", options ")
        text.append(decimal: header.headerByteCount - IPv4Header.byteCount)
      }
    } else {
      let header = IPv6Header(frame.bytes, at: decoded.networkOffset)
      text.append("(")
      if header.trafficClass != 0 {
        text.append("class 0x")
        text.append(hex: UInt64(header.trafficClass), digits: 2)
        text.append(", ")
      }
      if header.flowLabel != 0 {
        text.append("flowlabel 0x")
        text.append(hex: UInt64(header.flowLabel), digits: 5)
        text.append(", ")
      }
      text.append("hlim ")
      text.append(decimal: Int(header.hopLimit))
      text.append(", next-header ")
      writeProtocol(header.nextHeader)
      text.append(", payload length ")
      text.append(decimal: Int(header.payloadLength))
    }
    text.append(") ")
  }

  private mutating func writeFlags(_ flags: IPv4Flags) {
    if flags.isEmpty { return text.append("none") }
    if flags.contains(.moreFragments) { text.append("+") }
    if flags.contains(.dontFragment) {
      text.append(flags.contains(.moreFragments) ? ", DF" : "DF")
    }
    if flags.contains(.reserved) { text.append(flags == .reserved ? "rsvd" : ", rsvd") }
  }

  private mutating func writeProtocol(_ number: IPProtocol) {
    switch number {
    case .tcp: text.append("TCP")
    case .udp: text.append("UDP")
    case .icmp: text.append("ICMP")
    case .icmpv6: text.append("ICMPv6")
    case .igmp: text.append("IGMP")
    case .gre: text.append("GRE")
    case .hopByHop: text.append("Options")
    case .fragment: text.append("Fragment")
    case .routing: text.append("Routing")
    default: text.append("protocol")
    }
    text.append(" (")
    text.append(decimal: Int(number.rawValue))
    text.append(")")
  }

  /// ` (frag id:size@offset+)`, as tcpdump's manual has it; IPv6 without the id.
  private mutating func writeFragment(_ frame: borrowing InspectedFrame, _ decoded: DecodedFrame) {
    text.append(" (frag ")
    if decoded.network == .ipv4 {
      text.append(
        decimal: Int(IPv4Header(frame.bytes, at: decoded.networkOffset).identification))
      text.append(":")
    }
    let end = decoded.networkOffset + decoded.ipTotalByteCount
    text.append(decimal: Swift.max(0, end - decoded.transportOffset))
    text.append("@")
    text.append(decimal: decoded.fragmentOffset)
    text.append(decoded.moreFragments ? "+)" : ")")
  }

  // MARK: - ARP

  private mutating func writeARP(_ frame: borrowing InspectedFrame, _ decoded: DecodedFrame) {
    if !hasNamedNetwork(decoded) { text.append("ARP, ") }
    let length = frame.wireByteCount - decoded.networkOffset
    guard decoded.hasNetworkHeader,
      frame.bytes.byteCount - decoded.networkOffset >= ARPHeader.byteCount
    else { return writeLength(length) }
    let header = ARPHeader(frame.bytes, at: decoded.networkOffset)
    guard header.protocolType == .ipv4, header.hardwareByteCount == 6,
      header.protocolByteCount == 4
    else {
      text.append("hardware ")
      text.append(decimal: Int(header.hardwareType))
      text.append(", protocol 0x")
      text.append(hex: UInt64(header.protocolType.rawValue), digits: 4)
      text.append(", ")
      return writeLength(length)
    }
    switch header.operation {
    case .request:
      text.append("Request who-has ")
      text.append(header.targetProtocol)
      if header.targetHardware.bits != 0 {
        text.append(" (")
        text.append(header.targetHardware)
        text.append(")")
      }
      text.append(" tell ")
      text.append(header.senderProtocol)
    case .reply:
      text.append("Reply ")
      text.append(header.senderProtocol)
      text.append(" is-at ")
      text.append(header.senderHardware)
    default:
      text.append("operation ")
      text.append(decimal: Int(header.operation.rawValue))
    }
    text.append(", ")
    writeLength(length)
  }

  // MARK: - Others

  private mutating func writeUnknown(_ frame: borrowing InspectedFrame, _ decoded: DecodedFrame) {
    switch decoded.link {
    case .unsupported:
      text.append("link type ")
      text.append(decimal: Int(frame.linkType.rawValue))
      text.append(", ")
    case .length:
      if !style.showsLink { text.append("802.3, ") }
    case .ethernet, .linuxSLL, .linuxSLL2, .null, .loop, .raw:
      if decoded.stop == nil, !hasNamedNetwork(decoded) {
        text.append("ethertype 0x")
        text.append(hex: UInt64(decoded.etherType.rawValue), digits: 4)
        text.append(", ")
      }
    }
    writeLength(frame.wireByteCount - decoded.networkOffset)
  }

  /// `length 28`.
  mutating func writeLength(_ byteCount: Int) {
    text.append("length ")
    text.append(decimal: Swift.max(0, byteCount))
  }
}
