// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Wire

@Suite struct DecodedFrameTests {
  @Test func plainUDP() {
    let bytes = Frames.ethernet(.ipv4, Frames.ipv4(.udp, Frames.udp([1, 2, 3])))
    let frame = DecodedFrame(bytes)
    #expect(frame.stop == nil)
    #expect(frame.link == .ethernet && frame.network == .ipv4 && frame.transport == .udp)
    #expect(frame.etherType == .ipv4 && frame.protocol == .udp && frame.vlanTagCount == 0)
    #expect(frame.networkOffset == 14 && frame.transportOffset == 34 && frame.payloadOffset == 42)
    #expect(frame.ipHeaderByteCount == 20 && frame.ipTotalByteCount == 31)
    #expect(frame.transportByteCount == 11 && frame.payloadByteCount == 3)
    #expect(frame.sourcePort == 0x1234 && frame.destinationPort == 53)
    #expect(frame.source == .v4(Frames.v4.0) && frame.destination == .v4(Frames.v4.1))
    #expect(frame.ipv4HeaderChecksum == .valid)
    #expect(frame.transportChecksumResult(in: bytes.raw) == .valid)
    #expect(!frame.isFragment && !frame.isTruncated)
  }

  @Test func everyLinkTypeCarriesEveryPacket() {
    for type in Frames.linkTypes where type.isSupported {
      for (etherType, packet) in Frames.packets {
        if etherType == .arp, ![.ethernet, .linuxSLL, .linuxSLL2].contains(type) { continue }
        if type == .ipv4, etherType != .ipv4 { continue }
        if type == .ipv6, etherType != .ipv6 { continue }
        let bytes = Frames.link(type, etherType, packet)
        let frame = DecodedFrame(bytes, type)
        #expect(frame.stop == nil, "\(type) \(etherType)")
        #expect(frame.etherType == etherType, "\(type)")
        #expect(frame.networkOffset == bytes.count - packet.count)
        #expect(frame.hasNetworkHeader)
        let result = frame.transportChecksumResult(in: bytes.raw)
        if let result { #expect(result == (frame.isFragment ? .unverifiable : .valid)) }
      }
    }
  }

  @Test func unsupportedLinkTypesAreNotRead() {
    let frame = DecodedFrame([UInt8](repeating: 0x45, count: 60), LinkType(rawValue: 127))
    #expect(frame.link == .unsupported && frame.network == .other && frame.stop == nil)
    #expect(frame.payloadOffset == 0 && frame.payloadByteCount == 60)
  }

  // MARK: - Link

  struct TagCase {
    var tags: [EtherType]
    var isQinQ: Bool
    var hasCustomerTag: Bool
  }

  @Test(arguments: [
    TagCase(tags: [], isQinQ: false, hasCustomerTag: false),
    TagCase(tags: [.vlan], isQinQ: false, hasCustomerTag: true),
    TagCase(tags: [.serviceVLAN], isQinQ: true, hasCustomerTag: false),
    TagCase(tags: [.oldServiceVLAN], isQinQ: true, hasCustomerTag: true),
    TagCase(tags: [.serviceVLAN, .vlan], isQinQ: true, hasCustomerTag: true),
    TagCase(tags: [.vlan, .vlan], isQinQ: true, hasCustomerTag: true),
    TagCase(tags: [.vlan, .vlan, .vlan], isQinQ: true, hasCustomerTag: true),
  ])
  func tags(_ row: TagCase) {
    let types = row.tags + [.ipv4]
    var packet: [UInt8] = []
    for index in row.tags.indices {
      packet += Frames.tag(UInt16(100 + index), types[index + 1])
    }
    let bytes = Frames.ethernet(types[0], packet + Frames.ipv4(.udp, Frames.udp([9])))
    let frame = DecodedFrame(bytes)
    #expect(frame.stop == nil)
    #expect(frame.vlanTagCount == row.tags.count)
    #expect(frame.isQinQ == row.isQinQ)
    #expect(frame.tags.hasCustomerTag == row.hasCustomerTag)
    #expect(frame.tags.outerIdentifier == (row.tags.isEmpty ? nil : 100))
    #expect(frame.tags.innerIdentifier == (row.tags.count < 2 ? nil : 101))
    #expect(frame.transport == .udp && frame.networkOffset == 14 + 4 * row.tags.count)
    #expect(frame.payload(of: bytes) == [9])
  }

  @Test(arguments: [9, 40, 255, 256, 1_000]) func aTowerOfTagsIsFollowed(count: Int) {
    let tags = (1..<count).flatMap { _ in Frames.tag(1, .vlan) } + Frames.tag(1, .ipv4)
    let packet = tags + Frames.ipv4(.udp, Frames.udp([9]))
    let frame = DecodedFrame(Frames.ethernet(.vlan, packet))
    #expect(frame.vlanTagCount == min(count, 255) && frame.stop == nil)
    #expect(frame.transport == .udp && frame.networkOffset == 14 + 4 * count)
    // Without an end.
    let cut = DecodedFrame(Frames.ethernet(.vlan, Array(tags.dropLast(4))))
    #expect(
      cut.stop == ParseError(.vlan, .tooShort, wanted: 4, available: 0, offset: 10 + 4 * count))
  }

  @Test func lengthFrames() {
    // A spanning tree message of 38 bytes in a frame padded to 60.
    var bytes = Frames.ethernet(EtherType(rawValue: 38), [0x42, 0x42, 3])
    bytes += [UInt8](repeating: 0, count: 60 - bytes.count)
    let other = DecodedFrame(bytes)
    #expect(other.link == .length && other.network == .other && other.stop == nil)
    #expect(other.payloadOffset == 14 && other.payloadByteCount == 38)

    let packet = Frames.ipv4(.udp, Frames.udp([1]))
    let snap = Frames.ethernet(
      EtherType(rawValue: UInt16(8 + packet.count)), [UInt8](hex: "aaaa030000000800") + packet)
    let inside = DecodedFrame(snap)
    #expect(inside.link == .length && inside.network == .ipv4 && inside.transport == .udp)
    #expect(inside.networkOffset == 22 && inside.payload(of: snap) == [1])
  }

  @Test func aLinkLengthBeyondTheWireIsBad() {
    let packet = Frames.ipv4(.udp, Frames.udp([1]))
    let inner = [UInt8](hex: "aaaa030000000800") + packet
    for (length, isBad) in [(inner.count, false), (inner.count + 1, true), (1500, true)] {
      let bytes = Frames.ethernet(EtherType(rawValue: UInt16(length)), inner)
      let frame = DecodedFrame(bytes)
      #expect(frame.flags.contains(.badLinkLength) == isBad)
      #expect(frame.transport == .udp && frame.payload(of: bytes) == [1])
    }
  }

  // MARK: - Lengths

  @Test func paddingStaysOutOfThePayload() {
    for (etherType, packet) in Frames.packets where etherType != .arp {
      let bytes = Frames.ethernet(etherType, packet)
      let bare = DecodedFrame(bytes)
      for padding in [1, 18, 46] where packet.count > 40 || etherType == .ipv4 {
        let padded = bytes + [UInt8](repeating: 0xdd, count: padding)
        let frame = DecodedFrame(padded)
        #expect(frame.payloadByteCount == bare.payloadByteCount)
        #expect(frame.declaredPayloadByteCount == bare.declaredPayloadByteCount)
        #expect(!frame.payload(of: padded).contains(0xdd))
        #expect(
          frame.transportChecksumResult(in: padded.raw)
            == bare.transportChecksumResult(in: bytes.raw))
      }
    }
  }

  @Test func theUDPLengthBoundsThePayloadToo() {
    var datagram = Frames.udp([1, 2, 3])
    datagram += [0xdd, 0xdd]
    let bytes = Frames.ethernet(.ipv4, Frames.ipv4(.udp, datagram))
    let frame = DecodedFrame(bytes)
    #expect(frame.stop == nil && frame.payload(of: bytes) == [1, 2, 3])
    #expect(frame.transportChecksumResult(in: bytes.raw) == .valid)
  }

  @Test func anEmptyIPv6PacketHasNoPayload() {
    let bytes = Frames.ethernet(.ipv6, Frames.ipv6(.noNextHeader, [])) + [0, 0, 0, 0, 0, 0]
    let frame = DecodedFrame(bytes)
    #expect(frame.payloadByteCount == 0 && frame.transport == .other)
  }

  @Test func aTotalLengthOfZeroMeansTheWholeFrame() {
    for isIPv6 in [false, true] {
      var packet =
        isIPv6
        ? Frames.ipv6(.tcp, Frames.tcp([UInt8](1...100), isIPv6: true))
        : Frames.ipv4(.tcp, Frames.tcp([UInt8](1...100)))
      packet.put(0, at: isIPv6 ? 4 : 2)
      let bytes = Frames.ethernet(isIPv6 ? .ipv6 : .ipv4, packet)
      let frame = DecodedFrame(bytes)
      #expect(frame.stop == nil && frame.transport == .tcp)
      #expect(frame.ipTotalByteCount == packet.count && frame.payloadByteCount == 100)
      #expect(frame.flags.contains(.openLength))
      #expect(frame.transportChecksumResult(in: bytes.raw) == .valid)
    }
  }

  @Test func aLengthBeyondTheCaptureIsACut() {
    let whole = Frames.ethernet(.ipv4, Frames.ipv4(.udp, Frames.udp([UInt8](1...100))))
    let bytes = [UInt8](whole[..<64])
    let frame = DecodedFrame(bytes, wireByteCount: whole.count)
    #expect(frame.stop == nil && frame.isTruncated && frame.transport == .udp)
    #expect(frame.payloadByteCount == 22 && frame.declaredPayloadByteCount == 100)
    #expect(frame.transportChecksumResult(in: bytes.raw) == .unverifiable)
    let strict = strictFailure(bytes, wireByteCount: whole.count)
    #expect(strict == ParseError(.ipv4, .badLength, wanted: 128, available: 50, offset: 14))
  }

  @Test func aLengthBeyondTheWireIsBad() {
    var bytes = Frames.ethernet(.ipv4, Frames.ipv4(.udp, Frames.udp([1, 2, 3])))
    bytes.put(500, at: 16)
    let frame = DecodedFrame(bytes)
    let error = ParseError(.ipv4, .badLength, wanted: 500, available: 31, offset: 14)
    #expect(frame.stop == error)
    #expect(!frame.isTruncated && frame.transport == .udp && frame.payload(of: bytes) == [1, 2, 3])
    #expect(frame.transportChecksumResult(in: bytes.raw) == .unverifiable)
    #expect(strictFailure(bytes) == error)
  }

  @Test func badUDPLengths() {
    for (length, error) in [
      (7, ParseError(.udp, .badLength, wanted: 8, available: 7, limitedBy: .udpLength, offset: 34)),
      (0, ParseError(.udp, .badLength, wanted: 8, available: 0, limitedBy: .udpLength, offset: 34)),
      (
        12,
        ParseError(
          .udp, .badLength, wanted: 12, available: 11, limitedBy: .ipTotalLength, offset: 34)
      ),
    ] as [(UInt16, ParseError)] {
      var bytes = Frames.ethernet(.ipv4, Frames.ipv4(.udp, Frames.udp([1, 2, 3])))
      bytes.put(length, at: 38)
      let frame = DecodedFrame(bytes)
      #expect(frame.stop == error)
      #expect(frame.transport == .udp && frame.destinationPort == 53)
      #expect(frame.transportChecksumResult(in: bytes.raw) == .unverifiable)
    }
  }

  // MARK: - Fragments

  @Test func fragmentsOfIPv4() {
    let first = Frames.ethernet(
      .ipv4, Frames.ipv4(.udp, Frames.udp([UInt8](1...16)), flags: .moreFragments))
    var frame = DecodedFrame(first)
    #expect(frame.isFragment && frame.isFirstFragment && frame.moreFragments)
    #expect(frame.transport == .udp && frame.destinationPort == 53)
    #expect(frame.transportChecksumResult(in: first.raw) == .unverifiable)

    // These bytes would make a fine UDP header, were they one.
    let last = Frames.ethernet(.ipv4, Frames.ipv4(.udp, Frames.udp([1]), fragmentOffset: 1480))
    frame = DecodedFrame(last)
    #expect(frame.isFragment && !frame.isFirstFragment && frame.fragmentOffset == 1480)
    #expect(frame.transport == .none && frame.protocol == .udp && frame.destinationPort == 0)
    #expect(!frame.hasTransportHeader && frame.payloadOffset == 34 && frame.payloadByteCount == 9)
    #expect(frame.transportChecksumResult(in: last.raw) == nil)
    #expect(frame.stop == nil)
  }

  @Test func aFirstFragmentMayBeShorterThanItsDatagram() {
    var datagram = Frames.udp([UInt8](1...16))
    datagram.put(3000, at: 4)
    let bytes = Frames.ethernet(.ipv4, Frames.ipv4(.udp, datagram, flags: .moreFragments))
    let frame = DecodedFrame(bytes)
    #expect(frame.stop == nil && frame.payloadByteCount == 16)
  }

  @Test(
    arguments: [
      // offset and flags, first, more, transport
      (0x0001, true, true, DecodedFrame.Transport.udp),
      (0x0000, true, false, .udp),
      (0x05a9, false, true, .none),
      (0x05a8, false, false, .none),
    ] as [(UInt16, Bool, Bool, DecodedFrame.Transport)])
  func fragmentsOfIPv6(bits: UInt16, first: Bool, more: Bool, transport: DecodedFrame.Transport) {
    var header = [UInt8](hex: "1100 0000 00000009")
    header.put(bits, at: 2)
    let bytes = Frames.ethernet(
      .ipv6, Frames.ipv6(.fragment, header + Frames.udp([1, 2], isIPv6: true)))
    let frame = DecodedFrame(bytes)
    #expect(frame.isFragment && frame.isFirstFragment == first && frame.moreFragments == more)
    #expect(frame.transport == transport && frame.protocol == .udp)
    #expect(frame.transportOffset == 62)
    // A fragment header on a whole datagram hides nothing.
    let wanted: ChecksumResult? = transport == .none ? nil : more ? .unverifiable : .valid
    #expect(frame.transportChecksumResult(in: bytes.raw) == wanted)
  }

  // MARK: - Checksums

  @Test func checksumsThatAreNotRight() {
    func result(_ field: UInt16, isIPv6: Bool) -> ChecksumResult? {
      let datagram = Frames.udp([1, 2, 3], isIPv6: isIPv6)
      let packet = isIPv6 ? Frames.ipv6(.udp, datagram) : Frames.ipv4(.udp, datagram)
      var bytes = Frames.ethernet(isIPv6 ? .ipv6 : .ipv4, packet)
      bytes.put(field, at: isIPv6 ? 60 : 40)
      return DecodedFrame(bytes).transportChecksumResult(in: bytes.raw)
    }
    #expect(result(0, isIPv6: false) == .absent)
    #expect(result(0, isIPv6: true) == .invalid)
    for isIPv6 in [false, true] {
      #expect(result(1, isIPv6: isIPv6) == .invalid)
      let partial = Frames.pseudoHeader(.udp, 11, isIPv6: isIPv6).folded
      #expect(result(partial, isIPv6: isIPv6) == .partial)
    }
  }

  @Test func aRouteNotYetFinishedCannotBeVerified() {
    let routing = [UInt8](hex: "1100 0401 00000000")
    let bytes = Frames.ethernet(
      .ipv6, Frames.ipv6(.routing, routing + Frames.udp([1], isIPv6: true)))
    let frame = DecodedFrame(bytes)
    #expect(frame.transport == .udp)
    #expect(frame.transportChecksumResult(in: bytes.raw) == .unverifiable)
  }
}
