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
    // Eight bytes say how long the addresses are; others than IPv4 on Ethernet are ARP too.
    let window: FixedBytes<8> = try frame.window(at: start, before: frame.wireByteCount, .arp)
    let byteCount = 8 + 2 * (Int(window.uint8(at: 4)) + Int(window.uint8(at: 5)))
    try frame.require(byteCount, at: start, before: frame.wireByteCount, .arp)
    flags.insert(.networkHeader)
    notePayload(at: start + byteCount, before: start + byteCount, of: frame)
  }

  private mutating func walkIPv4(_ frame: borrowing FrameBytes) throws(ParseError) {
    ipv4HeaderChecksum = .unverifiable
    let start = networkOffset
    let window: FixedBytes<20> = try frame.window(at: start, before: frame.wireByteCount, .ipv4)
    let version = Int(window.uint8(at: 0) >> 4)
    guard version == 4 else {
      throw ParseError(.ipv4, .badVersion, wanted: 4, available: version, offset: start)
    }
    let headerByteCount = Int(window.uint8(at: 0) & 0xf) * 4
    guard headerByteCount >= 20 else {
      throw ParseError(
        .ipv4, .badHeaderLength, wanted: 20, available: headerByteCount, offset: start)
    }
    try frame.require(headerByteCount, at: start, before: frame.wireByteCount, .ipv4)
    var sum = InternetChecksum()
    sum.add(frame.contiguous.extracting(start..<start + headerByteCount))
    ipv4HeaderChecksum = sum.folded == 0xffff ? .valid : .invalid

    let totalLength = Int(window.uint16(at: 2))
    guard totalLength == 0 || totalLength >= headerByteCount else {
      throw ParseError(
        .ipv4, .badLength, wanted: headerByteCount, available: totalLength,
        limitedBy: .ipTotalLength, offset: start)
    }
    let fragment = window.uint16(at: 6)
    networkHeaderCount = UInt32(headerByteCount)
    sourceBits = IPv6Address(high: 0, low: UInt64(window.uint32(at: 12)))
    destinationBits = IPv6Address(high: 0, low: UInt64(window.uint32(at: 16)))
    `protocol` = IPProtocol(rawValue: window.uint8(at: 9))
    noteFragment(
      isFragment: fragment & 0x3fff != 0, offset: Int(fragment & 0x1fff) * 8,
      more: fragment & 0x2000 != 0)
    // A total of 0 is a frame longer than 16 bits can say, still to be cut up by hardware.
    let end = noteNetwork(byteCount: totalLength, isOpen: totalLength == 0, .ipv4, frame)
    notePayload(at: start + headerByteCount, before: end, of: frame)
    try walkTransport(frame, before: end, isOpen: totalLength == 0)
  }

  private mutating func walkIPv6(_ frame: borrowing FrameBytes) throws(ParseError) {
    let start = networkOffset
    let window: FixedBytes<40> = try frame.window(at: start, before: frame.wireByteCount, .ipv6)
    let version = Int(window.uint8(at: 0) >> 4)
    guard version == 6 else {
      throw ParseError(.ipv6, .badVersion, wanted: 6, available: version, offset: start)
    }
    networkHeaderCount = 40
    sourceBits = window.ipv6Address(at: 8)
    destinationBits = window.ipv6Address(at: 24)
    `protocol` = IPProtocol(rawValue: window.uint8(at: 6))
    // A payload length of 0 is a jumbogram, or a frame still to be cut up; or truly nothing.
    let payloadLength = Int(window.uint16(at: 4))
    let isOpen = payloadLength == 0 && `protocol` != .noNextHeader
    let end = noteNetwork(byteCount: 40 + payloadLength, isOpen: isOpen, .ipv6, frame)
    notePayload(at: start + 40, before: end, of: frame)
    try walkExtensions(frame, before: end)
    try walkTransport(frame, before: end, isOpen: isOpen)
  }

  private mutating func walkExtensions(
    _ frame: borrowing FrameBytes, before end: Int
  ) throws(ParseError) {
    let known = frame.contiguous.extracting(first: min(end, frame.contiguous.byteCount))
    guard payloadOffset < known.byteCount else {
      if `protocol`.isIPv6Extension {
        try frame.require(8, at: payloadOffset, before: end, .ipv6Extension)
      }
      return
    }
    var walk = IPv6ExtensionWalk(known, nextHeader: `protocol`, at: payloadOffset)
    do throws(ParseError) {
      while let header = try walk.next() {
        if header.kind == .fragment {
          let offsetAndFlags = header.offsetAndFlags
          noteFragment(
            isFragment: true, offset: Int(offsetAndFlags & 0xfff8), more: offsetAndFlags & 1 != 0)
        }
        if header.segmentsLeft != 0 { flags.insert(.routed) }
        `protocol` = walk.nextHeader
        notePayload(at: walk.offset, before: end, of: frame)
      }
    } catch {
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
    let total = isOpen ? left : min(byteCount, left)
    if networkOffset + total > frame.capturedByteCount { flags.insert(.truncated) }
    flags.insert(.networkHeader)
    networkCount = UInt32(clamping: total)
    return networkOffset + total
  }
}
