// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Libpcap
import Testing
import Wire

@testable import Pcap

/// Every kind of pcap, made byte by byte.
@Suite struct PcapFormatTests {
  static let frame: [UInt8] = Array(1...60)

  private func record(
    _ count: UInt32 = 60, wire: UInt32? = nil, seconds: UInt32 = 7, fraction: UInt32 = 5
  ) -> (seconds: UInt32, fraction: UInt32, captured: UInt32, wire: UInt32, bytes: [UInt8]) {
    (seconds, fraction, count, wire ?? count, Array(Self.frame.prefix(Int(count))))
  }

  @Test(arguments: [1, 59, 262_144, 0, 0x7fff_ffff, 0xffff_ffff] as [UInt32])
  func theSnapshotLengthLimitsNothing(_ snapshot: UInt32) throws {
    let file = try TemporaryFile(pcap([record(), record(10)], snapshot: snapshot))
    let (frames, end) = try readFrames(file.path)
    #expect(frames.map(\.bytes) == [Self.frame, Array(Self.frame.prefix(10))])
    #expect(end == .clean)
  }

  @Test(arguments: [false, true])
  func moreCapturedThanOnTheWireStays(_ bigEndian: Bool) throws {
    let file = try TemporaryFile(
      pcap([record(wire: 0), record(wire: 9), record(wire: 0xffff_ffff)], bigEndian: bigEndian))
    let (frames, end) = try readFrames(file.path)
    #expect(frames.map(\.wireByteCount) == [0, 9, 0xffff_ffff])
    #expect(frames.allSatisfy { $0.bytes == Self.frame } && end == .clean)
  }

  @Test(arguments: [(0xa1b2_c3d4, 1_000), (0xa1b2_3c4d, 1)] as [(UInt32, Int64)])
  func timesOfEveryKindComeAsTheyAre(_ magic: UInt32, _ unit: Int64) throws {
    let times: [(UInt32, UInt32)] = [
      (0, 0), (1, 999_999), (0x7fff_ffff, 1), (0x8000_0000, 0), (0xffff_ffff, 5),
      (1, 0x7fff_ffff), (2, 0xffff_ffff),
    ]
    for bigEndian in [false, true] {
      let records = times.map { record(4, seconds: $0.0, fraction: $0.1) }
      let file = try TemporaryFile(pcap(records, magic: magic, bigEndian: bigEndian))
      let wanted = times.map { time in
        Int64(Int32(bitPattern: time.0)) * 1_000_000_000 + Int64(time.1) * unit
      }
      #expect(try readFrames(file.path).0.map(\.time) == wanted)
    }
  }

  static let versions: [(UInt16, UInt16, Bool)] = [
    (2, 0, true), (2, 1, true), (2, 2, true), (2, 3, false), (2, 4, false), (2, 5, false),
    (2, 999, false), (543, 0, true),
  ]

  @Test(arguments: versions)
  func oldVersionsHaveTheLengthsInTheOtherOrder(
    _ major: UInt16, _ minor: UInt16, _ isWireFirst: Bool
  ) throws {
    for bigEndian in [false, true] {
      let records = (0..<2).map { _ in
        isWireFirst
          ? (UInt32(7), UInt32(5), UInt32(90), UInt32(60), Self.frame)
          : (UInt32(7), UInt32(5), UInt32(60), UInt32(90), Self.frame)
      }
      let file = try TemporaryFile(
        pcap(records, version: (major, minor), bigEndian: bigEndian))
      let (frames, end) = try readFrames(file.path)
      #expect(frames.count == 2 && end == .clean)
      #expect(frames.allSatisfy { $0.bytes == Self.frame && $0.wireByteCount == 90 })
    }
  }

  @Test func version23HasThemInEitherOrder() throws {
    let file = try TemporaryFile(
      pcap([(1, 0, 60, 90, Self.frame), (1, 0, 90, 60, Self.frame)], version: (2, 3)))
    let (frames, end) = try readFrames(file.path)
    #expect(frames.map(\.bytes) == [Self.frame, Self.frame] && end == .clean)
    #expect(frames.map(\.wireByteCount) == [90, 90])
  }

  @Test func theLinkWordIsKeptWhole() throws {
    // FCS of two 16-bit units, and of 15; without the bit that says so; NetBSD's class 0x224.
    let words: [(UInt32, UInt32, Int?)] = [
      (0x2400_0001, 1, 4), (0xf400_0001, 1, 30), (0x0400_0001, 1, 0), (0x2000_0001, 1, nil),
      (101, 12, nil), (0x0224_0002, 0x0224_0002, nil),
    ]
    for (word, type, fcs) in words {
      let file = try TemporaryFile(pcap([record()], linkWord: word))
      var reader = try CaptureReader(path: file.path)
      #expect(reader.linkType.rawValue == type)
      #expect(reader.interfaces.count == 1 && reader.interfaces[0].fcsByteCount == fcs)
      #expect(reader.nextFrame()?.linkType.rawValue == type)
    }
  }

  @Test func theModifiedKindHasEightMoreBytes() throws {
    let extra: [UInt8] = [9, 9, 9, 9, 8, 8, 7, 7]
    for bigEndian in [false, true] {
      let file = try TemporaryFile(
        pcap(
          [(7, 5, 60, 60, extra + Self.frame), (8, 5, 0, 60, extra)], magic: 0xa1b2_cd34,
          bigEndian: bigEndian))
      var reader = try CaptureReader(path: file.path)
      #expect(reader.format == .modified)
      #expect(allFrames(&reader).map(\.bytes) == [Self.frame, []])
      #expect(reader.end == .clean)
    }
  }

  @Test func aLengthThatNoFrameHasAllocatesNothing() throws {
    for length: UInt32 in [262_145, 0x7fff_ffff, 0xffff_ffff] {
      let file = try TemporaryFile(pcap([record(), (7, 5, length, length, Self.frame)]))
      var reader = try CaptureReader(path: file.path)
      #expect(allFrames(&reader).count == 1)
      #expect(reader.end?.name == "corrupt")
      #expect(reader.end?.error?.packet == 2 && reader.end?.error?.byteOffset == 24 + 76)
      #expect(reader.input.capacity == 262_144)
    }
  }

  @Test func aLengthThatAFrameMayHaveAllocatesWhatHasCome() throws {
    // D-Bus: frames of up to 128 MiB.
    let header = pcap([(7, 5, 100_000_000, 1, [])], linkWord: 231)
    for count in [0, 1_000, 262_128, 300_000, 1_000_000] {
      let file = try TemporaryFile(header + [UInt8](repeating: 3, count: count))
      var reader = try CaptureReader(path: file.path)
      #expect(allFrames(&reader).isEmpty)
      #expect(
        reader.end?.error?.kind == .truncated(wanted: 100_000_000, available: count))
      #expect(reader.input.capacity <= max(262_144, 2 * (count + 16)))
    }
  }

  @Test func aFileThatIsCutWhileItIsReadIsCut() throws {
    let records = (0..<40_000).map { _ in record() }
    let file = try TemporaryFile(pcap(records))
    var reader = try CaptureReader(path: file.path)
    for _ in 0..<10 { _ = reader.nextFrame() }
    unsafe #expect(truncate(file.path, 2_000_001) == 0)
    let rest = allFrames(&reader)
    #expect(rest.count == (2_000_001 - 24) / 76 - 10)
    #expect(reader.end?.name == "cut")
    #expect(reader.end?.error?.byteOffset == 24 + (rest.count + 10) * 76)
  }

  @Test func theReaderTellsWhereTheLastFrameStands() throws {
    let bytes = pcap([record(), record(10), record(20)])
    let file = try TemporaryFile(bytes)
    var reader = try CaptureReader(path: file.path)
    #expect(reader.byteOffset == nil)
    var starts: [Int] = []
    while let _ = reader.nextFrame() {
      let offset = reader.byteOffset ?? -1
      starts.append(offset)
      let record = reader.recordBytes
      let copy = unsafe record.withUnsafeBytes { unsafe [UInt8]($0) }
      #expect(copy == Array(bytes[offset..<offset + copy.count]))
      #expect(reader.recordCount == starts.count && reader.interfaceIndex == 0)
    }
    #expect(starts == [24, 100, 126])
  }
}
