// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Mbufs
import Testing
import Wire

@testable import Replay

@Suite struct FrameTallyTests {
  private func tally(_ frames: [[UInt8]], _ linkType: LinkType = .ethernet) throws -> FrameTally {
    let pool = MbufPool()
    var tally = FrameTally()
    for frame in frames {
      let packet = unsafe try pool.packet(copying: frame.span.bytes)
      tally.count(packet, packet.decoded(linkType))
    }
    return tally
  }

  @Test func checksumsAreCountedByResult() throws {
    let right = Frame.udp().bytes
    var wrongHeader = right
    wrongHeader[24] ^= 1
    var wrong = right
    wrong[45] ^= 1
    var absent = right
    absent[40] = 0
    absent[41] = 0
    let cut = Array(right.dropLast(2))
    let tally = try tally([right, wrongHeader, wrong, absent, cut])
    #expect(tally.protocols.udp == 5)
    #expect(tally.ipv4Checksums.valid == 4)
    #expect(tally.ipv4Checksums.invalid == 1)
    let udp = tally.udpChecksums
    #expect(udp.absent == 1)
    #expect(udp.unverifiable >= 1)
    #expect(udp.valid + udp.invalid + udp.absent + udp.partial + udp.unverifiable <= 5)
  }

  @Test func whereDecodingEndsIsCountedByLayerAndReason() throws {
    let right = Frame.udp().bytes
    let tally = try tally([
      right, Array(right.prefix(13)), Array(right.prefix(33)), Array(right.prefix(38)),
      Array(right.prefix(39)),
    ])
    func count(_ layer: ParseError.Layer, _ reason: ParseError.Reason) -> Int? {
      tally.stops[ParseError.Stop(ParseError(layer, reason, wanted: 0, available: 0))]
    }
    #expect(count(.ethernet, .tooShort) == 1)
    #expect(count(.ipv4, .tooShort) == 1)
    // The IP length is found wrong before the UDP header is.
    #expect(count(.ipv4, .badLength) == 2)
    #expect(tally.stops.values.reduce(0, +) == 4)
    #expect(tally.protocols.other == 1)
    #expect(tally.protocols.ipv4 == 4)
  }

  @Test func aChecksumIsRightOverAnyNumberOfSegments() throws {
    let payload = (0..<7_001).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let whole = Frame.udp(payload: payload).bytes
    let pool = MbufPool()
    for split in [42, 43, 100, 2_047, 2_048, 2_049, 4_097, whole.count - 1] {
      for isRight in [true, false] {
        var bytes = whole
        if !isRight { bytes[bytes.count - 1] ^= 1 }
        let (front, back) = (Array(bytes[..<split]), Array(bytes[split...]))
        var packet = unsafe try pool.packet(copying: front.span.bytes)
        let rest = unsafe try pool.packet(copying: back.span.bytes)
        packet.join(rest)
        var tally = FrameTally()
        tally.count(packet, packet.decoded(.ethernet))
        #expect(tally.udpChecksums.valid == (isRight ? 1 : 0), "split at \(split)")
        #expect(tally.udpChecksums.invalid == (isRight ? 0 : 1), "split at \(split)")
      }
    }
    #expect(pool.outstanding == 0)
  }

  @Test func anUnsupportedLinkTypeIsOther() throws {
    let tally = try tally([Frame.udp().bytes], LinkType(rawValue: 147))
    #expect(tally.protocols.other == 1)
    #expect(tally.protocols.udp == 0)
  }

  @Test func anyBytesAreCountedOnce() throws {
    var random = SystemRandomNumberGenerator()
    for linkType in [LinkType.ethernet, .ipv4, .ipv6, .raw, .null, .loop, .linuxSLL, .linuxSLL2] {
      let frames = (0..<300).map { _ in
        var bytes = Frame.udp().bytes
        for _ in 0..<Int.random(in: 0..<8, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255)
        }
        return Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
      }
      let tally = try tally(frames, linkType)
      let p = tally.protocols
      #expect(p.arp + p.ipv4 + p.ipv6 + p.other == 300)
      #expect(tally.stops.values.reduce(0, +) <= 300)
    }
  }
}
