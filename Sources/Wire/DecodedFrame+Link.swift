// SPDX-License-Identifier: BSD-2-Clause

// The walk of a frame that is not plain UDP over IPv4 over Ethernet. Each step notes what it read
// before the next may throw, so that whatever stops the walk leaves all before it.

extension DecodedFrame {
  @usableFromInline @inline(never)
  init(walking bytes: RawSpan, linkType: LinkType, capturedByteCount: Int, wireByteCount: Int) {
    self.init()
    var frame = FrameBytes(
      bytes, capturedByteCount: capturedByteCount, wireByteCount: wireByteCount)
    do throws(ParseError) {
      notePayload(at: 0, before: frame.wireByteCount, of: frame)
      guard try walkLink(&frame, linkType) else { return }
      try walkNetwork(frame)
    } catch {
      stop = stop ?? error
    }
  }

  /// Reads the link header and tags.
  ///
  /// - Returns: whether a network layer follows that has a name.
  private mutating func walkLink(
    _ frame: inout FrameBytes, _ linkType: LinkType
  ) throws(ParseError) -> Bool {
    let end = frame.wireByteCount
    var offset = 0
    switch linkType {
    case .ethernet:
      link = .ethernet
      let window: FixedBytes<14> = try frame.window(at: 0, before: end, .ethernet)
      etherType = EtherType(rawValue: window.uint16(at: 12))
      offset = 14
    case .linuxSLL:
      link = .linuxSLL
      let window: FixedBytes<16> = try frame.window(at: 0, before: end, .linuxSLL)
      etherType = EtherType(rawValue: window.uint16(at: 14))
      offset = 16
    case .linuxSLL2:
      link = .linuxSLL2
      let window: FixedBytes<20> = try frame.window(at: 0, before: end, .linuxSLL2)
      etherType = EtherType(rawValue: window.uint16(at: 0))
      offset = 20
    case .null, .loop:
      link = linkType == .null ? .null : .loop
      let window: FixedBytes<4> = try frame.window(at: 0, before: end, .link)
      let family = window.uint32(at: 0)
      let type = LoopbackHeader.etherType(
        ofFamily: link == .null ? min(family, family.byteSwapped) : family)
      etherType = type ?? EtherType(rawValue: 0)
      offset = 4
    case .ipv4:
      link = .raw
      etherType = .ipv4
    case .ipv6:
      link = .raw
      etherType = .ipv6
    default:
      guard linkType.isRaw else {
        network = .other
        return false
      }
      link = .raw
      let window: FixedBytes<1> = try frame.window(at: 0, before: end, .link)
      let version = window.uint8(at: 0) >> 4
      etherType = version == 4 ? .ipv4 : version == 6 ? .ipv6 : EtherType(rawValue: 0)
    }
    notePayload(at: offset, before: end, of: frame)
    while etherType.isVLANTag {
      guard vlanTagCount < VLANTags.limit else {
        throw ParseError(
          .vlan, .tooManyHeaders, wanted: VLANTags.limit, available: vlanTagCount, offset: offset)
      }
      let window: FixedBytes<4> = try frame.window(at: offset, before: end, .vlan)
      tags.append(etherType, control: window.uint16(at: 0))
      etherType = EtherType(rawValue: window.uint16(at: 2))
      offset += 4
      notePayload(at: offset, before: end, of: frame)
    }
    if link == .ethernet, etherType.isLength {
      link = .length
      frame.wireByteCount = min(end, offset + Int(etherType.rawValue))
      notePayload(at: offset, before: frame.wireByteCount, of: frame)
      // Where an LLC header is not SNAP, or not there, the frame is simply something else.
      if min(frame.wireByteCount, frame.contiguous.byteCount) >= offset + 8 {
        let window = FixedBytes<8>(frame.contiguous, at: offset)
        if window.uint32(at: 0) == 0xaaaa_0300, window.uint16(at: 4) == 0 {
          etherType = EtherType(rawValue: window.uint16(at: 6))
          notePayload(at: offset + 8, before: frame.wireByteCount, of: frame)
        }
      }
    }
    switch etherType {
    case .ipv4: network = .ipv4
    case .ipv6: network = .ipv6
    case .arp: network = .arp
    default: network = .other
    }
    return network != .other
  }

  /// Notes that what follows begins at `offset` and goes on to `end`.
  @inline(__always)
  mutating func notePayload(at offset: Int, before end: Int, of frame: borrowing FrameBytes) {
    // Fits: offsets of headers are small, and ends lie within the frame, which fits by its making.
    payloadStart = UInt32(truncatingIfNeeded: offset)
    declaredPayloadCount = UInt32(truncatingIfNeeded: max(end &- offset, 0))
    payloadCount = UInt32(
      truncatingIfNeeded: max(min(end, frame.capturedByteCount) &- offset, 0))
    if !hasNetworkHeader { networkStart = payloadStart }
    if !hasTransportHeader {
      transportStart = payloadStart
      transportCount = declaredPayloadCount
    }
  }
}
