// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

extension InternetStack {
  /// Takes the link header off.
  ///
  /// BSD: `ether_demux`, `looutput`.
  mutating func linkInput(_ packet: consuming Packet, _ linkType: LinkType) -> DropReason? {
    switch linkType {
    case .ethernet:
      return ethernetInput(packet)
    case .ipv4:
      return ipInput(packet)
    case .ipv6:
      return .unsupportedIPv6
    case .null, .loop:
      if let reason = packet.take(LoopbackHeader.byteCount) { return reason.onLink }
      guard let header = try? LoopbackHeader.Fields(parsing: packet.bytes) else {
        return .malformedLink
      }
      packet.trimFront(LoopbackHeader.byteCount)
      let family =
        linkType == .null ? min(header.family, header.family.byteSwapped) : header.family
      guard let type = LoopbackHeader.etherType(ofFamily: family) else {
        return .unsupportedNetwork
      }
      return networkInput(packet, type)
    case .linuxSLL:
      if let reason = packet.take(LinuxSLLHeader.byteCount) { return reason.onLink }
      guard let header = try? LinuxSLLHeader.Fields(parsing: packet.bytes) else {
        return .malformedLink
      }
      packet.trimFront(LinuxSLLHeader.byteCount)
      return networkInput(packet, header.etherType)
    case .linuxSLL2:
      if let reason = packet.take(LinuxSLL2Header.byteCount) { return reason.onLink }
      guard let header = try? LinuxSLL2Header.Fields(parsing: packet.bytes) else {
        return .malformedLink
      }
      packet.trimFront(LinuxSLL2Header.byteCount)
      return networkInput(packet, header.etherType)
    default:
      guard linkType.isRaw else { return .unsupportedLinkType }
      return rawInput(packet)
    }
  }

  private mutating func ethernetInput(_ packet: consuming Packet) -> DropReason? {
    if let reason = packet.take(EthernetHeader.byteCount) { return reason.onLink }
    let type = EtherType(rawValue: FixedBytes<14>(packet.bytes, at: 0).uint16(at: 12))
    packet.trimFront(EthernetHeader.byteCount)
    if type == .ipv4 { return ipInput(packet) }
    return networkInput(packet, type)
  }

  private mutating func rawInput(_ packet: consuming Packet) -> DropReason? {
    if let reason = packet.take(1) { return reason }
    return switch FixedBytes<1>(packet.bytes, at: 0).uint8(at: 0) >> 4 {
    case 4: ipInput(packet)
    case 6: .unsupportedIPv6
    default: .badVersion
    }
  }

  /// Takes tags and SNAP off, down to the network header.
  private mutating func networkInput(
    _ packet: consuming Packet, _ type: EtherType
  ) -> DropReason? {
    var type = type
    var tagCount = 0
    while type.isVLANTag {
      guard tagCount < VLANTags.limit else { return .malformedLink }
      if let reason = packet.take(VLANTag.byteCount) { return reason.onLink }
      type = EtherType(rawValue: FixedBytes<4>(packet.bytes, at: 0).uint16(at: 2))
      packet.trimFront(VLANTag.byteCount)
      tagCount += 1
    }
    if type.isLength {
      // An IEEE 802.3 frame: what is behind its length is padding.
      let byteCount = Int(type.rawValue)
      guard byteCount <= packet.byteCount else { return .malformedLink }
      packet.trimBack(packet.byteCount - byteCount)
      guard byteCount >= SNAPHeader.byteCount else { return .unsupportedNetwork }
      if let reason = packet.take(SNAPHeader.byteCount) { return reason.onLink }
      guard let next = Self.etherType(ofSNAP: packet.bytes) else { return .unsupportedNetwork }
      type = next
      packet.trimFront(SNAPHeader.byteCount)
    }
    return switch type {
    case .ipv4: ipInput(packet)
    case .ipv6: .unsupportedIPv6
    case .arp, .reverseARP: .unsupportedARP
    default: .unsupportedNetwork
    }
  }

  private static func etherType(ofSNAP bytes: RawSpan) -> EtherType? {
    guard let header = try? SNAPHeader.Fields(parsing: bytes), header.organizationHigh == 0,
      header.organizationLow == 0, header.control == 3, header.sourceServiceAccessPoint == 0xaa,
      header.destinationServiceAccessPoint == 0xaa
    else { return nil }
    return header.etherType
  }
}

extension DropReason {
  /// The same, where it was a link header that was too short.
  var onLink: DropReason { self == .short ? .malformedLink : self }
}

extension Packet {
  /// Makes bytes contiguous; the reason to drop the packet if that is not to be had.
  @inline(__always)
  mutating func take(_ byteCount: Int) -> DropReason? {
    if byteCount <= contiguousByteCount { return nil }
    return takeSlow(byteCount)
  }

  @inline(never)
  private mutating func takeSlow(_ byteCount: Int) -> DropReason? {
    do throws(MbufError) {
      try pullUp(byteCount)
      return nil
    } catch {
      return switch error {
      case .tooShort: .short
      case .exhausted, .readOnly: .noMemory
      }
    }
  }
}
