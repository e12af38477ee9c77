// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Wire

@Suite struct PlainUDPTests {
  /// A UDP datagram over IPv4, from its IP header on.
  private static let datagram: [UInt8] =
    [
      0x45, 0, 0, 36, 0, 1, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
      0x13, 0x88, 0, 7, 0, 16, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8,
    ]

  /// The short way and the walk say the same, whatever the bytes.
  @Test(arguments: [LinkType.ethernet, .raw, LinkType(rawValue: 101), LinkType(rawValue: 14)])
  func theShortWaySaysWhatTheWalkSays(linkType: LinkType) {
    var random = SeededRandom()
    let front = linkType == .ethernet ? [UInt8](repeating: 2, count: 12) + [8, 0] : []
    var plain = 0
    for step in 0..<20_000 {
      var bytes = front + Self.datagram
      for _ in 0..<step % 4 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      if random.chance(20) { bytes += [UInt8](repeating: 9, count: 3) }
      if random.chance(20) { bytes.removeLast(Int.random(in: 1...20, using: &random)) }
      let wire = bytes.count + (random.chance(10) ? 4 : 0)
      let lax = unsafe DecodedFrame(
        lax: bytes.span.bytes, linkType: linkType, capturedByteCount: bytes.count,
        wireByteCount: wire)
      let walked = unsafe DecodedFrame(
        walking: bytes.span.bytes, linkType: linkType, capturedByteCount: bytes.count,
        wireByteCount: wire)
      #expect(lax == walked, "\(bytes)")
      if lax.flags == .bothHeaders { plain += 1 }
    }
    #expect(plain > 5_000)
  }
}
