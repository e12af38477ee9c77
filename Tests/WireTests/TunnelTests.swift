// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

/// Packets inside of others.
@Suite struct TunnelTests {
  /// An IPv4 packet in Ethernet.
  private func ipv4(_ number: UInt8, _ payload: [UInt8], fragment: UInt16 = 0) -> [UInt8] {
    let total = 20 + payload.count
    let header: [UInt8] =
      [0x45, 0, UInt8(total >> 8), UInt8(total & 255), 0, 1]
      + [UInt8(fragment >> 8), UInt8(fragment & 255), 64, number, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
    return [UInt8](repeating: 2, count: 12) + [8, 0] + header + payload
  }

  private func udp(_ port: UInt16, _ payload: [UInt8]) -> [UInt8] {
    let count = 8 + payload.count
    return ipv4(
      17,
      [
        0x12, 0x34, UInt8(port >> 8), UInt8(port & 255), UInt8(count >> 8), UInt8(count & 255), 0,
        0,
      ]
        + payload)
  }

  private func tunnel(_ bytes: [UInt8], captured: Int? = nil) -> Tunnel? {
    let shown = Array(bytes.prefix(captured ?? bytes.count))
    let span = unsafe shown.span.bytes
    let frame = DecodedFrame(
      lax: span, linkType: .ethernet, capturedByteCount: shown.count, wireByteCount: bytes.count)
    return frame.tunnel(in: span)
  }

  private let inside = (0..<60).map { UInt8($0) }

  @Test func vxlanCarriesEthernetUnderANumber() {
    let header: [UInt8] = [8, 0, 0, 0, 0, 1, 2, 0]
    let bytes = udp(4_789, header + inside)
    #expect(
      tunnel(bytes)
        == Tunnel(
          kind: .vxlan, identifier: 0x102, offset: 50, declaredByteCount: 60, linkType: .ethernet))
    #expect(tunnel(udp(4_789, [0] + header.dropFirst() + inside)) == nil)
    // Linux's port from before the number was given.
    #expect(tunnel(udp(8_472, header + inside)) == tunnel(bytes))
    #expect(tunnel(udp(4_788, header + inside)) == nil)
    #expect(tunnel(udp(4_789, Array(header.dropLast()))) == nil)
    // Cut by the capture: the header must be there, what is inside need not.
    #expect(tunnel(bytes, captured: 50)?.declaredByteCount == 60)
    #expect(tunnel(bytes, captured: 49) == nil)
  }

  /// Protocols 0 to 5 of VXLAN-GPE, with and without the flag that makes them count.
  @Test func genericVXLANCarriesWhatItsProtocolSays() {
    for number in UInt8(0)...5 {
      for flags in [UInt8(0x08), 0x0c, 0x04, 0x1c, 0x2c] {
        let found = tunnel(udp(4_790, [flags, 0, 0, number, 0, 1, 2, 0] + inside))
        let linkType: LinkType? =
          switch (flags, number) {
          case (0x08, _), (0x0c, 3): .ethernet
          case (0x0c, 1), (0x0c, 2): .raw
          default: nil
          }
        let wanted = linkType.map { linkType in
          Tunnel(
            kind: .vxlan, identifier: 0x102, offset: 50, declaredByteCount: 60, linkType: linkType)
        }
        #expect(found == wanted, "flags \(flags), protocol \(number)")
      }
    }
  }

  @Test func erspanCarriesEthernetBehindTheHeaderOfItsType() {
    // Type I has nothing, type II a number in GRE and eight bytes.
    let second: [UInt8] = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 9]
    let header: [UInt8] = [0x10, 1, 0, 7, 0, 0, 0, 0]
    for (front, offset) in [([0, 0, 0x88, 0xbe], 38), (second + header, 50)] as [([UInt8], Int)] {
      #expect(
        tunnel(ipv4(47, front + inside))
          == Tunnel(
            kind: .gre, identifier: nil, offset: offset, declaredByteCount: 60,
            linkType: .ethernet))
    }
    // Cut inside of the header, and of another version.
    #expect(tunnel(ipv4(47, second + header.dropLast())) == nil)
    #expect(tunnel(ipv4(47, second + header + inside), captured: 42) == nil)
    #expect(tunnel(ipv4(47, second + [0x20] + header.dropFirst() + inside)) == nil)
  }

  @Test(arguments: [(UInt16(0x6558), LinkType.ethernet), (0x0800, .raw), (0x86dd, .raw)])
  func geneveCarriesEthernetOrIPBehindItsOptions(_ number: UInt16, _ linkType: LinkType) {
    for words in [0, 1, 15] {
      let header: [UInt8] =
        [UInt8(words), 0, UInt8(number >> 8), UInt8(number & 255), 0, 0, 9, 0]
        + [UInt8](repeating: 7, count: 4 * words)
      let bytes = udp(6_081, header + inside)
      #expect(
        tunnel(bytes)
          == Tunnel(
            kind: .geneve, identifier: 9, offset: 50 + 4 * words, declaredByteCount: 60,
            linkType: linkType))
      // Options that end behind the datagram.
      #expect(words == 0 || tunnel(udp(6_081, Array(header.dropLast()))) == nil)
    }
    #expect(tunnel(udp(6_081, [0x40, 0, 0x65, 0x58, 0, 0, 0, 0] + inside)) == nil)
    #expect(tunnel(udp(6_081, [0, 0, 0x88, 0x47, 0, 0, 0, 0] + inside)) == nil)
  }

  /// Every set of flags that GRE has.
  @Test func greCarriesWhatItsFlagsLeaveRoomFor() {
    for flags in UInt16(0)..<16 {
      let (sum, route, key, number) = (flags & 8, flags & 4, flags & 2, flags & 1)
      var payload: [UInt8] = [UInt8(flags << 4), 0, 8, 0]
      if sum != 0 { payload += [1, 1, 0, 0] }
      if key != 0 { payload += [0, 0, 0, 77] }
      if number != 0 { payload += [0, 0, 0, 1] }
      let found = tunnel(ipv4(47, payload + inside))
      if route != 0 {
        #expect(found == nil)
      } else {
        #expect(
          found
            == Tunnel(
              kind: .gre, identifier: key != 0 ? 77 : nil, offset: 34 + payload.count,
              declaredByteCount: 60, linkType: .raw))
        #expect(tunnel(ipv4(47, Array(payload.dropLast()))) == nil)
      }
    }
    #expect(tunnel(ipv4(47, [0, 0, 0x65, 0x58] + inside))?.linkType == .ethernet)
    // PPTP's version has a call and a length in the place of a key.
    #expect(tunnel(ipv4(47, [0x20, 1, 0x88, 0x0b, 0, 60, 0, 1] + inside)) == nil)
  }

  @Test func ipCarriesIP() {
    for number in [UInt8(4), 41] {
      #expect(
        tunnel(ipv4(number, inside))
          == Tunnel(
            kind: .ip, identifier: nil, offset: 34, declaredByteCount: 60, linkType: .raw))
      #expect(tunnel(ipv4(number, [])) == nil)
      #expect(tunnel(ipv4(number, inside, fragment: 5)) == nil)
      #expect(tunnel(ipv4(number, inside, fragment: 0x2000)) == nil)
    }
    #expect(tunnel(ipv4(6, inside)) == nil && tunnel(ipv4(50, inside)) == nil)
  }

  @Test func whatIsInsideEndsWithItsPacketAndWithTheCapture() throws {
    let bytes = ipv4(4, inside) + [UInt8](repeating: 0xee, count: 6)
    let found = try #require(tunnel(bytes))
    let span = unsafe bytes.span.bytes
    #expect(found.inner(of: span).byteCount == 60)
    #expect(found.inner(of: span.extracting(first: 50)).byteCount == 16)
    #expect(found.inner(of: span.extracting(first: 10)).byteCount == 0)
  }

  @Test func anyBytesAreLegal() {
    var state: UInt64 = 7
    for round in 0..<20_000 {
      var bytes = round % 2 == 0 ? udp(round % 4 == 0 ? 4_789 : 6_081, inside) : ipv4(47, inside)
      for _ in 0..<4 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      let count = Int(state >> 40) % (bytes.count + 1)
      guard let found = tunnel(bytes, captured: count) else { continue }
      #expect(found.offset <= count + 64 && found.declaredByteCount >= 0)
      #expect(unsafe found.inner(of: bytes.span.bytes.extracting(first: count)).byteCount <= count)
    }
  }
}
