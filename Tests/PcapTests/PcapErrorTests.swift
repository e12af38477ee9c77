// SPDX-License-Identifier: BSD-2-Clause

import Interfaces
import Libpcap
import Mbufs
import Testing
import Wire

@testable import Pcap

@Suite struct PcapErrorTests {
  static let kinds: [(PcapError.Kind, Int32)] = [
    (.notFound, 1), (.unreadable(errno: 13), 1), (.unwritable(errno: 28), 1), (.empty, 3),
    (.badMagic(0x736e_6f6f), 3), (.compressed(.zstd), 3),
    (.unsupportedVersion(message: "unsupported pcap savefile version 3.0"), 3),
    (.truncatedHeader(wanted: 24, available: 9), 3), (.mixedLinkTypes(message: "m"), 3),
    (.mixedSnapshotLengths(message: "m"), 3), (.mixedByteOrders(message: "m"), 3),
    (.noInterface, 3), (.truncated(wanted: 66, available: 59), 3), (.corrupt(message: "m"), 3),
    (.badFilter(expression: "udp prot 53", message: "syntax error"), 64),
    (.unsupportedLinkType(9_999), 1), (.timeNotExact(nanoseconds: 1_001), 1),
    (.timeOutOfRange(nanoseconds: .max), 1), (.timeBefore1970(nanoseconds: -1), 1),
    (.frameTooLong(byteCount: 9, limit: 8), 1),
    (.library(message: "m"), 1), (.compressedTwice(.gzip, holding: .xz), 3),
    (.compressionCut(.lz4, byteCount: 9), 3), (.compressionCorrupt(.zstd, message: "m"), 3),
    (.compressionWindow(.zstd), 3), (.noLibrary(.gzip), 1),
  ]

  @Test(arguments: kinds)
  func saysThreeThingsInOneLineEach(_ kind: PcapError.Kind, _ exitCode: Int32) {
    let error = PcapError(kind, file: "x.pcap", packet: 86, byteOffset: 21_642)
    #expect(error.what.hasPrefix("x.pcap, packet 86, byte 21642: "))
    for part in [error.what, error.why, error.do] {
      #expect(!part.isEmpty)
      #expect(!part.contains("\n"))
    }
    #expect(error.description == "\(error.what): \(error.why); \(error.do)")
    #expect(InterfaceError(error).exitCode == exitCode)
  }

  @Test func namesStandardInputAndOutput() {
    #expect(PcapError(.empty, file: "-").what == "standard input: the file is empty")
    #expect(PcapError(.unwritable(errno: 32), file: "-").what.hasPrefix("standard output: "))
    #expect(PcapError(.badMagic(0x736e_6f0a), file: "x").why.contains("73 6e 6f 0a"))
    let zip = PcapError(.compressed(.gzip), file: "x.gz")
    #expect(zip.what == "x.gz: this is gzip")
    #expect(zip.do == "run gunzip -c first and read its output")
    let twice = PcapError(.compressedTwice(.zstd, holding: .xz), file: "x", isExpanded: true)
    #expect(twice.what == "x: this is xz inside zstd")
    #expect(twice.do == "run xz -dc first and read its output")
    let expanded = PcapError(.empty, file: "x", packet: 1, byteOffset: 8, isExpanded: true)
    #expect(expanded.what.hasPrefix("x, packet 1, byte 8 of the expanded capture: "))
    #expect(PcapError(.noLibrary(.lz4), file: "x").do == "install it: Debian's package is liblz4-1")
  }

  @Test func asksForAFileWhereAFilterLooksLikeOne() {
    func advice(_ filter: String) -> String {
      PcapError(.badFilter(expression: filter, message: "m"), file: "x").do
    }
    #expect(advice("udp prot 53") == "see pcap-filter(7) for the syntax")
    for filter in ["second.dump", "captures/second", "second.dump udp"] {
      #expect(advice(filter) == "see pcap-filter(7) for the syntax, or is a file missing?")
    }
  }

  @Test func tellsCompressionsByTheirMarks() {
    let marks: [(PcapError.Compression, [UInt8])] = [
      (.gzip, [0x1f, 0x8b, 8, 0]), (.zstd, [0x28, 0xb5, 0x2f, 0xfd]),
      (.lz4, [0x04, 0x22, 0x4d, 0x18]), (.xz, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
      (.bzip2, [0x42, 0x5a, 0x68, 0x39]), (.zip, [0x50, 0x4b, 3, 4]),
    ]
    for (compression, bytes) in marks {
      #expect(refusal(bytes) == .compressed(compression))
    }
    #expect(refusal([0x1f]) == .truncatedHeader(wanted: 4, available: 1))
    #expect(refusal([1, 2, 3, 4]) == .badMagic(0x0102_0304))
  }

  private func refusal(_ bytes: [UInt8]) -> PcapError.Kind? {
    do throws(PcapError) {
      _ = try CapturePrelude(bytes, file: "x")
      return nil
    } catch {
      return error.kind
    }
  }

  @Test func aFilterStandsOnItsOwn() throws {
    let pool = MbufPool()
    let filter = try PacketFilter("udp port 53", linkType: .ethernet)
    let everything = try PacketFilter("", linkType: .ethernet)
    let long = try PacketFilter("greater 1000", linkType: .ethernet)
    var reader = try CaptureReader(path: Captures.path("dns.pcap"))
    var (matching, all, longOnWire) = (0, 0, 0)
    while let packet = try reader.next(into: pool) {
      if filter.matches(packet) { matching += 1 }
      if everything.matches(packet) { all += 1 }
      if long.matches(packet) { longOnWire += 1 }
    }
    #expect(all == 86)
    #expect(matching == (try readFrames(Captures.path("dns.pcap"), filter: "udp port 53").0.count))
    #expect(longOnWire == allLong(try readFrames(Captures.path("dns.pcap")).0))
    #expect(throws: PcapError.self) { _ = try PacketFilter("port port", linkType: .raw) }
  }

  private func allLong(_ frames: [Frame]) -> Int { frames.filter { $0.bytes.count >= 1_000 }.count }
}
