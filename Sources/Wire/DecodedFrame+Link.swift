// SPDX-License-Identifier: BSD-2-Clause

// The walk of a frame that is not plain UDP over IPv4 over Ethernet. Each step notes what it read
// before the next may throw, so that whatever stops the walk leaves all before it.
//
// A new link type is a case of `walkLinkHeader` and has other places, which LinkType.swift names; a
// new tag, or another header between the link header and the network, is a step of `walkShim`.

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
    notePayload(at: 0, before: frame.wireByteCount, of: frame)
    guard var offset = try walkLinkHeader(frame, linkType) else {
      network = .other
      return false
    }
    while true {
      notePayload(at: offset, before: frame.wireByteCount, of: frame)
      switch etherType {
      case .ipv4: network = .ipv4
      case .ipv6: network = .ipv6
      case .arp: network = .arp
      default:
        if let byteCount = try walkShimOrLLC(&frame, at: offset) {
          offset += byteCount
          continue
        }
        network = .other
      }
      return network != .other
    }
  }

  @inline(never)
  private mutating func walkShimOrLLC(
    _ frame: inout FrameBytes, at offset: Int
  ) throws(ParseError) -> Int? {
    if etherType.isLength {
      switch link {
      case .ethernet, .length:
        link = .length
        return try walkLLC(&frame, at: offset, length: Int(etherType.rawValue))
      // In place of a type, the kernel's number for an IEEE 802.2 frame, which has no length there.
      case .linuxSLL, .linuxSLL2:
        guard etherType.rawValue == 4 else { return nil }
        return try walkLLC(&frame, at: offset, length: nil)
      default: return nil
      }
    }
    return try walkShim(&frame, at: offset)
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
