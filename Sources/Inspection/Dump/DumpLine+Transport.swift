// SPDX-License-Identifier: BSD-2-Clause

import Wire

extension DumpLine {
  mutating func writeTransport(_ frame: borrowing InspectedFrame, _ verdict: FrameVerdict) {
    let decoded = verdict.decoded
    if writeTunnel(frame, decoded) { return }
    guard decoded.hasTransportHeader else { return writeNumber(decoded) }
    switch decoded.transport {
    case .udp:
      // Of the whole datagram, even in its first fragment; 0 leaves the length to IP.
      let header = UDPHeader(frame.bytes, at: decoded.transportOffset)
      let length = Int(header.length) - UDPHeader.byteCount
      text.append("UDP, ")
      if let stop = decoded.stop, stop.layer == .udp, stop.reason == .badLength {
        return writeBadLength("length ", Int(header.length), stop)
      }
      writeLength(length >= 0 ? length : decoded.declaredPayloadByteCount)
    case .tcp: writeTCP(frame, verdict)
    case .icmp: writeICMP(frame, decoded)
    case .icmpv6: writeICMPv6(frame, decoded)
    case .none, .other: writeNumber(decoded)
    }
  }

  /// What has no transport header here: another protocol, or a fragment that is not the first.
  private mutating func writeNumber(_ decoded: DecodedFrame) {
    switch decoded.protocol {
    case .udp: text.append("UDP, ")
    case .tcp: text.append("TCP, ")
    case .icmp: text.append("ICMP, ")
    case .icmpv6: text.append("ICMP6, ")
    case .igmp: text.append("igmp, ")
    default:
      text.append("ip-proto-")
      text.append(decimal: Int(decoded.protocol.rawValue))
      text.append(", ")
    }
    writeLength(decoded.transportByteCount)
  }

  /// `bad length 60000 > 28`: what a header claims beside what can be, as tcpdump has it.
  private mutating func writeBadLength(_ name: StaticString, _ claimed: Int, _ stop: ParseError) {
    text.append("bad ")
    text.append(name)
    text.append(decimal: claimed)
    let limit = stop.wanted == claimed ? stop.available : stop.wanted
    text.append(claimed > limit ? " > " : " < ")
    text.append(decimal: limit)
  }

  /// With `-v`, what the transport checksum came to; TCP has its own place for it.
  mutating func writeSum(_ verdict: FrameVerdict) {
    guard let result = verdict.transportChecksum else { return }
    switch verdict.decoded.transport {
    case .udp: text.append(result == .absent ? "[no cksum" : "[udp sum ")
    case .icmpv6: text.append("[icmp6 sum ")
    case .icmp: text.append("[icmp sum ")
    case .tcp, .none, .other: return
    }
    if result != .absent { text.append(Self.word(result)) }
    text.append("] ")
  }

  /// `ok` for a sum that is right, else what it is.
  private static func word(_ result: ChecksumResult) -> StaticString {
    switch result {
    case .valid: "ok"
    case .invalid: "wrong"
    case .absent: "absent"
    case .partial: "partial"
    case .unverifiable: "unverifiable"
    }
  }

  // MARK: - TCP

  private mutating func writeTCP(_ frame: borrowing InspectedFrame, _ verdict: FrameVerdict) {
    let decoded = verdict.decoded
    // There by `hasTransportHeader`.
    let header = TCPHeader(frame.bytes, at: decoded.transportOffset)
    let length = decoded.declaredPayloadByteCount
    text.append("Flags [")
    writeFlags(header.flags)
    text.append("]")
    // Where the payload begins is not known, nor how long it is.
    if let stop = decoded.stop, stop.layer == .tcp, stop.reason == .badHeaderLength {
      text.append(", ")
      return writeBadLength("hdr length ", header.headerByteCount, stop)
    }
    if style.isVerbose {
      text.append(", cksum 0x")
      text.append(hex: UInt64(header.checksum), digits: 4)
      text.append(" (")
      let result = verdict.transportChecksum ?? .unverifiable
      text.append(
        result == .valid ? "correct" : result == .invalid ? "incorrect" : Self.word(result))
      text.append(")")
    }
    if length > 0 || !header.flags.isDisjoint(with: TCPFlags(rawValue: 7)) {
      text.append(", seq ")
      text.append(decimal: Int(header.sequence))
      if length > 0 {
        text.append(":")
        // Sequence numbers go round.
        text.append(decimal: Int(header.sequence &+ UInt32(truncatingIfNeeded: length)))
      }
    }
    if header.flags.contains(.ack) {
      text.append(", ack ")
      text.append(decimal: Int(header.acknowledgment))
    }
    text.append(", win ")
    text.append(decimal: Int(header.windowByteCount))
    if header.flags.contains(.urg) {
      text.append(", urg ")
      text.append(decimal: Int(header.urgentPointer))
    }
    if header.headerByteCount > TCPHeader.byteCount {
      writeOptions(header.options)
    }
    text.append(", ")
    writeLength(length)
  }

  private mutating func writeFlags(_ flags: TCPFlags) {
    if flags.isEmpty { return text.append("none") }
    if flags.contains(.fin) { text.append("F") }
    if flags.contains(.syn) { text.append("S") }
    if flags.contains(.rst) { text.append("R") }
    if flags.contains(.psh) { text.append("P") }
    if flags.contains(.ack) { text.append(".") }
    if flags.contains(.urg) { text.append("U") }
    if flags.contains(.ece) { text.append("E") }
    if flags.contains(.cwr) { text.append("W") }
  }

  /// TCP's options (RFC 9293 section 3.2, 7323, 2018), as far as they are there and make sense.
  private mutating func writeOptions(_ options: RawSpan) {
    text.append(", options [")
    var offset = 0
    while offset < options.byteCount {
      if offset > 0 { text.append(",") }
      let kind = FixedBytes<1>(options, at: offset).uint8(at: 0)
      if kind == 0 {
        text.append("eol")
        break
      }
      if kind == 1 {
        text.append("nop")
        offset += 1
        continue
      }
      guard offset + 2 <= options.byteCount else { return text.append("cut]") }
      let length = Int(FixedBytes<2>(options, at: offset).uint8(at: 1))
      guard length >= 2, offset + length <= options.byteCount else {
        return text.append("bad length]")
      }
      writeOption(kind, options.extracting(offset + 2..<offset + length))
      offset += length
    }
    text.append("]")
  }

  private mutating func writeOption(_ kind: UInt8, _ value: RawSpan) {
    switch (kind, value.byteCount) {
    case (2, 2):
      text.append("mss ")
      text.append(decimal: Int(FixedBytes<2>(value, at: 0).uint16(at: 0)))
    case (3, 1):
      text.append("wscale ")
      text.append(decimal: Int(FixedBytes<1>(value, at: 0).uint8(at: 0)))
    case (4, 0): text.append("sackOK")
    case (5, 8...) where value.byteCount % 8 == 0:
      text.append("sack ")
      text.append(decimal: value.byteCount / 8)
      text.append(" ")
      for block in 0..<value.byteCount / 8 {
        let edges = FixedBytes<8>(value, at: 8 * block)
        text.append("{")
        text.append(decimal: Int(edges.uint32(at: 0)))
        text.append(":")
        text.append(decimal: Int(edges.uint32(at: 4)))
        text.append("}")
      }
    case (8, 8):
      let times = FixedBytes<8>(value, at: 0)
      text.append("TS val ")
      text.append(decimal: Int(times.uint32(at: 0)))
      text.append(" ecr ")
      text.append(decimal: Int(times.uint32(at: 4)))
    default:
      text.append("kind ")
      text.append(decimal: Int(kind))
    }
  }
}
