// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Mbufs
import Pcap
import TestSupport
import Testing
import Wire

@testable import Replay

/// A frame that is counted without being taken apart counts as one that is.
@Suite struct PlainFrameTests {
  /// What a frame counts, and whether it was plain.
  private func tallies(
    _ bytes: [UInt8], _ linkType: LinkType, from pool: MbufPool
  ) throws -> (short: FrameTally, long: FrameTally, isPlain: Bool) {
    var packet = unsafe try pool.packet(copying: bytes.span.bytes)
    packet.linkType = linkType.rawValue
    var (short, long) = (FrameTally(), FrameTally())
    long.count(packet, packet.decoded())
    let frame = short.countPlain(packet)
    if frame == nil { short.count(packet, packet.decoded()) }
    return (short, long, frame != nil)
  }

  /// Frames of the captures, cut and with bits turned over: 20 of each.
  @Test func everyFrameOfTheCapturesCountsTheSameHoweverItIsCounted() throws {
    var random = SeededRandom(seed: 0x706c_6169)
    let pool = MbufPool()
    var (plainCount, count) = (0, 0)
    for name in try captureNames() {
      guard var reader = try? CaptureReader(path: name) else { continue }
      var number = 0
      while let frame = reader.nextFrame() {
        number += 1
        let span = frame.bytes
        let bytes = unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
        let linkType = frame.linkType
        for round in 0..<20 {
          var changed = bytes
          if round > 0, !changed.isEmpty {
            // The headers are where it matters.
            let place = Int.random(in: 0..<min(changed.count, 60), using: &random)
            changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
          }
          if round > 15 { changed.removeLast(Int.random(in: 0...changed.count, using: &random)) }
          let found = try tallies(changed, linkType, from: pool)
          try #require(
            found.short == found.long, "\(name) frame \(number): \(changed)")
          plainCount += found.isPlain ? 1 : 0
          count += 1
        }
      }
    }
    // Both ways are gone.
    #expect(plainCount > 1_000 && count - plainCount > 1_000, "\(plainCount) of \(count)")
    #expect(pool.outstanding == 0)
  }

  /// Each length that a field may have, with sums that are made right for it.
  @Test func everyLengthOfAHeaderCountsTheSame() throws {
    let pool = MbufPool()
    for transport in [UInt8(6), 17] {
      for total in 0..<80 {
        for inner in 0..<80 {
          var bytes = [UInt8](repeating: 0, count: 90)
          bytes.replaceSubrange(
            12..<24, with: [8, 0, 0x45, 0, 0, UInt8(total), 0, 0, 0, 0, 64, transport])
          bytes.replaceSubrange(26..<34, with: [10, 0, 0, 1, 10, 0, 0, 2])
          if transport == 17 {
            bytes[39] = UInt8(inner)
          } else {
            bytes[46] = UInt8(inner & 15) << 4
          }
          let header = checksum(bytes[14..<34])
          (bytes[24], bytes[25]) = (UInt8(header >> 8), UInt8(header & 0xff))
          if transport == 17, inner >= 8, 34 + inner <= bytes.count {
            let pseudo: [UInt8] = bytes[26..<34] + [0, 17, 0, UInt8(inner)]
            let sum = checksum(pseudo + bytes[34..<34 + inner])
            (bytes[40], bytes[41]) = (UInt8(sum >> 8), UInt8(sum & 0xff))
          }
          let found = try tallies(bytes, .ethernet, from: pool)
          try #require(found.short == found.long, "\(transport), \(total), \(inner)")
          let isWhole =
            transport == 17
            ? inner >= 8 && inner + 20 <= total && total <= 76
            : (inner & 15) >= 5 && 20 + 4 * (inner & 15) <= total && total <= 76
          try #require(found.isPlain == isWhole, "\(transport), \(total), \(inner)")
        }
      }
    }
  }

  private func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
    var (sum, high) = (UInt32(0), true)
    for byte in bytes {
      sum += high ? UInt32(byte) << 8 : UInt32(byte)
      high.toggle()
    }
    while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
    return ~UInt16(sum)
  }

  private func captureNames() throws -> [String] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Captures")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path())
      .filter { $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng") }.sorted()
      .map { folder.appending(path: $0).path() }
  }
}
