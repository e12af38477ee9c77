// SPDX-License-Identifier: BSD-2-Clause

// What stands between the link header and the network, each named by the type before it:
//
//     0x8100, 0x88a8, 0x9100   VLAN tag            4 bytes, then a type       IEEE 802.1Q
//     0xf1c1                   redundancy tag      6 bytes, then a type       IEEE 802.1CB
//     0x88e5                   MACsec              6 or 14, then a type       IEEE 802.1AE, where it is not
//                                                                             encrypted
//     0x88e7                   backbone tag        4, then an Ethernet frame  IEEE 802.1ah
//     0x8903                   FabricPath          2, then an Ethernet frame  Cisco
//     0...1500                 LLC, or LLC and SNAP          3 or 8 bytes     IEEE 802.2
//     0x8864                   PPPoE session       6, then PPP's protocol     RFC 2516
//     0x8847, 0x8848           MPLS labels         4 bytes each, then IP      RFC 3032, 5332
//
// They may stand in any order and number within the bytes at hand: each step goes forward, so the work
// is bounded by the bytes. What follows the last label is told by its first four bits.

extension DecodedFrame {
  /// Steps over the header that `etherType` names, if it is one of those; then `etherType` names what
  /// is behind it.
  ///
  /// - Returns: its bytes; nil if what follows is the network, or unknown.
  mutating func walkShim(
    _ frame: inout FrameBytes, at offset: Int
  ) throws(ParseError) -> Int? {
    let end = frame.wireByteCount
    switch etherType {
    case _ where etherType.isVLANTag:
      let tag = try frame.view(VLANTag.self, at: offset, before: end)
      tags.append(etherType, control: tag.control)
      etherType = tag.etherType
      return VLANTag.byteCount
    case .redundancyTag:
      etherType = try frame.view(RedundancyTag.self, at: offset, before: end).etherType
      return RedundancyTag.byteCount
    case .macsec:
      let tag = try frame.view(MACsecTag.self, at: offset, before: end)
      guard !tag.isEncrypted else { return nil }
      etherType = try frame.view(EtherTypeField.self, at: offset + tag.byteCount, before: end)
        .etherType
      // The check value behind it is no payload.
      frame.wireByteCount = max(end - MACsecTag.checkByteCount, offset)
      return tag.byteCount + EtherTypeField.byteCount
    case .backboneTag, .fabricPath:
      let tagByteCount = etherType == .backboneTag ? 4 : 2
      etherType = try frame.view(EthernetHeader.self, at: offset + tagByteCount, before: end)
        .etherType
      return tagByteCount + EthernetHeader.byteCount
    case .pppoeSession:
      let header = try frame.view(PPPoEHeader.self, at: offset, before: end)
      let headerEnd = offset + PPPoEHeader.byteCount
      if Int(header.payloadByteCount) > end - headerEnd {
        flags.insert(.badLinkLength)
        stop = ParseError(
          .pppoe, .badLength, wanted: Int(header.payloadByteCount), available: end - headerEnd,
          offset: offset)
      }
      frame.wireByteCount = min(end, headerEnd + Int(header.payloadByteCount))
      return try walkPPP(frame, at: offset + PPPoEHeader.byteCount).map {
        PPPoEHeader.byteCount + $0
      }
    case .mpls, .mplsMulticast:
      return try walkLabels(frame, at: offset)
    default:
      return nil
    }
  }

  /// Reads the length of an IEEE 802.3 frame and the LLC header behind it.
  ///
  /// Where that names nothing known, or is not there, the frame is simply something else.
  ///
  /// - Parameter length: what stood in the type's place; nil if none did, as in a cooked capture.
  /// - Returns: bytes of the LLC header; nil if what follows is unknown.
  mutating func walkLLC(
    _ frame: inout FrameBytes, at offset: Int, length: Int?
  ) throws(ParseError) -> Int? {
    let end = frame.wireByteCount
    if let length {
      if length > end - offset { flags.insert(.badLinkLength) }
      frame.wireByteCount = min(end, offset + length)
      notePayload(at: offset, before: frame.wireByteCount, of: frame)
    }
    let left = min(frame.wireByteCount, frame.capturedByteCount) - offset
    if left >= SNAPHeader.byteCount {
      let snap = try frame.view(SNAPHeader.self, at: offset, before: frame.wireByteCount)
      if snap.isEtherType, !snap.etherType.isLength {
        etherType = snap.etherType
        return SNAPHeader.byteCount
      }
    }
    guard left >= LLCHeader.byteCount,
      try frame.view(LLCHeader.self, at: offset, before: frame.wireByteCount).isIP
    else { return nil }
    etherType = .ipv4
    return LLCHeader.byteCount
  }

  /// Reads PPP's protocol, in one byte or two (RFC 1661 section 2).
  private mutating func walkPPP(
    _ frame: borrowing FrameBytes, at offset: Int
  ) throws(ParseError) -> Int? {
    try frame.require(1, at: offset, before: frame.wireByteCount, .ppp)
    let first = FixedBytes<1>(frame.contiguous, at: offset).uint8(at: 0)
    let byteCount = first & 1 != 0 ? 1 : 2
    try frame.require(byteCount, at: offset, before: frame.wireByteCount, .ppp)
    let number =
      byteCount == 1
      ? UInt16(first) : FixedBytes<2>(frame.contiguous, at: offset).uint16(at: 0)
    switch number {
    case 0x0021: etherType = .ipv4
    case 0x0057: etherType = .ipv6
    case 0x0281: etherType = .mpls
    default: return nil
    }
    return byteCount
  }

  /// Steps over labels, down to the one at the bottom of the stack.
  private mutating func walkLabels(
    _ frame: borrowing FrameBytes, at start: Int
  ) throws(ParseError) -> Int? {
    var offset = start
    var isBottom = false
    while !isBottom {
      isBottom = try frame.view(MPLSLabel.self, at: offset, before: frame.wireByteCount).isBottom
      offset += MPLSLabel.byteCount
    }
    try frame.require(1, at: offset, before: frame.wireByteCount, .mpls)
    switch FixedBytes<1>(frame.contiguous, at: offset).uint8(at: 0) >> 4 {
    case 4: etherType = .ipv4
    case 6: etherType = .ipv6
    // A pseudowire, whose kind was agreed upon elsewhere.
    default: return nil
    }
    return offset - start
  }
}
