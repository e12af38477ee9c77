// SPDX-License-Identifier: BSD-2-Clause
import CaptureFuzzDriver
import Foundation
import Libpcap
import Pcap
import TestSupport
import Testing
import Wire

/// This library's reader beside libpcap's: each difference is one of the listed limits of libpcap.
@Suite struct DifferentialTests {
  @Test func bothReadersAgreeOnEveryCapture() throws {
    for name in try Captures.names() {
      let differences = CaptureDifferences(Captures.path(name))
      let limits: [String: Set<LibpcapLimit>] = [
        "mixed_links.pcapng": [.mixedLinkTypes], "ntp.pcap.gz": [.compression],
      ]
      #expect(differences.unexplained == [], "\(name)")
      #expect(differences.limits == limits[name] ?? [], "\(name)")
    }
  }

  @Test func bothReadersAgreeOnCapturesWithFlippedBytesAndCutOnes() throws {
    var random = SeededRandom()
    let fuzzer = CaptureFuzzer()
    var seen: Set<LibpcapLimit> = []
    for name in try Captures.names() {
      let original = try Captures.bytes(name)
      guard !original.isEmpty else { continue }
      for _ in 0..<Steps.of(original.count < 20_000 ? 2_000 : 200) {
        var bytes = original
        for _ in 0..<Int.random(in: 0...4, using: &random) {
          // Half of them among the headers.
          let limit = random.chance(50) ? bytes.count : min(bytes.count, 200)
          bytes[Int.random(in: 0..<limit, using: &random)] = .random(in: 0...255, using: &random)
        }
        if random.chance(25) { bytes.removeLast(.random(in: 0...bytes.count, using: &random)) }
        do { seen.formUnion(try fuzzer.run(bytes)) } catch { Issue.record("\(name): \(error)") }
      }
    }
    #expect(seen.isSuperset(of: [.version, .mixedLinkTypes]))
  }

  /// Each limit is met by a file made for it, so that none is on the list for nothing.
  @Test func eachLimitIsOne() throws {
    let frame: [UInt8] = Array(1...60)
    let record = (UInt32(7), UInt32(5), UInt32(60), UInt32(60), frame)
    var files: [LibpcapLimit: [UInt8]] = [
      .snapshotLength: pcap([record], snapshot: 1),
      .version: pcap([record], version: (2, 5)),
      .signs: pcap([(7, 0xffff_ffff, 60, 60, frame)]),
      .compression: Compressed.zstd.bytes,
    ]
    // The device's address stands in two bytes.
    files[.hostOrder] = pcap(
      [(7, 5, 64, 64, Array(1...64))], linkWord: 189, bigEndian: true)
    func blocks(_ make: (inout BlockBuilder) -> Void) -> [UInt8] {
      var blocks = BlockBuilder()
      make(&blocks)
      blocks.enhanced(frame)
      return blocks.bytes
    }
    let plain = blocks { $0.interface() }
    files[.mixedLinkTypes] = blocks {
      $0.interface()
      $0.interface(101)
    }
    files[.mixedSnapshotLengths] = blocks {
      $0.interface()
      $0.interface(1, snapshot: 64)
    }
    var swapped = BlockBuilder(bigEndian: true)
    swapped.interface()
    files[.mixedByteOrders] = plain + swapped.bytes
    files[.binaryTicks] = blocks {
      $0.interface(1, $0.resolution(0x80 + 40))
      $0.enhanced(frame, ticks: 0x1_abcd_ef01_2345)
    }
    files[.tickUnit] = blocks { $0.interface(1, $0.resolution(20)) }
    files[.options] = blocks { $0.interface(1, $0.resolution(9) + $0.half(7) + $0.half(900)) }
    files[.options] = blocks { $0.interface(1, $0.option(9, [6, 0]) + $0.option(0, [])) }
    files[.blockLength] = blocks {
      $0.interface()
      $0.block(5, [UInt8](repeating: 0, count: 16_777_216))
    }
    var later = BlockBuilder()
    later.block(
      0x0a0d_0d0a,
      later.words([0x1a2b_3c4d]) + later.half(9) + later.half(0)
        + [UInt8](repeating: 0xff, count: 8))
    later.interface()
    later.enhanced(frame)
    files[.laterSections] = later.bytes
    var unchecked = plain
    unchecked[24] ^= 4
    files[.firstSection] = unchecked
    let fuzzer = CaptureFuzzer()
    for limit in LibpcapLimit.allCases {
      let bytes = try #require(files[limit], "\(limit)")
      #expect(try fuzzer.run(bytes) == [limit], "\(limit)")
    }
  }

  @Test func everyLinkTypeHasLibpcapsNumbers() throws {
    let file = try TemporaryFile()
    for number: UInt32 in 0..<400 {
      try file.write(words([0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 262_144, number]))
      let own = try CaptureReader(path: file.path)
      let theirs = try LibpcapReader(path: file.path)
      #expect(own.linkType == theirs.linkType, "\(number)")
      #expect(own.snapshotByteCount == theirs.snapshotByteCount, "\(number)")
      let type = LinkType(rawValue: number)
      guard let inFile = type.inFile else { continue }
      try file.write(words([0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 262_144, inFile]))
      #expect(try LibpcapReader(path: file.path).linkType == type, "\(number)")
    }
  }
}
