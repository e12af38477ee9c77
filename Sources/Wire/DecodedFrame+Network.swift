// SPDX-License-Identifier: BSD-2-Clause

extension DecodedFrame {
  mutating func walkNetwork(_ frame: borrowing FrameBytes) throws(ParseError) {
    switch network {
    case .ipv4: try walkIPv4(frame)
    case .ipv6: try walkIPv6(frame)
    case .arp: try walkARP(frame)
    case .none, .other: break
    }
  }

  private mutating func walkARP(_ frame: borrowing FrameBytes) throws(ParseError) {
    let start = networkOffset
    // Addresses of other lengths than IPv4's on Ethernet are ARP too.
    let byteCount = try frame.view(ARPPrefix.self, at: start, before: frame.wireByteCount)
      .messageByteCount
    try frame.require(byteCount, at: start, before: frame.wireByteCount, .arp)
    flags.insert(.networkHeader)
    notePayload(at: start + byteCount, before: start + byteCount, of: frame)
  }

  private mutating func walkIPv4(_ frame: borrowing FrameBytes) throws(ParseError) {
    ipv4HeaderChecksum = .unverifiable
    let start = networkOffset
    let header = try frame.view(IPv4Header.self, at: start, before: frame.wireByteCount)
    guard header.version == 4 else {
      throw ParseError(.ipv4, .badVersion, wanted: 4, available: header.version, offset: start)
    }
    let headerByteCount = header.headerByteCount
    guard headerByteCount >= IPv4Header.byteCount else {
      throw ParseError(
        .ipv4, .badHeaderLength, wanted: IPv4Header.byteCount, available: headerByteCount,
        offset: start)
    }
    try frame.require(headerByteCount, at: start, before: frame.wireByteCount, .ipv4)
    ipv4HeaderChecksum = header.checksumResult

    let totalLength = Int(header.totalLength)
    guard totalLength == 0 || totalLength >= headerByteCount else {
      throw ParseError(
        .ipv4, .badLength, wanted: headerByteCount, available: totalLength,
        limitedBy: .ipTotalLength, offset: start)
    }
    networkHeaderCount = UInt32(headerByteCount)
    sourceBits = IPv6Address(high: 0, low: UInt64(header.source.bits))
    destinationBits = IPv6Address(high: 0, low: UInt64(header.destination.bits))
    `protocol` = header.protocol
    noteFragment(
      isFragment: header.isFragment, offset: header.fragmentOffset,
      more: header.flags.contains(.moreFragments))
    // A total of 0 is a frame longer than 16 bits can say, still to be cut up by hardware.
    let end = noteNetwork(byteCount: totalLength, isOpen: totalLength == 0, .ipv4, frame)
    notePayload(at: start + headerByteCount, before: end, of: frame)
    if headerByteCount > IPv4Header.byteCount {
      noteSourceRoute(
        frame.contiguous.extracting(start + IPv4Header.byteCount..<start + headerByteCount))
    }
    if `protocol` == .authentication, fragmentStart == 0 {
      try walkAuthentication(frame, before: end)
    }
    try walkTransport(frame, before: end, isOpen: totalLength == 0)
  }

  /// Steps over authentication headers, which IPv4 and IPv6 have alike (RFC 4302).
  @inline(never)
  private mutating func walkAuthentication(
    _ frame: borrowing FrameBytes, before end: Int
  ) throws(ParseError) {
    while `protocol` == .authentication {
      let start = payloadOffset
      let least = IPv6ExtensionHeader.leastByteCount
      try frame.require(least, at: start, before: end, .ipv4)
      let header = IPv6ExtensionHeader(frame.contiguous, at: start, kind: .authentication)
      try frame.require(header.byteCount, at: start, before: end, .ipv4)
      flags.insert(.authenticated)
      `protocol` = header.nextHeader
      notePayload(at: start + header.byteCount, before: end, of: frame)
    }
  }

  private mutating func walkIPv6(_ frame: borrowing FrameBytes) throws(ParseError) {
    let start = networkOffset
    let header = try frame.view(IPv6Header.self, at: start, before: frame.wireByteCount)
    guard header.version == 6 else {
      throw ParseError(.ipv6, .badVersion, wanted: 6, available: header.version, offset: start)
    }
    networkHeaderCount = UInt32(IPv6Header.byteCount)
    sourceBits = header.source
    destinationBits = header.destination
    `protocol` = header.nextHeader
    // A payload length of 0 is a jumbogram, or a frame still to be cut up; or truly nothing.
    let payloadLength = Int(header.payloadLength)
    let isOpen = payloadLength == 0 && `protocol` != .noNextHeader
    var end = noteNetwork(
      byteCount: IPv6Header.byteCount + payloadLength, isOpen: isOpen, .ipv6, frame)
    notePayload(at: start + IPv6Header.byteCount, before: end, of: frame)
    try walkExtensions(frame, before: &end)
    try walkTransport(frame, before: end, isOpen: isOpen)
  }

  private mutating func walkExtensions(
    _ frame: borrowing FrameBytes, before end: inout Int
  ) throws(ParseError) {
    let known = frame.contiguous.extracting(first: min(end, frame.contiguous.byteCount))
    guard payloadOffset < known.byteCount else {
      if `protocol`.isIPv6Extension {
        try frame.require(
          IPv6ExtensionHeader.leastByteCount, at: payloadOffset, before: end, .ipv6Extension)
      }
      return
    }
    var walk = IPv6ExtensionWalk(known, nextHeader: `protocol`, at: payloadOffset)
    var final: IPv6Address?
    var home: IPv6Address?
    do throws(ParseError) {
      while let header = try walk.next() {
        let bytes = known.extracting(payloadOffset..<walk.offset)
        switch header.kind {
        case .fragment:
          noteFragment(
            isFragment: true, offset: header.fragmentOffset, more: header.moreFragments)
        case .routing where header.segmentsLeft != 0:
          flags.insert(.routed)
          final = IPv6Address(lastStopOf: bytes, for: ipv6Destination)
          if final == nil { flags.insert(.unknownDestination) }
        case .destinationOptions: home = bytes.homeAddress ?? home
        case .authentication: flags.insert(.authenticated)
        case .hopByHop where flags.contains(.openLength):
          if let byteCount = bytes.jumboPayloadByteCount {
            flags.remove(.openLength)
            end = noteNetwork(
              byteCount: IPv6Header.byteCount + byteCount, isOpen: false, .ipv6, frame)
          }
        default: break
        }
        `protocol` = walk.nextHeader
        notePayload(at: walk.offset, before: end, of: frame)
      }
      noteAddresses(final: final, home: home)
    } catch {
      noteAddresses(final: final, home: home)
      // The walk knows its own bytes; the frame knows what ended them.
      if error.reason == .tooShort {
        try frame.require(error.wanted, at: error.offset, before: end, .ipv6Extension)
      }
      throw error
    }
  }

  private mutating func noteFragment(isFragment: Bool, offset: Int, more: Bool) {
    guard isFragment else { return }
    flags.insert(.fragment)
    if more { flags.insert(.moreFragments) }
    fragmentStart = UInt32(offset)
  }

  /// Notes where the packet ends, and returns it: nowhere beyond the frame on the wire.
  private mutating func noteNetwork(
    byteCount: Int, isOpen: Bool, _ layer: ParseError.Layer, _ frame: borrowing FrameBytes
  ) -> Int {
    let left = frame.wireByteCount - networkOffset
    if byteCount > left {
      flags.insert(.badLength)
      stop = ParseError(
        layer, .badLength, wanted: byteCount, available: left, offset: networkOffset)
    }
    if isOpen { flags.insert(.openLength) }
    let total = isOpen ? left : min(byteCount, left)
    if networkOffset + total > frame.capturedByteCount { flags.insert(.truncated) }
    flags.insert(.networkHeader)
    networkCount = UInt32(clamping: total)
    return networkOffset + total
  }
}
