// SPDX-License-Identifier: BSD-2-Clause

// The walk of a frame that is not plain UDP over IPv4 over Ethernet. Each step notes what it read
// before the next may throw, so that whatever stops the walk leaves all before it.
//
// A new link type is a case of `walkLinkHeader` and has other places, which LinkType.swift names; a
// new tag, or another header between the link header
// and the network, is a step of `walkLink`.

extension DecodedFrame {
  @usableFromInline @inline(never)
  init(walking bytes: RawSpan, linkType: LinkType, capturedByteCount: Int, wireByteCount: Int) {
    self.init()
    var frame = FrameBytes(
      bytes, capturedByteCount: capturedByteCount, wireByteCount: wireByteCount)
    do throws(ParseError) {
      guard try walkLink(&frame, linkType) else { return }
      let start = networkOffset
      if network == .ipv4, frame.contiguous.byteCount - start >= Self.plainUDPByteCount,
        notePlainUDP(
          frame.contiguous, at: start, before: min(frame.wireByteCount, frame.capturedByteCount))
      {
        return
      }
      try walkNetwork(frame)
    } catch {
      note(error)
    }
  }

  /// Notes why the walk ended, unless something was wrong before.
  mutating func note(_ error: ParseError) {
    if error.limitedBy == .segment { flags.insert(.cutBySegment) }
    stop = stop ?? error
  }

  /// Reads the link header, tags and SNAP, down to the network header.
  ///
  /// - Returns: whether a network layer follows that has a name.
  mutating func walkLink(
    _ frame: inout FrameBytes, _ linkType: LinkType
  ) throws(ParseError) -> Bool {
    let end = frame.wireByteCount
    notePayload(at: 0, before: end, of: frame)
    guard var offset = try walkLinkHeader(frame, linkType) else {
      network = .other
      return false
    }
    while etherType.isVLANTag {
      notePayload(at: offset, before: end, of: frame)
      guard vlanTagCount < VLANTags.limit else {
        throw ParseError(
          .vlan, .tooManyHeaders, wanted: VLANTags.limit, available: vlanTagCount, offset: offset)
      }
      let tag = try frame.view(VLANTag.self, at: offset, before: end)
      tags.append(etherType, control: tag.control)
      etherType = tag.etherType
      offset += VLANTag.byteCount
    }
    if link == .ethernet, etherType.isLength {
      link = .length
      let length = Int(etherType.rawValue)
      if length > end - offset { flags.insert(.badLinkLength) }
      frame.wireByteCount = min(end, offset + length)
      notePayload(at: offset, before: frame.wireByteCount, of: frame)
      // Where an LLC header is not SNAP, or not there, the frame is simply something else.
      if min(frame.wireByteCount, frame.capturedByteCount) - offset >= SNAPHeader.byteCount {
        let snap = try frame.view(SNAPHeader.self, at: offset, before: frame.wireByteCount)
        if snap.isEtherType {
          etherType = snap.etherType
          offset += SNAPHeader.byteCount
        }
      }
    }
    notePayload(at: offset, before: frame.wireByteCount, of: frame)
    switch etherType {
    case .ipv4: network = .ipv4
    case .ipv6: network = .ipv6
    case .arp: network = .arp
    default: network = .other
    }
    return network != .other
  }

  /// Reads the link header: what it is, and what it says of what follows.
  ///
  /// - Returns: its bytes; nil if the link type is not supported.
  private mutating func walkLinkHeader(
    _ frame: borrowing FrameBytes, _ linkType: LinkType
  ) throws(ParseError) -> Int? {
    let end = frame.wireByteCount
    switch linkType {
    case .ethernet:
      link = .ethernet
      etherType = try frame.view(EthernetHeader.self, at: 0, before: end).etherType
    case .linuxSLL:
      link = .linuxSLL
      etherType = try frame.view(LinuxSLLHeader.self, at: 0, before: end).etherType
    case .linuxSLL2:
      link = .linuxSLL2
      etherType = try frame.view(LinuxSLL2Header.self, at: 0, before: end).etherType
    case .null:
      link = .null
      etherType = try frame.view(LoopbackHeader.self, at: 0, before: end).etherTypeInAnyOrder
    case .loop:
      link = .loop
      etherType = try frame.view(LoopbackHeader.self, at: 0, before: end).etherType
    case .ipv4:
      link = .raw
      etherType = .ipv4
    case .ipv6:
      link = .raw
      etherType = .ipv6
    case _ where linkType.isRaw:
      link = .raw
      etherType = try frame.view(IPVersion.self, at: 0, before: end).etherType
    default: break
    }
    return linkType.headerByteCount
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
