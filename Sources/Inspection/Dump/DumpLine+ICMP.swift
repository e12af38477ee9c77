// SPDX-License-Identifier: BSD-2-Clause

import Wire

// Echoes, errors with whom they are about, and neighbours by name; the rest by number.

extension DumpLine {
  mutating func writeICMP(_ frame: borrowing InspectedFrame, _ decoded: DecodedFrame) {
    // There by `hasTransportHeader`.
    let header = ICMPHeader(frame.bytes, at: decoded.transportOffset)
    text.append("ICMP ")
    switch header.type {
    case .echo, .echoReply:
      text.append(header.type == .echo ? "echo request, id " : "echo reply, id ")
      writeEcho(header.rest)
    case .unreachable: writeUnreachable(header.code, header.rest, quoted(frame, decoded))
    case .timeExceeded:
      text.append(
        header.code == 0 ? "time exceeded in-transit" : "ip reassembly time exceeded")
    default:
      text.append("type ")
      text.append(decimal: Int(header.type.rawValue))
      text.append(", code ")
      text.append(decimal: Int(header.code))
    }
    text.append(", ")
    writeLength(decoded.transportByteCount)
  }

  mutating func writeICMPv6(_ frame: borrowing InspectedFrame, _ decoded: DecodedFrame) {
    // There by `hasTransportHeader`.
    let header = ICMPv6Header(frame.bytes, at: decoded.transportOffset)
    text.append("ICMP6, ")
    switch header.type {
    case .echo, .echoReply:
      text.append(header.type == .echo ? "echo request, id " : "echo reply, id ")
      writeEcho(header.rest)
    case .routerSolicitation: text.append("router solicitation")
    case .routerAdvertisement: text.append("router advertisement")
    case .neighborSolicitation, .neighborAdvertisement:
      text.append(
        header.type == .neighborSolicitation
          ? "neighbor solicitation" : "neighbor advertisement")
      // The target stands behind the header (RFC 4861 section 4.3).
      guard decoded.payloadByteCount >= 16 else { break }
      text.append(header.type == .neighborSolicitation ? ", who has " : ", tgt is ")
      text.append(FixedBytes<16>(frame.bytes, at: decoded.payloadOffset).ipv6Address(at: 0))
    case .listenerReport:
      text.append("multicast listener report v2, ")
      text.append(decimal: Int(header.rest & 0xffff))
      text.append(" group record(s)")
    case .unreachable: writeUnreachable6(header.code, quoted(frame, decoded))
    case .packetTooBig:
      text.append("packet too big, mtu ")
      text.append(decimal: Int(header.rest))
    case .timeExceeded:
      text.append("time exceeded ")
      text.append(header.code == 0 ? "in-transit for " : "for reassembly of ")
      writeDestination(quoted(frame, decoded))
    default:
      text.append("type ")
      text.append(decimal: Int(header.type.rawValue))
      text.append(", code ")
      text.append(decimal: Int(header.code))
    }
    text.append(", ")
    writeLength(decoded.transportByteCount)
  }

  /// The packet that an error quotes, as far as it is there.
  private func quoted(_ frame: borrowing InspectedFrame, _ decoded: DecodedFrame) -> DecodedFrame {
    let bytes = frame.bytes.extracting(
      decoded.payloadOffset..<decoded.payloadOffset + decoded.payloadByteCount)
    return DecodedFrame(
      lax: bytes, linkType: decoded.network == .ipv4 ? .ipv4 : .ipv6,
      capturedByteCount: bytes.byteCount, wireByteCount: bytes.byteCount)
  }

  private mutating func writeEcho(_ rest: UInt32) {
    text.append(decimal: Int(rest >> 16))
    text.append(", seq ")
    text.append(decimal: Int(rest & 0xffff))
  }

  private mutating func writeUnreachable(_ code: UInt8, _ rest: UInt32, _ quoted: DecodedFrame) {
    switch code {
    case 0: text.append("net ")
    case 1, 10, 12, 13, 14, 15: text.append("host ")
    default: break
    }
    writeDestination(quoted)
    switch code {
    case 2:
      text.append(" protocol ")
      text.append(decimal: Int(quoted.protocol.rawValue))
    case 3: writePort(quoted)
    default: break
    }
    text.append(" unreachable")
    switch code {
    case 0...3: break
    case 4:
      text.append(" - need to frag (mtu ")
      text.append(decimal: Int(rest & 0xffff))
      text.append(")")
    case 13: text.append(" - admin prohibited filter")
    default:
      text.append(", code ")
      text.append(decimal: Int(code))
    }
  }

  private mutating func writeUnreachable6(_ code: UInt8, _ quoted: DecodedFrame) {
    text.append("destination unreachable, ")
    switch code {
    case 0: text.append("unreachable route ")
    case 1: text.append("unreachable prohibited ")
    case 3: text.append("unreachable address ")
    case 4: text.append("unreachable port, ")
    default:
      text.append("code ")
      text.append(decimal: Int(code))
      text.append(" ")
    }
    writeDestination(quoted)
    if code == 4 { writePort(quoted) }
  }

  private mutating func writeDestination(_ quoted: DecodedFrame) {
    switch quoted.destination {
    case .v4(let address): text.append(address)
    case .v6(let address): text.append(address)
    case nil: text.append("?")
    }
  }

  private mutating func writePort(_ quoted: DecodedFrame) {
    switch quoted.transport {
    case .udp: text.append(" udp port ")
    case .tcp: text.append(" tcp port ")
    case .none, .icmp, .icmpv6, .other:
      guard quoted.hasNetworkHeader else { return }
      text.append(" protocol ")
      return text.append(decimal: Int(quoted.protocol.rawValue))
    }
    text.append(decimal: Int(quoted.destinationPort))
  }
}
