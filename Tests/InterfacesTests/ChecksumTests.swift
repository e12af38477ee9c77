// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

@Suite struct ChecksumTests {
  /// Frames with a transport checksum, and where its field is.
  static let frames: [(String, LinkType, [UInt8], field: Int)] = [
    ("UDP", .ethernet, DecodedTests.frames[0].2, 14 + 20 + 6),
    ("UDP behind two tags", .ethernet, DecodedTests.frames[2].2, 22 + 20 + 6),
    ("TCP", .ethernet, DecodedTests.frames[5].2, 14 + 20 + 16),
    ("UDP over IPv6", .ipv6, DecodedTests.ipv6(17, DecodedTests.udp), 40 + 6),
    ("TCP over IPv6", .ipv6, DecodedTests.ipv6(6, DecodedTests.tcp), 40 + 16),
  ]

  /// The frame as a sender leaves it to its device: the sum of the pseudo-header in the field.
  private func partial(_ bytes: [UInt8], _ linkType: LinkType, _ field: Int) -> [UInt8] {
    let frame = unsafe DecodedFrame(
      lax: bytes.span.bytes, linkType: linkType, capturedByteCount: bytes.count,
      wireByteCount: bytes.count)
    return put(frame.pseudoHeaderSum.folded, into: bytes, at: field)
  }

  private func put(_ value: UInt16, into bytes: [UInt8], at field: Int) -> [UInt8] {
    var bytes = bytes
    bytes[field] = UInt8(value >> 8)
    bytes[field + 1] = UInt8(value & 255)
    return bytes
  }

  private func packet(
    _ pool: MbufPool, _ bytes: [UInt8], _ linkType: LinkType, cutAt cut: Int
  ) throws -> Packet {
    var packet = try pool.packet(copying: unsafe [UInt8](bytes[..<cut]).span.bytes)
    packet.join(try pool.packet(copying: unsafe [UInt8](bytes[cut...]).span.bytes))
    packet.linkType = linkType.rawValue
    packet.checksumState = .partial
    return packet
  }

  @Test(arguments: frames)
  func aSumLeftToADeviceIsFilledIn(
    name: String, linkType: LinkType, bytes: [UInt8], field: Int
  ) throws {
    let pool = MbufPool()
    let left = partial(bytes, linkType, field)
    for cut in 0...bytes.count {
      var packet = try packet(pool, left, linkType, cutAt: cut)
      let shared = try packet.sharedCopy()
      #expect(try packet.completeChecksum())
      #expect(packet.checksumState == .verified)
      #expect(packet.transportChecksumResult(packet.decoded()) == .valid)
      var expected = left
      let complete = allBytes(packet)
      expected[field] = complete[field]
      expected[field + 1] = complete[field + 1]
      #expect(complete == expected)
      // Nobody else sees it.
      #expect(allBytes(shared) == left && shared.checksumState == .partial)
    }
    #expect(pool.outstanding == 0)
  }

  @Test func aSumThatWouldBe0IsAllOnesInUDP() throws {
    let pool = MbufPool()
    let (_, linkType, bytes, field) = Self.frames[0]
    // Changes the payload until the whole segment adds up to 0xffff.
    let left = partial(bytes, linkType, field)
    var packet = try packet(pool, left, linkType, cutAt: left.count)
    let frame = packet.decoded()
    let sum = packet.internetChecksum(
      from: frame.transportOffset, byteCount: frame.transportByteCount)
    let payload = frame.transportOffset + 8
    let word = UInt32(left[payload]) << 8 | UInt32(left[payload + 1])
    let wanted = (word + UInt32(sum.complement)) % 0xffff
    packet = try self.packet(
      pool, put(UInt16(wanted), into: left, at: payload), linkType, cutAt: payload)
    try packet.completeChecksum()
    #expect(allBytes(packet)[field...].prefix(2) == [0xff, 0xff])
    #expect(packet.transportChecksumResult(packet.decoded()) == .valid)
  }

  @Test func whatHasNoSumToFillInStaysAsItIs() throws {
    let pool = MbufPool()
    for (_, linkType, bytes) in DecodedTests.frames {
      for state: PacketHeader.ChecksumState in [.unknown, .verified] {
        var packet = try packet(pool, bytes, linkType, cutAt: 0)
        packet.checksumState = state
        #expect(try packet.completeChecksum())
        #expect(allBytes(packet) == bytes && packet.checksumState == state)
      }
      // Without its end no packet's sum can be known.
      if bytes.isEmpty { continue }
      var packet = try packet(pool, Array(bytes.dropLast()), linkType, cutAt: 0)
      packet.wireByteCount = bytes.count
      if packet.decoded().isVerifiable { continue }
      #expect(try !packet.completeChecksum())
      #expect(allBytes(packet) == bytes.dropLast() && packet.checksumState == .partial)
    }
  }
}
