// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

@Suite struct DecodedTests {
  /// Frames whose headers are of every kind, by what they are.
  static let frames: [(String, LinkType, [UInt8])] = [
    ("UDP", .ethernet, ethernet([8, 0], ipv4(17, udp))),
    ("a tag", .ethernet, ethernet([0x81, 0, 0, 5, 8, 0], ipv4(17, udp))),
    ("two tags", .ethernet, ethernet([0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0], ipv4(17, udp))),
    ("SNAP", .ethernet, ethernet([0, 39, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], ipv4(17, udp))),
    ("IPv4 options", .ethernet, ethernet([8, 0], ipv4(17, udp, options: [1, 1, 1, 0]))),
    ("TCP", .ethernet, ethernet([8, 0], ipv4(6, tcp))),
    ("ICMP", .raw, ipv4(1, [8, 0, 0, 0, 0, 1, 0, 2, 3])),
    ("an IP length beyond the frame", .raw, ipv4(17, udp, excess: 400)),
    ("a UDP length beyond IP's", .raw, ipv4(17, [0, 1, 0, 2, 0, 99, 0, 0, 1, 2])),
    ("IPv6", .ipv6, ipv6(17, udp)),
    ("IPv6 extensions", .null, [30, 0, 0, 0] + ipv6(0, [60, 0, 1, 4, 0, 0, 0, 0] + extensions)),
    ("long IPv6 extensions", .ipv6, ipv6(60, longExtensions(3, words: 40) + udp)),
    ("the longest IPv6 extensions", .ipv6, ipv6(60, longExtensions(16, words: 255) + udp)),
    (
      "ARP", .ethernet,
      ethernet([8, 6], [0, 1, 8, 0, 6, 4, 0, 1] + [UInt8](repeating: 9, count: 20))
    ),
    ("nothing", .ethernet, []),
  ]

  static let udp: [UInt8] = [0x12, 0x34, 0, 53, 0, 11, 0, 0, 1, 2, 3]
  static let tcp: [UInt8] =
    [0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 2, 0x60, 2, 4, 0, 0, 0, 0, 0] + [2, 4, 5, 0xb4, 7, 8, 9]
  static let extensions: [UInt8] = [17, 0, 1, 4, 0, 0, 0, 0] + udp

  static func ethernet(_ type: [UInt8], _ packet: [UInt8]) -> [UInt8] {
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2] + type + packet
  }

  static func ipv4(
    _ number: UInt8, _ payload: [UInt8], options: [UInt8] = [], excess: Int = 0
  ) -> [UInt8] {
    let total = 20 + options.count + payload.count + excess
    return [0x45 + UInt8(options.count / 4), 0, UInt8(total >> 8), UInt8(total & 255), 0, 1, 0, 0]
      + [64, number, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2] + options + payload
  }

  static func ipv6(_ next: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [0x60, 0, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 255), next, 64]
      + [UInt8](repeating: 7, count: 32) + payload
  }

  /// Destination options one behind the other, the last followed by UDP.
  static func longExtensions(_ count: Int, words: UInt8) -> [UInt8] {
    (1...count).flatMap { index in
      [index == count ? 17 : 60, words] + [UInt8](repeating: 0, count: Int(words) * 8 + 6)
    }
  }

  /// A packet of segments that end where told.
  private func packet(
    _ pool: MbufPool, _ bytes: [UInt8], cutAt cuts: [Int]
  ) throws(MbufError) -> Packet {
    var packet = try pool.smallPacket()
    var start = 0
    for end in cuts.sorted() + [bytes.count] {
      packet.join(try pool.packet(copying: unsafe [UInt8](bytes[start..<end]).span.bytes))
      start = end
    }
    return packet
  }

  @Test(arguments: frames)
  func headersInAnySegmentsSayWhatTheySayInOne(
    name: String, linkType: LinkType, bytes: [UInt8]
  ) throws {
    let pool = MbufPool()
    let whole = DecodedFrame(
      lax: unsafe bytes.span.bytes, linkType: linkType, capturedByteCount: bytes.count,
      wireByteCount: bytes.count)
    #expect(!whole.flags.contains(.cutBySegment))
    let checksum = whole.transportChecksumResult(in: unsafe bytes.span.bytes)
    var random = SeededRandom()
    // Every place in the headers, or some of very long ones; then three cuts at once.
    let last = min(whole.payloadOffset + 8, bytes.count)
    var cuts = stride(from: 0, through: last, by: max(1, last / 300)).map { [$0] }
    for _ in 0..<100 {
      cuts.append((0..<3).map { _ in Int.random(in: 0...bytes.count, using: &random) })
    }
    for cut in cuts {
      var packet = try packet(pool, bytes, cutAt: cut)
      packet.header.linkType = linkType.rawValue
      let frame = packet.decoded()
      #expect(frame == whole, "cut at \(cut)")
      #expect(packet.transportChecksumResult(frame) == checksum, "cut at \(cut)")
    }
    #expect(pool.outstanding == 0)
  }

  @Test func aFrameCutByItsCaptureIsNoShorterInSegments() throws {
    let pool = MbufPool()
    for (name, linkType, bytes) in Self.frames where bytes.count < 200 {
      for count in 0..<bytes.count {
        let cut = [UInt8](bytes[..<count])
        let whole = DecodedFrame(
          lax: unsafe cut.span.bytes, linkType: linkType, capturedByteCount: count,
          wireByteCount: bytes.count)
        var packet = try packet(pool, cut, cutAt: [count / 2])
        packet.wireByteCount = bytes.count
        #expect(packet.decoded(linkType) == whole, "\(name), \(count) bytes")
      }
    }
  }

  @Test func aPacketIsLookedAtAndThenHandedOn() throws {
    let pool = MbufPool()
    var kept = PacketQueue()
    for (_, linkType, bytes) in Self.frames {
      let packet = try packet(pool, bytes, cutAt: [])
      let frame = packet.decoded(linkType)
      if frame.destinationPort == 53 { kept.enqueue(packet) }
    }
    #expect(kept.packetCount == 10)
  }

  @Test func aPacketThatNobodyGaveALinkTypeIsNotTakenForBSDLoopback() throws {
    let pool = MbufPool()
    for _ in 0..<2 {
      var packet = try packet(pool, [2, 0, 0, 0] + Self.ipv4(17, Self.udp), cutAt: [])
      #expect(packet.linkType == .max && PacketHeader().linkType == .max)
      let frame = packet.decoded()
      #expect(frame.link == .unsupported && frame.transport == .none)
      packet.linkType = LinkType.null.rawValue
      let known = packet.decoded()
      #expect(known.destinationPort == 53)
      // The next packet has the same mbuf.
    }
  }

  @Test func aSumIsThatOfTheBytesHoweverTheyLie() throws {
    let pool = MbufPool()
    var random = SeededRandom()
    let bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
    for _ in 0..<500 {
      let cuts = (0..<4).map { _ in Int.random(in: 0...bytes.count, using: &random) }
      let packet = try packet(pool, bytes, cutAt: cuts)
      let start = Int.random(in: 0...bytes.count, using: &random)
      let count = Int.random(in: 0...bytes.count - start, using: &random)
      var wanted = InternetChecksum()
      wanted.add(unsafe [UInt8](bytes[start..<start + count]).span.bytes)
      #expect(packet.internetChecksum(from: start, byteCount: count).folded == wanted.folded)
    }
  }
}
