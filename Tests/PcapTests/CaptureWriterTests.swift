// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Interfaces
import Mbufs
import Pcap
import Testing
import Wire

@Suite struct CaptureWriterTests {
  /// Copies a capture packet by packet into a file of its own resolution.
  private func copy(_ path: String, to output: String, pool: MbufPool) throws -> Int {
    var reader = try CaptureReader(path: path)
    var writer = try CaptureWriter(
      path: output, linkType: reader.linkType, resolution: reader.resolution,
      snapshotByteCount: reader.snapshotByteCount)
    while let packet = try reader.next(into: pool) { try writer.write(packet) }
    #expect(writer.packetCount == reader.packetCount)
    #expect(writer.byteCount == reader.byteCount)
    try writer.close()
    return writer.packetCount
  }

  @Test(arguments: Expectation.all)
  func whatIsReadIsWritten(_ expected: Expectation) throws {
    let pool = MbufPool()
    let path = Captures.path(expected.file)
    let file = try TemporaryFile()
    let count = try copy(path, to: file.path, pool: pool)
    let comparison = try PacketComparison(of: path, with: file.path)
    #expect(pool.outstanding == 0)
    if expected.file == "mixed_links.pcapng" {
      // Whoever writes it into a pcap frame by frame loses the link type of the last.
      #expect(comparison.firstDifference == .init(packet: 3, field: .linkType))
      return
    }
    #expect(comparison.isIdentical, "\(comparison)")
    #expect(comparison.packetCount == count)
    // A whole pcap of this machine's order without oddities comes out byte by byte.
    let isPlain =
      expected.format == .pcap && expected.end == "clean"
      && !expected.file.contains("_be.") && !expected.file.hasSuffix(".gz")
      && expected.file != "odd.pcap"
    #expect(try (fileBytes(path) == fileBytes(file.path)) == isPlain)
  }

  @Test func aFlushedFileIsWhole() throws {
    let pool = MbufPool()
    let file = try TemporaryFile()
    var writer = try CaptureWriter(path: file.path, linkType: .ipv4, resolution: .micro)
    #expect(try readFrames(file.path).1 == .clean)
    let frame = Frame([1, 2, 3], time: 5_000, wireByteCount: 90)
    for count in 1...3 {
      try writer.write(packet(frame, from: pool))
      #expect(try readFrames(file.path).0.count == count - 1)
      try writer.flush()
      let (frames, end) = try readFrames(file.path)
      #expect(frames == [Frame](repeating: frame, count: count))
      #expect(end == .clean)
    }
  }

  @Test func aBufferThatRunsFullLeavesWholeRecords() throws {
    let pool = MbufPool()
    let file = try TemporaryFile()
    var writer = try CaptureWriter(path: file.path, linkType: .ethernet, resolution: .micro)
    for index in 0..<40 {
      let bytes = [UInt8](repeating: UInt8(index), count: 60_000 + index)
      try writer.write(packet(Frame(bytes), from: pool))
      let (frames, end) = try readFrames(file.path)
      #expect(end == .clean)
      #expect(frames.count <= index + 1)
    }
    try writer.close()
    #expect(try readFrames(file.path).0.count == 40)
  }

  @Test func aRecordLargerThanTheBuffer() throws {
    let pool = MbufPool()
    let file = try TemporaryFile()
    var writer = try CaptureWriter(
      path: file.path, linkType: .ethernet, resolution: .micro, snapshotByteCount: 1_000_000)
    try writer.write(packet(Frame([UInt8](repeating: 7, count: 600_000)), from: pool))
    try writer.write(packet(Frame([8]), from: pool))
    try writer.close()
    #expect(try fileBytes(file.path).count == 24 + 16 + 600_000 + 16 + 1)
  }

  @Test func framesAsLongAsReadersTakeThemAreWritten() throws {
    let pool = MbufPool()
    let (input, output) = (try TemporaryFile(), try TemporaryFile())
    // D-Bus; a record's header says how long it is, and that it begins behind the last.
    let sizes: [UInt32] = [100, 262_145, 1_048_576, 50]
    var bytes = words([0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 0, 231])
    for size in sizes {
      bytes += words([1, 2, size, size]) + [UInt8](repeating: 9, count: Int(size))
    }
    try input.write(bytes)
    #expect(try copy(input.path, to: output.path, pool: pool) == sizes.count)
    #expect(try PacketComparison(of: input.path, with: output.path).isIdentical)
    // Whoever does not know the input takes what the link type may have.
    let dbus = LinkType(rawValue: 231)
    var writer = try CaptureWriter(path: output.path, linkType: dbus, resolution: .micro)
    #expect(writer.snapshotByteCount == 134_217_728)
    for size in sizes {
      let frame = Frame([UInt8](repeating: 9, count: Int(size)), time: 1_000_002_000)
      try writer.write(packet(frame, from: pool))
    }
    try writer.close()
    #expect(try PacketComparison(of: input.path, with: output.path).isIdentical)
    #expect(pool.outstanding == 0)
  }

  @Test func noLinkTypeIsReadWithLongerFramesThanAreWritten() throws {
    let file = try TemporaryFile()
    var longest = 0
    for number: UInt32 in 0..<400 {
      // A snapshot length of 0 makes libpcap say what it takes.
      try file.write(words([0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 0, number]))
      guard let reader = try? CaptureReader(path: file.path) else { continue }
      let output = try TemporaryFile()
      do {
        let writer = try CaptureWriter(
          path: output.path, linkType: reader.linkType, resolution: .micro)
        #expect(reader.snapshotByteCount <= writer.snapshotByteCount, "link type \(number)")
      } catch {
        // Some are read and have no number of their own in a file.
        #expect(error.kind == .unsupportedLinkType(reader.linkType.rawValue))
      }
      longest = max(longest, reader.snapshotByteCount)
    }
    #expect(longest == 134_217_728)
  }

  /// A limit on the size of files is the process's, so each case has a process of its own.
  @Test func aFileThatTakesNoMoreEndsWithAWholeRecord() async {
    await #expect(processExitsWith: .success) { try expectWholeRecords(fileLimit: 30_000) }
    await #expect(processExitsWith: .success) { try expectWholeRecords(fileLimit: 400_000) }
    await #expect(processExitsWith: .success) { try expectWholeRecords(fileLimit: 24 + 2 * 1_016) }
    await #expect(processExitsWith: .success) { try expectWholeRecords(fileLimit: 24) }
    await #expect(processExitsWith: .success) {
      try expectWholeRecords(fileLimit: 30_000, .pcapng)
    }
    await #expect(processExitsWith: .success) {
      try expectWholeRecords(fileLimit: 400_000, .pcapng)
    }
    await #expect(processExitsWith: .success) {
      try expectWholeRecords(fileLimit: 48 + 2 * 1_032, .pcapng)
    }
  }

  @Test func aHeaderThatDoesNotFitIsNotLeftInHalf() async {
    await #expect(processExitsWith: .success) {
      limitFiles(to: 10)
      let path = temporaryPath()
      defer { unsafe unlink(path) }
      do throws(PcapError) {
        _ = try CaptureWriter(path: path, linkType: .ethernet, resolution: .micro)
        preconditionFailure("written")
      } catch {
        precondition(error.kind == .unwritable(errno: EFBIG), "\(error)")
      }
      let bytes = try fileBytes(path)
      precondition(bytes.isEmpty, "\(bytes.count) bytes")
    }
  }

  @Test func aWireLengthAtTheLimitStaysThere() throws {
    let pool = MbufPool()
    let (first, second) = (try TemporaryFile(), try TemporaryFile())
    let lengths = [0xffff_ffff, 0xffff_fffe, 0xffff_fffd, 0x8000_0000, 3]
    var writer = try CaptureWriter(path: first.path, linkType: .ethernet, resolution: .micro)
    for length in lengths {
      let bytes: [UInt8] = [1, 2, 3]
      try writer.write(
        unsafe CapturedFrame(
          bytes: bytes.span.bytes, timestampInNanoseconds: 0, wireByteCount: length))
    }
    try writer.close()
    #expect(try readFrames(first.path).0.map(\.wireByteCount) == lengths)
    #expect(try copy(first.path, to: second.path, pool: pool) == lengths.count)
    #expect(
      try readFrames(second.path).0.map(\.wireByteCount) == [0xffff_fffe] + lengths.dropFirst())
    #expect(try PacketComparison(of: first.path, with: second.path).isIdentical)
    #expect(try PacketComparison(of: second.path, with: first.path).isIdentical)
  }

  @Test func timesThatDoNotFit() throws {
    let pool = MbufPool()
    let file = try TemporaryFile()
    var writer = try CaptureWriter(path: file.path, linkType: .ethernet, resolution: .micro)
    func refusal(_ time: Int64, _ bytes: [UInt8] = [1]) throws -> PcapError.Kind? {
      let packet = try packet(Frame(bytes, time: time), from: pool)
      do throws(PcapError) {
        try writer.write(packet)
        return nil
      } catch {
        #expect(error.packet == writer.packetCount + 1)
        return error.kind
      }
    }
    #expect(try refusal(1_001) == .timeNotExact(nanoseconds: 1_001))
    #expect(try refusal(.max) == .timeOutOfRange(nanoseconds: .max))
    #expect(try refusal(.min) == .timeOutOfRange(nanoseconds: .min))
    let long = [UInt8](repeating: 0, count: 262_145)
    #expect(try refusal(0, long) == .frameTooLong(byteCount: 262_145, limit: 262_144))
    #expect(writer.packetCount == 0)
    #expect(try refusal(-1_000) == nil)
    writer.allowsLossyTime = true
    #expect(try refusal(-1) == nil)
    #expect(writer.roundedTimeCount == 1)
    try writer.close()
    #expect(try readFrames(file.path).0.map(\.time) == [-1_000, -1_000])
  }

  @Test func namesWhatCannotBeWritten() throws {
    let pool = MbufPool()
    func failure(_ path: String, _ linkType: LinkType = .ethernet) -> PcapError.Kind? {
      do throws(PcapError) {
        _ = try CaptureWriter(path: path, linkType: linkType, resolution: .micro)
        return nil
      } catch {
        return error.kind
      }
    }
    #expect(failure("/nonexistent/x.pcap") == .unwritable(errno: ENOENT))
    #expect(failure("/dev/full") == .unwritable(errno: ENOSPC))
    let file = try TemporaryFile()
    #expect(failure(file.path, LinkType(rawValue: 9_999)) == .unsupportedLinkType(9_999))
    #expect(!FileManager.default.fileExists(atPath: file.path))
    #expect(pool.outstanding == 0)
  }

  @Test func everyLinkTypeComesBack() throws {
    for linkType in [
      LinkType.null, .ethernet, .raw, .loop, .linuxSLL, .ipv4, .ipv6, .linuxSLL2,
    ] {
      let file = try TemporaryFile()
      _ = try CaptureWriter(path: file.path, linkType: linkType, resolution: .nano)
      let reader = try CaptureReader(path: file.path)
      #expect(reader.linkType == linkType)
      #expect(reader.resolution == .nano)
    }
  }
}

/// Writes records of 1,016 bytes until the system refuses, then sets the counts beside the file.
private func expectWholeRecords(fileLimit: Int, _ format: CaptureFormat = .pcap) throws {
  limitFiles(to: fileLimit)
  let path = temporaryPath()
  defer { unsafe unlink(path) }
  let pool = MbufPool()
  var writer = try CaptureWriter(
    path: path, format: format, linkType: .ethernet, resolution: .micro)
  // A pcapng's section and interface, and 32 bytes beside those of a packet.
  let (start, record) = format == .pcap ? (24, 1_016) : (48, 1_032)
  let frame = Frame([UInt8](repeating: 7, count: 1_000))
  var failure: PcapError?
  for _ in 0..<1_000 where failure == nil {
    let packet = try packet(frame, from: pool)
    do throws(PcapError) { try writer.write(packet) } catch { failure = error }
  }
  let whole = (fileLimit - start) / record
  precondition(failure?.kind == .unwritable(errno: EFBIG), "\(String(describing: failure))")
  precondition(failure?.packet == whole + 1, "\(String(describing: failure))")
  precondition(writer.packetCount == whole, "\(writer.packetCount) of \(whole)")
  precondition(writer.byteCount == whole * 1_000)
  // It stays so, whatever is tried.
  for _ in 0..<2 {
    do throws(PcapError) {
      try writer.flush()
      preconditionFailure("flushed")
    } catch {
      precondition(error == failure, "\(error)")
    }
  }
  try writer.close()
  precondition(writer.packetCount == whole)
  let byteCount = try fileBytes(path).count
  precondition(byteCount == start + whole * record, "\(byteCount) bytes")
  let (frames, end) = try readFrames(path)
  precondition(frames.count == whole && end == .clean)
}

/// Has writes behind so many bytes fail, by an error and not by a signal.
func limitFiles(to byteCount: Int) {
  signal(SIGXFSZ, SIG_IGN)
  var limit = rlimit(rlim_cur: rlim_t(byteCount), rlim_max: rlim_t(byteCount))
  #if canImport(Glibc)
    let result = unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
  #else
    let result = unsafe setrlimit(RLIMIT_FSIZE, &limit)
  #endif
  precondition(result == 0, "setrlimit: \(errno)")
}

func temporaryPath() -> String {
  FileManager.default.temporaryDirectory.appendingPathComponent("mbuma-\(UUID().uuidString)").path
}
