// SPDX-License-Identifier: BSD-2-Clause
//
// The packet inside of a tunnel, behind the one around it and in tcpdump's words, on the same line where
// tcpdump begins another:
//
//     IP 1.1.1.1.1234 > 2.2.2.2.4789: VXLAN, flags [I] (0x08), vni 66: IP 10.0.0.1.53 > ...
//     IP 1.1.1.1.1234 > 2.2.2.2.6081: Geneve, Flags [none], vni 0xa, options [8 bytes]: IP ...
//     IP 1.1.1.1 > 2.2.2.2: GREv0, key=0x4d, length 88: IP ...
//     IP 1.1.1.1 > 2.2.2.2: IP ...
//
// What is wrong inside stands before what is wrong outside, which is the last on the line.

import Wire

extension DumpLine {
  /// Writes the tunnel and what is inside, if there is one and it is wanted.
  ///
  /// - Returns: whether there was; if not, nothing is written.
  mutating func writeTunnel(
    _ frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame
  ) -> Bool {
    guard style.showsInner, level < InspectedFrame.innerLevelLimit,
      let tunnel = decoded.tunnel(in: frame.bytes)
    else { return false }
    switch tunnel.kind {
    case .vxlan: writeVXLAN(frame, decoded, tunnel)
    case .geneve: writeGENEVE(frame, decoded, tunnel)
    case .gre: writeGRE(frame, decoded, tunnel)
    case .ip: break
    }
    let inner = frame.inner(tunnel)
    let verdict = FrameVerdict(inner)
    level += 1
    writeLink(inner, verdict.decoded)
    writeNetwork(inner, verdict)
    writeFaults(inner, verdict, isInner: true)
    level -= 1
    return true
  }

  // The headers are there, or there would be no tunnel.

  private mutating func writeVXLAN(
    _ frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame, _ tunnel: Tunnel
  ) {
    let flags = FixedBytes<1>(frame.bytes, at: decoded.payloadOffset).uint8(at: 0)
    let isGeneric = decoded.destinationPort == 4_790
    text.append(isGeneric ? "VXLAN-GPE, flags [I" : "VXLAN, flags [I")
    if isGeneric, flags & 0x04 != 0 { text.append("P") }
    text.append("] (0x")
    text.append(hex: UInt64(flags), digits: 2)
    text.append("), vni ")
    text.append(decimal: Int(tunnel.identifier ?? 0))
    text.append(": ")
  }

  private mutating func writeGENEVE(
    _ frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame, _ tunnel: Tunnel
  ) {
    let header = FixedBytes<8>(frame.bytes, at: decoded.payloadOffset)
    let flags = header.uint8(at: 1)
    text.append("Geneve, Flags [")
    if flags & 0xc0 == 0 { text.append("none") }
    if flags & 0x80 != 0 { text.append("O") }
    if flags & 0x40 != 0 { text.append("C") }
    text.append("], vni 0x")
    text.append(hex: UInt64(tunnel.identifier ?? 0))
    writeCarried(header.uint16(at: 2))
    let optionByteCount = tunnel.offset - decoded.payloadOffset - 8
    if optionByteCount > 0 {
      text.append(", options [")
      text.append(decimal: optionByteCount)
      text.append(" bytes]")
    }
    text.append(": ")
  }

  private mutating func writeGRE(
    _ frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame, _ tunnel: Tunnel
  ) {
    let header = FixedBytes<4>(frame.bytes, at: decoded.transportOffset)
    let flags = header.uint16(at: 0)
    text.append("GREv0")
    // Behind its sum, which tcpdump shows with -v alone.
    if flags & 0x8000 != 0, frame.bytes.byteCount >= decoded.transportOffset + 8 {
      text.append(", off 0x")
      text.append(
        hex: UInt64(FixedBytes<2>(frame.bytes, at: decoded.transportOffset + 6).uint16(at: 0)))
    }
    if let key = tunnel.identifier {
      text.append(", key=0x")
      text.append(hex: UInt64(key))
    }
    // The number is the last of the header's fields, and may be cut.
    let number =
      decoded.transportOffset + 4 + (flags & 0x8000 == 0 ? 0 : 4) + (flags & 0x2000 == 0 ? 0 : 4)
    if flags & 0x1000 != 0, number + 4 <= frame.bytes.byteCount {
      text.append(", seq ")
      text.append(decimal: Int(FixedBytes<4>(frame.bytes, at: number).uint32(at: 0)))
    }
    writeCarried(header.uint16(at: 2))
    text.append(", ")
    writeLength(decoded.networkOffset + decoded.ipTotalByteCount - decoded.transportOffset)
    text.append(": ")
  }

  /// With `-e` or `-v`, what a tunnel says that it carries.
  private mutating func writeCarried(_ number: UInt16) {
    guard style.showsLink || style.isVerbose else { return }
    text.append(", proto ")
    switch EtherType(rawValue: number) {
    case .ipv4: text.append("IPv4")
    case .ipv6: text.append("IPv6")
    case EtherType(rawValue: 0x88be): text.append("ERSPAN")
    default: text.append("TEB")
    }
    text.append(" (0x")
    text.append(hex: UInt64(number), digits: 4)
    text.append(")")
  }
}
