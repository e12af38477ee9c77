// SPDX-License-Identifier: BSD-2-Clause
//
// What the payload of a packet is, where it is another packet:
//
//     UDP, port 4789    VXLAN    flags (8)  0 (24)   network (24)  0 (8)             Ethernet
//     UDP, port 8472    the same, as Linux had it before the number was given
//     UDP, port 4790    VXLAN-GPE, flags (8)  0 (16)  protocol (8)  network (24)  0 (8)  Ethernet or IP
//     UDP, port 6081    GENEVE   version, options (8)  flags (8)  protocol (16)
//                                network (24)  0 (8)   options ...                   Ethernet or IP
//     IP, protocol 47   GRE      flags, version (16)   protocol (16)
//                                sum (32)?   key (32)?   number (32)?                Ethernet or IP
//                       of ERSPAN, and with a number:   version (4) ...  (64)         Ethernet
//     IP, protocol 4, 41         nothing                                             IPv4, IPv6
//
// A tunnel is in a packet whose headers were read, and in no fragment. What it carries ends where its packet
// does. Whoever wants what is inside decodes it as a frame of its own:
//
//     offset + declaredByteCount == end of the packet around it, on the wire
//
// RFC 7348 section 5, draft-ietf-nvo3-vxlan-gpe section 3, draft-foschiano-erspan section 4,
// RFC 8926 section 3.4, RFC 2784 and 2890, RFC 2003, RFC 2473.

/// A packet inside of another.
public struct Tunnel: Equatable, Sendable {
  /// How it is carried.
  public enum Kind: String, Sendable, CaseIterable {
    /// RFC 7348.
    case vxlan
    /// RFC 8926.
    case geneve
    /// RFC 2784.
    case gre
    /// IP in IP.
    case ip
  }

  /// How it is carried.
  public let kind: Kind
  /// The number of the network, or GRE's key; nil if there is none.
  public let identifier: UInt32?
  /// Bytes before what is inside, from the start of the frame.
  public let offset: Int
  /// Bytes of what is inside on the wire, as the packet around it says.
  public let declaredByteCount: Int
  /// How what is inside begins: Ethernet or raw IP.
  public let linkType: LinkType

  package init(
    kind: Kind, identifier: UInt32?, offset: Int, declaredByteCount: Int, linkType: LinkType
  ) {
    self.kind = kind
    self.identifier = identifier
    self.offset = offset
    self.declaredByteCount = declaredByteCount
    self.linkType = linkType
  }

  /// Bytes of a frame that are inside, as far as they were captured.
  @_lifetime(copy bytes)
  public func inner(of bytes: RawSpan) -> RawSpan {
    let start = Swift.min(offset, bytes.byteCount)
    return bytes.extracting(start..<Swift.min(offset + declaredByteCount, bytes.byteCount))
  }
}

extension DecodedFrame {
  /// The tunnel that the payload is; nil if it is none, or one whose header is not all there.
  ///
  /// - Parameter bytes: the captured bytes of the frame that this was decoded from.
  public func tunnel(in bytes: RawSpan) -> Tunnel? {
    guard hasNetworkHeader, network == .ipv4 || network == .ipv6, !isFragment else { return nil }
    if transport == .udp {
      guard hasTransportHeader else { return nil }
      switch destinationPort {
      case 4_789, 8_472: return vxlan(bytes)
      case 4_790: return vxlan(bytes, isGeneric: true)
      case 6_081: return geneve(bytes)
      default: return nil
      }
    }
    guard transport == .other else { return nil }
    let start = transportOffset
    let end = networkOffset + ipTotalByteCount
    switch `protocol` {
    case .gre: return gre(bytes, start, end)
    case .ipv4, .ipv6:
      guard start < end else { return nil }
      return Tunnel(
        kind: .ip, identifier: nil, offset: start, declaredByteCount: end - start, linkType: .raw)
    default: return nil
    }
  }

  /// - Parameter isGeneric: whether the header may say what it carries.
  private func vxlan(_ bytes: RawSpan, isGeneric: Bool = false) -> Tunnel? {
    let (start, count) = (payloadOffset, declaredPayloadByteCount)
    guard count >= 8, bytes.byteCount >= start + 8 else { return nil }
    let header = FixedBytes<8>(bytes, at: start)
    // The number counts if the flag says so, and a packet without it is none.
    let flags = header.uint8(at: 0)
    guard flags & 0x08 != 0 else { return nil }
    var linkType = LinkType.ethernet
    if isGeneric {
      // Version 0, and a flag where the protocol counts.
      guard flags & 0x30 == 0 else { return nil }
      switch flags & 0x04 == 0 ? 3 : header.uint8(at: 3) {
      case 1, 2: linkType = .raw
      case 3: break
      default: return nil
      }
    }
    return Tunnel(
      kind: .vxlan, identifier: header.uint32(at: 4) >> 8, offset: start + 8,
      declaredByteCount: count - 8, linkType: linkType)
  }

  private func geneve(_ bytes: RawSpan) -> Tunnel? {
    let (start, count) = (payloadOffset, declaredPayloadByteCount)
    guard count >= 8, bytes.byteCount >= start + 8 else { return nil }
    let header = FixedBytes<8>(bytes, at: start)
    let headerByteCount = 8 + 4 * Int(header.uint8(at: 0) & 0x3f)
    guard header.uint8(at: 0) >> 6 == 0, headerByteCount <= count,
      let linkType = Self.linkType(of: header.uint16(at: 2))
    else { return nil }
    return Tunnel(
      kind: .geneve, identifier: header.uint32(at: 4) >> 8, offset: start + headerByteCount,
      declaredByteCount: count - headerByteCount, linkType: linkType)
  }

  private func gre(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Tunnel? {
    guard end - start >= 4, bytes.byteCount >= start + 4 else { return nil }
    let header = FixedBytes<4>(bytes, at: start)
    let flags = header.uint16(at: 0)
    let isERSPAN = header.uint16(at: 2) == 0x88be
    // Version 0, without the source routes of RFC 1701.
    guard flags & 0x4007 == 0,
      let linkType = isERSPAN ? .ethernet : Self.linkType(of: header.uint16(at: 2))
    else { return nil }
    let keyOffset = start + (flags & 0x8000 == 0 ? 4 : 8)
    let hasKey = flags & 0x2000 != 0
    let hasNumber = flags & 0x1000 != 0
    var inner = keyOffset + (hasKey ? 4 : 0) + (hasNumber ? 4 : 0)
    if isERSPAN, hasNumber {
      // Type II, which has a header and says so in it; type I has neither a header nor a number.
      guard bytes.byteCount > inner, FixedBytes<1>(bytes, at: inner).uint8(at: 0) >> 4 == 1 else {
        return nil
      }
      inner += 8
    }
    guard inner <= end, !hasKey || bytes.byteCount >= keyOffset + 4 else { return nil }
    return Tunnel(
      kind: .gre, identifier: hasKey ? FixedBytes<4>(bytes, at: keyOffset).uint32(at: 0) : nil,
      offset: inner, declaredByteCount: end - inner, linkType: linkType)
  }

  /// How what a protocol number of Ethernet names begins; nil for what is not looked into.
  private static func linkType(of number: UInt16) -> LinkType? {
    switch EtherType(rawValue: number) {
    case .ipv4, .ipv6: .raw
    case EtherType(rawValue: 0x6558): .ethernet
    default: nil
    }
  }
}
