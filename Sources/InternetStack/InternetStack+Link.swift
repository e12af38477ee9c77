// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

extension InternetStack {
  /// Steps over the link header.
  ///
  /// Headers stay on the packet until a socket takes it: each layer is told where its own begins.
  ///
  /// BSD: `ether_demux`, `looutput`.
  mutating func linkInput(_ packet: consuming Packet, _ linkType: LinkType) -> DropReason? {
    switch linkType {
    case .ethernet:
      let byteCount = EthernetHeader.byteCount
      if let reason = packet.take(byteCount) { return reason.onLink }
      let type = EtherType(rawValue: FixedBytes<14>(packet.bytes, at: 0).uint16(at: 12))
      if type == .ipv4 { return ipInput(packet, at: byteCount) }
      return networkInput(packet, type, at: byteCount)
    case .ipv4:
      return ipInput(packet, at: 0)
    case .ipv6:
      return .unsupportedIPv6
    case .null, .loop:
      if let reason = packet.take(LoopbackHeader.byteCount) { return reason.onLink }
      let family = FixedBytes<4>(packet.bytes, at: 0).uint32(at: 0)
      let type = LoopbackHeader.etherType(
        ofFamily: linkType == .null ? min(family, family.byteSwapped) : family)
      guard let type else { return .unsupportedNetwork }
      return networkInput(packet, type, at: LoopbackHeader.byteCount)
    case .linuxSLL:
      if let reason = packet.take(LinuxSLLHeader.byteCount) { return reason.onLink }
      let type = EtherType(rawValue: FixedBytes<16>(packet.bytes, at: 0).uint16(at: 14))
      return networkInput(packet, type, at: LinuxSLLHeader.byteCount)
    case .linuxSLL2:
      if let reason = packet.take(LinuxSLL2Header.byteCount) { return reason.onLink }
      let type = EtherType(rawValue: FixedBytes<20>(packet.bytes, at: 0).uint16(at: 0))
      return networkInput(packet, type, at: LinuxSLL2Header.byteCount)
    default:
      guard linkType.isRaw else { return .unsupportedLinkType }
      if let reason = packet.take(1) { return reason }
      return switch FixedBytes<1>(packet.bytes, at: 0).uint8(at: 0) >> 4 {
      case 4: ipInput(packet, at: 0)
      case 6: .unsupportedIPv6
      default: .badVersion
      }
    }
  }

  /// Steps over tags and SNAP, down to the network header.
  private mutating func networkInput(
    _ packet: consuming Packet, _ type: EtherType, at start: Int
  ) -> DropReason? {
    var type = type
    var start = start
    var tagCount = 0
    while type.isVLANTag {
      guard tagCount < VLANTags.limit else { return .malformedLink }
      if let reason = packet.take(start + VLANTag.byteCount) { return reason.onLink }
      type = EtherType(rawValue: FixedBytes<4>(packet.bytes, at: start).uint16(at: 2))
      start += VLANTag.byteCount
      tagCount += 1
    }
    if type.isLength {
      // An IEEE 802.3 frame: what is behind its length is padding.
      let end = start + Int(type.rawValue)
      guard end <= packet.byteCount else { return .malformedLink }
      packet.trimBack(packet.byteCount - end)
      guard end - start >= SNAPHeader.byteCount else { return .unsupportedNetwork }
      if let reason = packet.take(start + SNAPHeader.byteCount) { return reason.onLink }
      guard let next = Self.etherType(ofSNAP: packet.bytes, at: start) else {
        return .unsupportedNetwork
      }
      type = next
      start += SNAPHeader.byteCount
    }
    return switch type {
    case .ipv4: ipInput(packet, at: start)
    case .ipv6: .unsupportedIPv6
    case .arp, .reverseARP: .unsupportedARP
    default: .unsupportedNetwork
    }
  }

  private static func etherType(ofSNAP bytes: RawSpan, at start: Int) -> EtherType? {
    let header = FixedBytes<8>(bytes, at: start)
    guard header.uint32(at: 0) == 0xaaaa_0300, header.uint16(at: 4) == 0 else { return nil }
    return EtherType(rawValue: header.uint16(at: 6))
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
      case .exhausted, .tooLong, .tooManySegments: .noMemory
      }
    }
  }
}
