// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Interfaces
import Libpcap
import Mbufs
import Pcap
import TestSupport
import Testing
import Wire

@Suite struct CaptureReaderTests {
  // MARK: Files cut and broken

  @Test(arguments: ["ntp.pcap", "ntp_be.pcap", "ntp_modified.pcap", "odd.pcap"])
  func cutAtEveryByte(_ name: String) throws {
    let bytes = try Captures.bytes(name)
    let (frames, _) = try readFrames(Captures.path(name))
    let recordHeader = name == "ntp_modified.pcap" ? 24 : 16
    var starts = [24]
    for frame in frames { starts.append((starts.last ?? 0) + recordHeader + frame.bytes.count) }
    #expect(starts.last == bytes.count)
    let file = try TemporaryFile()
    for count in 0...bytes.count {
      try file.write([UInt8](bytes.prefix(count)))
      guard count >= 24 else {
        let kind = openError(file.path)?.kind
        switch count {
        case 0: #expect(kind == .empty)
        case 1..<4: #expect(kind == .truncatedHeader(wanted: 4, available: count))
        default: #expect(kind == .truncatedHeader(wanted: 24, available: count))
        }
        continue
      }
      let (read, end) = try readFrames(file.path)
      let whole = starts.lastIndex { $0 <= count } ?? 0
      #expect(read == [Frame](frames.prefix(whole)), "\(count) bytes")
      if starts[whole] == count {
        #expect(end == .clean, "\(count) bytes")
      } else {
        #expect(end?.name == "cut", "\(count) bytes")
        #expect(end?.error?.packet == whole + 1, "\(count) bytes")
        #expect(end?.error?.byteOffset == starts[whole], "\(count) bytes")
      }
    }
  }

  @Test(arguments: ["ntp_be.pcapng", "nsec_snap.pcapng", "mixed_links.pcapng"])
  func cutAtEveryByteOfBlocks(_ name: String) throws {
    let bytes = try Captures.bytes(name)
    let (frames, _) = try readFrames(Captures.path(name))
    let blocks = blockList(bytes, bigEndian: name.contains("_be"))
    let packets = blocks.filter { $0.type == 6 || $0.type == 3 }
    let firstPacket = packets[0].start
    let file = try TemporaryFile()
    for count in 0..<bytes.count {
      try file.write([UInt8](bytes.prefix(count)))
      if let error = openError(file.path) {
        #expect(count < firstPacket)
        #expect(InterfaceError(error).exitCode == 3, "\(count) bytes: \(error)")
        continue
      }
      let (read, end) = try readFrames(file.path)
      let whole = packets.filter { $0.end <= count }.count
      #expect(read == [Frame](frames.prefix(whole)), "\(count) bytes")
      if blocks.contains(where: { $0.end == count }) {
        #expect(end == .clean, "\(count) bytes")
      } else {
        let start = blocks.filter { $0.start < count }.map(\.start).max()
        #expect(end?.name == "cut", "\(count) bytes")
        #expect(end?.error?.packet == whole + 1, "\(count) bytes")
        #expect(end?.error?.byteOffset == start, "\(count) bytes")
      }
    }
  }

  private struct Block {
    let type: UInt32
    let start: Int
    let end: Int
  }

  private func blockList(_ bytes: [UInt8], bigEndian: Bool) -> [Block] {
    func word(_ offset: Int) -> UInt32 {
      let four = bytes[offset..<offset + 4]
      return (bigEndian ? [UInt8](four) : four.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
    }
    var blocks: [Block] = []
    var offset = 0
    while offset < bytes.count {
      let end = offset + Int(word(offset + 4))
      blocks.append(Block(type: word(offset), start: offset, end: end))
      offset = end
    }
    return blocks
  }

  @Test(arguments: ["ntp.pcap", "ntp_nsec_be.pcap", "ntp_modified.pcap", "ntp_be.pcapng"])
  func anyBytesAreLegalInput(_ name: String) throws {
    var random = SeededRandom()
    let original = try Captures.bytes(name)
    let pool = MbufPool()
    let file = try TemporaryFile()
    for _ in 0..<400 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      // Broken headers are soon refused, so most changes spare them.
      if Int.random(in: 0..<4, using: &random) > 0 {
        bytes.replaceSubrange(0..<24, with: original[0..<24])
      }
      try file.write(bytes)
      do throws(PcapError) {
        var reader = try CaptureReader(path: file.path)
        while let packet = try? reader.next(into: pool) { packet.checkInvariants() }
        #expect(reader.end != nil)
      } catch {
        #expect([1, 3].contains(InterfaceError(error).exitCode), "\(error)")
      }
    }
    #expect(pool.outstanding == 0)
  }

  @Test func tellsWhereABadLengthStands() throws {
    let (_, end) = try readFrames(Captures.path("bad_caplen.pcap"))
    #expect(end?.error?.byteOffset == 24 + 16 + 42)
    var bytes = try Captures.bytes("nsec_snap.pcapng")
    let blocks = blockList(bytes, bigEndian: false)
    let third = try #require(blocks.filter { $0.type == 6 }.dropFirst(2).first)
    bytes[third.start + 7] = 0x7f
    let file = try TemporaryFile(bytes)
    let (frames, broken) = try readFrames(file.path)
    #expect(frames.count == 2)
    #expect(broken?.name == "corrupt")
    #expect(broken?.error?.byteOffset == third.start)
  }

  @Test func aSectionOfTheOtherByteOrderIsRead() throws {
    let names = ["nsec_snap.pcapng", "ntp_be.pcapng", "dns.pcapng"]
    let file = try TemporaryFile(try names.flatMap { try Captures.bytes($0) })
    let (frames, end) = try readFrames(file.path)
    #expect(frames == (try names.flatMap { try readFrames(Captures.path($0)).0 }))
    #expect(end == .clean)
  }

  // MARK: What cannot be opened

  @Test func namesWhatCannotBeOpened() throws {
    #expect(openError("/nonexistent/x.pcap")?.kind == .notFound)
    #expect(openError("/")?.kind == .unreadable(errno: 21))
    #expect(openError(Captures.path("empty.pcap"))?.kind == .empty)
    let file = try TemporaryFile()
    let target = try TemporaryFile()
    try FileManager.default.createSymbolicLink(
      atPath: file.path, withDestinationPath: target.path)
    #expect(openError(file.path)?.kind == .notFound)
    try file.write(Array("snoop, or anything else".utf8))
    #expect(openError(file.path)?.kind == .badMagic(0x736e_6f6f))
  }

  @Test(arguments: [(3, 0), (1, 2), (543, 1)])
  func namesVersionsThatAreNotRead(_ major: UInt16, _ minor: UInt8) throws {
    var bytes = try Captures.bytes("ntp.pcap")
    (bytes[4], bytes[5], bytes[6]) = (UInt8(major & 0xff), UInt8(major >> 8), minor)
    let file = try TemporaryFile(bytes)
    guard case .unsupportedVersion? = openError(file.path)?.kind else {
      Issue.record("\(String(describing: openError(file.path)))")
      return
    }
  }

  @Test func aPcapngWithoutAnInterface() throws {
    let section = words([0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, 0xffff_ffff, 0xffff_ffff, 28])
    let file = try TemporaryFile(section)
    #expect(openError(file.path)?.kind == .noInterface)
  }

  // MARK: Frames and pools

  @Test func longFramesBecomeChains() throws {
    let pool = MbufPool()
    let file = try TemporaryFile()
    let counts = [0, 1, 168, 169, 2_048, 2_049, 9_000, 65_536, 262_144]
    var writer = try CaptureWriter(path: file.path, linkType: .ethernet, resolution: .nano)
    let frames = counts.map { count in
      Frame((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
    }
    for frame in frames { try writer.write(packet(frame, from: pool)) }
    try writer.close()
    var reader = try CaptureReader(path: file.path)
    for frame in frames {
      guard let packet = try reader.next(into: pool, headroom: 64) else {
        Issue.record("no packet of \(frame.bytes.count) bytes")
        return
      }
      packet.checkInvariants()
      #expect(packet.headroom >= 64)
      #expect(Frame(packet) == frame)
      #expect(packet.segmentCount >= frame.bytes.count / 2_048)
    }
    #expect(try reader.next(into: pool) == nil)
    #expect(reader.end == .clean)
    #expect(pool.outstanding == 0)
  }

  @Test func aDeniedFrameIsCountedAndPassedOver() throws {
    let pool = MbufPool(clusterLimit: 3, mbufLimit: 6)
    var reader = try CaptureReader(path: Captures.path("dns.pcap"))
    var held = PacketQueue()
    var given = 0
    var denied = 0
    while true {
      do throws(MbufError) {
        guard let packet = try reader.next(into: pool) else { break }
        given += 1
        held.enqueue(packet)
      } catch {
        guard case .exhausted = error else {
          Issue.record("\(error)")
          return
        }
        denied += 1
        while held.dequeue() != nil {}
      }
    }
    #expect(denied > 0)
    #expect(given + denied == 86)
    #expect(reader.packetCount == 86)
    #expect(reader.byteCount == 20_324)
    #expect(reader.end == .clean)
    while held.dequeue() != nil {}
    #expect(pool.outstanding == 0)
  }

  @Test func filtersByTheFilesLinkType() throws {
    for (file, count) in [("dns.pcap", 53), ("tun_raw.pcap", 8), ("any_sll2.pcap", 8)] {
      var reader = try CaptureReader(
        path: Captures.path(file), filter: "udp port 53 or udp port 7000")
      let frames = allFrames(&reader)
      #expect(frames.count == count, "\(file)")
      #expect(reader.packetCount == count)
      #expect(reader.recordCount == Expectation.all.first { $0.file == file }?.packets)
    }
    // The byte order of the file matters to the address family of BSD loopback.
    #expect(try readFrames(Captures.path("null.pcap"), filter: "ip6").0.count == 4)
    #expect(try readFrames(Captures.path("null_be.pcap"), filter: "ip6").0.count == 4)
    let (_, end) = try readFrames(Captures.path("cut_record.pcap"), filter: "arp")
    #expect(end?.error?.packet == 26)
    guard
      case .badFilter("udp prot 53", _)? =
        openError(Captures.path("dns.pcap"), filter: "udp prot 53")?.kind
    else {
      Issue.record("the filter compiled")
      return
    }
  }

  // MARK: Times and pipes

  @Test func timesBeyondSixtyFourBitsStopAtTheLast() throws {
    // An interface that counts whole seconds, and a packet at 2^40 s.
    var bytes = words([0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, 0xffff_ffff, 0xffff_ffff, 28])
    bytes += words([1, 32, 1, 262_144, 9 | 1 << 16, 0, 0, 32])
    bytes += words([6, 36, 0, 0x100, 0, 4, 4, 0x0403_0201, 36])
    let file = try TemporaryFile(bytes)
    let (frames, end) = try readFrames(file.path)
    #expect(frames == [Frame([1, 2, 3, 4], time: .max)])
    #expect(end == .clean)
  }

  @Test(arguments: ["ntp.pcap", "udp_nsec.pcap", "ntp_be.pcapng", "cut_header.pcap"])
  func readsAPipeThatDeliversByteByByte(_ name: String) throws {
    let file = try TemporaryFile()
    unsafe #expect(mkfifo(file.path, 0o600) == 0)
    let bytes = [UInt8](try Captures.bytes(name).prefix(3_000))
    let writer = Thread {
      let pipe = unsafe open(file.path, O_WRONLY)
      for byte in bytes {
        var byte = byte
        _ = unsafe write(pipe, &byte, 1)
      }
      close(pipe)
    }
    writer.start()
    var reader = try CaptureReader(path: file.path)
    let frames = allFrames(&reader)
    let expected = Expectation.all.first { $0.file == name }
    #expect(reader.resolution == expected?.resolution)
    #expect(frames == [Frame](try readFrames(Captures.path(name)).0.prefix(frames.count)))
    #expect(frames.count >= min(expected?.packets ?? 0, 20))
    #expect(reader.end?.error?.byteOffset == nil)
  }
}
