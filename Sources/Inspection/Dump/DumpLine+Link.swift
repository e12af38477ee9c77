// SPDX-License-Identifier: BSD-2-Clause

import Wire

extension DumpLine {
  /// The link header with `-e`; without it, only the interface of a capture on all of them.
  mutating func writeLink(_ frame: borrowing InspectedFrame, _ decoded: DecodedFrame) {
    let bytes = frame.bytes
    switch decoded.link {
    case .ethernet, .length:
      guard style.showsLink, bytes.byteCount >= EthernetHeader.byteCount else { return }
      let header = EthernetHeader(bytes, at: 0)
      text.append(header.source)
      text.append(" > ")
      text.append(header.destination)
      if header.etherType.isLength {
        text.append(", 802.3")
      } else {
        text.append(", ")
        writeEtherType(header.etherType)
      }
      writeLinkLength(frame.wireByteCount)
      writeTags(decoded)
    case .linuxSLL:
      guard style.showsLink, bytes.byteCount >= LinuxSLLHeader.byteCount else { return }
      let header = LinuxSLLHeader(bytes, at: 0)
      writeDirection(UInt8(clamping: header.packetType), width: 3, isBehind: true)
      text.append(UInt8(ascii: " "))
      writeCookedAddress(header.address, Int(header.addressByteCount))
      writeEtherType(header.etherType)
      writeLinkLength(frame.wireByteCount)
      writeTags(decoded)
    case .linuxSLL2:
      guard bytes.byteCount >= LinuxSLL2Header.byteCount else { return }
      let header = LinuxSLL2Header(bytes, at: 0)
      text.append("ifindex ")
      text.append(decimal: Int(header.interfaceIndex))
      text.append(UInt8(ascii: " "))
      writeDirection(header.packetType, width: 3, isBehind: false)
      text.append(UInt8(ascii: " "))
      guard style.showsLink else { return }
      writeCookedAddress(header.address, Int(header.addressByteCount))
      writeEtherType(header.etherType)
      writeLinkLength(frame.wireByteCount)
      writeTags(decoded)
    case .null, .loop:
      guard style.showsLink, bytes.byteCount >= LoopbackHeader.byteCount else { return }
      let header = LoopbackHeader(bytes, at: 0)
      text.append("AF ")
      let isNamed = decoded.network == .ipv4 || decoded.network == .ipv6
      text.append(!isNamed ? "Unknown" : decoded.network == .ipv4 ? "IPv4" : "IPv6")
      text.append(" (")
      text.append(decimal: Int(decoded.link == .loop ? header.family : header.hostOrderFamily))
      text.append(")")
      writeLinkLength(frame.wireByteCount)
    case .raw, .unsupported: return
    }
  }

  /// Whether the line has said what the network layer is: its name is then left out.
  func hasNamedNetwork(_ decoded: DecodedFrame) -> Bool {
    guard style.showsLink else { return false }
    switch decoded.link {
    case .ethernet, .linuxSLL, .linuxSLL2, .null, .loop: return true
    case .length, .raw, .unsupported: return false
    }
  }

  private mutating func writeLinkLength(_ wireByteCount: Int) {
    text.append(", length ")
    text.append(decimal: wireByteCount)
    text.append(": ")
  }

  private mutating func writeTags(_ decoded: DecodedFrame) {
    let tags = decoded.tags
    if tags.count > 0 {
      writeTag(tags.outerControl, then: tags.count > 1 ? tags.innerType : decoded.etherType)
    }
    if tags.count > 1 {
      // Of more than two, those between the second and the last type are only counted.
      if tags.count > 2 {
        writeTag(tags.innerControl, then: nil)
        text.append(decimal: Int(tags.count) - 2)
        text.append(" more tags, ")
        writeEtherType(decoded.etherType)
        text.append(", ")
      } else {
        writeTag(tags.innerControl, then: decoded.etherType)
      }
    }
  }

  private mutating func writeTag(_ control: UInt16, then etherType: EtherType?) {
    text.append("vlan ")
    text.append(decimal: Int(control & 0xfff))
    text.append(", p ")
    text.append(decimal: Int(control >> 13))
    text.append(control & 0x1000 != 0 ? ", DEI, " : ", ")
    guard let etherType else { return }
    if etherType.isLength {
      text.append("802.3, ")
    } else {
      writeEtherType(etherType)
      text.append(", ")
    }
  }

  private mutating func writeEtherType(_ etherType: EtherType) {
    text.append("ethertype ")
    switch etherType {
    case .ipv4: text.append("IPv4")
    case .ipv6: text.append("IPv6")
    case .arp: text.append("ARP")
    case .reverseARP: text.append("Reverse ARP")
    case .vlan: text.append("802.1Q")
    case .serviceVLAN: text.append("802.1Q-QinQ")
    case .oldServiceVLAN: text.append("802.1Q-9100")
    case .mpls: text.append("MPLS unicast")
    case .mplsMulticast: text.append("MPLS multicast")
    case .pppoeSession: text.append("PPPoE S")
    case .macsec: text.append("802.1AE MACsec")
    default: text.append("Unknown")
    }
    text.append(" (0x")
    text.append(hex: UInt64(etherType.rawValue), digits: 4)
    text.append(")")
  }

  private mutating func writeDirection(_ packetType: UInt8, width: Int, isBehind: Bool) {
    let name: StaticString =
      switch packetType {
      case 0: "In"
      case 1: "B"
      case 2: "M"
      case 3: "P"
      case 4: "Out"
      default: "?"
      }
    let space = width - name.utf8CodeUnitCount
    if isBehind { text.append(UInt8(ascii: " "), times: space) }
    text.append(name)
    if !isBehind { text.append(UInt8(ascii: " "), times: space) }
  }

  private mutating func writeCookedAddress(_ address: UInt64, _ byteCount: Int) {
    guard byteCount == 6 else { return }
    text.append(MACAddress(address >> 16))
    text.append(UInt8(ascii: " "))
  }
}
