// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Inspection
import Interfaces
import Mbufs
import Pcap
import Testing
import Wire

/// What each capture of this repository holds.
struct Expectation: Sendable, CustomStringConvertible {
  let file: String
  let format: CaptureFormat
  let resolution: TimeResolution
  let linkType: LinkType
  let packets: Int
  let bytes: Int
  let end: String

  var description: String { file }

  init(
    _ file: String, _ format: CaptureFormat, _ resolution: TimeResolution, _ linkType: LinkType,
    _ packets: Int, _ bytes: Int, _ end: String = "clean"
  ) {
    self.file = file
    self.format = format
    self.resolution = resolution
    self.linkType = linkType
    self.packets = packets
    self.bytes = bytes
    self.end = end
  }

  static let all = [
    Expectation("any_sll.pcap", .pcap, .micro, .linuxSLL, 14, 120_964),
    Expectation("any_sll2.pcap", .pcap, .micro, .linuxSLL2, 14, 121_020),
    Expectation("bad_caplen.pcap", .pcap, .micro, .ethernet, 1, 42, "corrupt"),
    Expectation("cut_header.pcap", .pcap, .micro, .ethernet, 1, 42, "cut"),
    Expectation("cut_record.pcap", .pcap, .micro, .ethernet, 25, 2_202, "cut"),
    Expectation("dns.pcap", .pcap, .micro, .ethernet, 86, 20_324),
    Expectation("dns.pcapng", .pcapng, .micro, .ethernet, 86, 20_324),
    Expectation("header_only.pcap", .pcap, .micro, .ethernet, 0, 0),
    Expectation("ipv4.pcap", .pcap, .micro, .ipv4, 16, 9_642),
    Expectation("ipv6.pcap", .pcap, .micro, .ipv6, 4, 416),
    Expectation("loop.pcap", .pcap, .micro, .loop, 20, 10_138),
    Expectation("mixed_links.pcapng", .pcapng, .micro, .ethernet, 3, 168),
    Expectation("multi_same.pcapng", .pcapng, .micro, .ethernet, 112, 22_568),
    Expectation("nsec_snap.pcapng", .pcapng, .nano, .ethernet, 15, 822),
    Expectation("ntp.pcap", .pcap, .micro, .ethernet, 26, 2_244),
    Expectation("ntp.pcap.gz", .pcap, .micro, .ethernet, 26, 2_244),
    Expectation("ntp_be.pcap", .pcap, .micro, .ethernet, 26, 2_244),
    Expectation("ntp_be.pcapng", .pcapng, .nano, .ethernet, 27, 2_334),
    Expectation("ntp_modified.pcap", .modified, .micro, .ethernet, 26, 2_244),
    Expectation("ntp_nsec_be.pcap", .pcap, .nano, .ethernet, 26, 2_244),
    Expectation("null.pcap", .pcap, .micro, .null, 20, 10_138),
    Expectation("null_be.pcap", .pcap, .micro, .null, 20, 10_138),
    Expectation("odd.pcap", .pcap, .micro, .ethernet, 5, 168),
    Expectation("offload.pcap", .pcap, .micro, .ethernet, 36, 68_330),
    Expectation("qinq.pcap", .pcap, .micro, .ethernet, 46, 18_000),
    Expectation("tcp_http.pcap", .pcap, .micro, .ethernet, 35, 4_350),
    Expectation("tun_raw.pcap", .pcap, .micro, .raw, 20, 10_058),
    Expectation("udp6.pcap", .pcap, .micro, .ethernet, 88, 64_534),
    Expectation("udp_nsec.pcap", .pcap, .nano, .ethernet, 15, 924),
    Expectation("udp_snap64.pcap", .pcap, .micro, .ethernet, 6, 360),
    Expectation("vlan.pcap", .pcap, .micro, .ethernet, 42, 17_568),
  ]

  /// Captures that do not open.
  static let refused = ["empty.pcap"]
}

@Suite struct CapturesTests {
  @Test(arguments: Expectation.all)
  func readsEveryCapture(_ expected: Expectation) throws {
    let pool = MbufPool()
    var reader = try CaptureReader(path: Captures.path(expected.file))
    #expect(reader.format == expected.format)
    #expect(reader.resolution == expected.resolution)
    #expect(reader.linkType == expected.linkType)
    #expect(reader.isByteSwapped == expected.file.contains("_be."))
    var byteCount = 0
    var wireByteCount = 0
    while let packet = try reader.next(into: pool) {
      byteCount += packet.byteCount
      // One file has interfaces of two types.
      let isRaw = packet.header.linkType == LinkType.raw.rawValue && reader.interfaceIndex == 1
      #expect(packet.header.linkType == expected.linkType.rawValue || isRaw)
      wireByteCount += packet.wireByteCount
    }
    #expect(reader.packetCount == expected.packets)
    #expect(reader.recordCount == expected.packets)
    #expect(reader.byteCount == expected.bytes)
    #expect(byteCount == expected.bytes)
    // Only the file of oddities says that fewer bytes were on the wire than it holds.
    #expect(wireByteCount >= byteCount || expected.file == "odd.pcap")
    #expect(reader.end?.name == expected.end)
    if let error = reader.end?.error {
      #expect(error.packet == expected.packets + 1)
      #expect(error.byteOffset != nil)
      #expect(InterfaceError(error).exitCode == 3)
    }
    #expect(try reader.next(into: pool) == nil)
    #expect(reader.end?.name == expected.end)
    #expect(pool.outstanding == 0)
  }

  @Test func everyCaptureIsInTheTable() throws {
    let table = Expectation.all.map(\.file) + Expectation.refused
    #expect(try Captures.names() == table.sorted())
  }

  @Test func everyCaptureIsInTheManifest() throws {
    let text = String(decoding: try Captures.bytes("MANIFEST.tsv"), as: UTF8.self)
    let rows = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    #expect(rows.map { $0[0] } == (try Captures.names()))
    for row in rows {
      let name = row[0]
      #expect(row.count == 7, "\(name)")
      let bytes = try Captures.bytes(name)
      #expect(Int(row[1]) == bytes.count, "\(name)")
      var hash = SHA256()
      let span = bytes.span
      hash.update(unsafe span.bytes)
      #expect(row[2] == hash.hex, "\(name)")
      let expected = Expectation.all.first { $0.file == name }
      #expect(row[3] == expected?.linkType.name ?? "-", "\(name)")
      #expect(Int(row[4]) == expected?.packets ?? 0, "\(name)")
    }
  }

  @Test func theSamePacketsInEveryFormat() throws {
    let (frames, _) = try readFrames(Captures.path("ntp.pcap"))
    for other in ["ntp.pcap.gz", "ntp_be.pcap", "ntp_nsec_be.pcap", "ntp_modified.pcap"] {
      #expect(try readFrames(Captures.path(other)).0 == frames, "\(other)")
    }
    #expect(try readFrames(Captures.path("dns.pcap")) == readFrames(Captures.path("dns.pcapng")))
    // The simple packet block behind the third packet has no time.
    var withSimple = frames
    withSimple.insert(Frame(frames[2].bytes, time: 0), at: 3)
    #expect(try readFrames(Captures.path("ntp_be.pcapng")).0 == withSimple)
  }

  @Test func oddTimesAndLengthsComeAsTheyAre() throws {
    let (frames, end) = try readFrames(Captures.path("odd.pcap"))
    let first = try readFrames(Captures.path("ntp.pcap")).0[0]
    let second = first.time / 1_000_000_000
    #expect(end == .clean)
    #expect(frames.map(\.bytes.count) == [42, 42, 0, 42, 42])
    #expect(frames.map(\.wireByteCount) == [42, 42, 0, 32, 9_000])
    #expect(
      frames.map(\.time) == [
        -999_995_000, (second + 2) * 1_000_000_000, second * 1_000_000_000 + 3_000,
        second * 1_000_000_000 + 2_000, second * 1_000_000_000 + 1_000,
      ])
  }
}

@Suite struct CollectionTests {
  /// A directory with LIBPCAP.tsv: file, link type, snapshot length, swapped, packets, bytes, FNV-1a
  /// of seconds (64), nanoseconds, captured and wire length (32 each) and bytes, and how it ended.
  @Test func agreesWithATableMadeByLibpcapAlone() throws {
    guard let path = ProcessInfo.processInfo.environment["MBUMA_CAPTURES"] else {
      print("skipped: MBUMA_CAPTURES names no directory with captures and LIBPCAP.tsv")
      return
    }
    let text = String(decoding: try fileBytes("\(path)/LIBPCAP.tsv"), as: UTF8.self)
    let rows = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
      .map { $0.split(separator: "\t").map(String.init) }
    #expect(!rows.isEmpty)
    for row in rows {
      let file = "\(path)/\(row[0])"
      if row[7].hasPrefix("OPEN:") {
        #expect(openError(file) != nil, "\(file)")
        continue
      }
      var reader = try CaptureReader(path: file)
      let frames = allFrames(&reader)
      #expect(reader.linkType.name == row[1], "\(file)")
      #expect(reader.snapshotByteCount == Int(row[2]), "\(file)")
      #expect(reader.isByteSwapped == (row[3] == "1"), "\(file)")
      #expect(reader.packetCount == Int(row[4]), "\(file)")
      #expect(reader.byteCount == Int(row[5]), "\(file)")
      #expect(String(fnv1a(frames), radix: 16) == row[6].drop { $0 == "0" }, "\(file)")
      #expect(isSameEnd(reader.end, row[7]), "\(file): \(String(describing: reader.end))")
    }
    print("\(rows.count) files of \(path) agree")
  }

  private func isSameEnd(_ end: CaptureEnd?, _ message: String) -> Bool {
    switch end?.error?.kind {
    case nil: end == .clean && message == "EOF"
    case .truncated(let wanted, let available):
      message.contains(" \(wanted) ") && message.hasSuffix(" \(available)")
    case .corrupt(let text), .mixedLinkTypes(let text): message == text
    default: false
    }
  }

  private func fnv1a(_ frames: [Frame]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for frame in frames {
      let seconds = frame.time / 1_000_000_000
      let fields = words([
        UInt32(truncatingIfNeeded: seconds), UInt32(truncatingIfNeeded: seconds >> 32),
        UInt32(frame.time % 1_000_000_000), UInt32(frame.bytes.count),
        UInt32(frame.wireByteCount),
      ])
      for byte in fields + frame.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    return hash
  }
}
