// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Libpcap
import Mbufs
import Pcap
import TestSupport
import Testing
import Wire

/// Recordings of sources that give what a script says, on a clock of their own.
@Suite struct CaptureRecorderTests {
  /// Frames of 100 bytes, numbered by their times.
  private static func frames(_ numbers: Range<Int>, byteCount: Int = 100) -> [Frame] {
    numbers.map { Frame([UInt8](repeating: UInt8($0 & 0xff), count: byteCount), time: Int64($0)) }
  }

  /// Bytes of a file with so many frames of 100 bytes.
  private static func fileByteCount(_ count: Int) -> Int { 24 + count * 116 }

  /// How a recording is made, and of what.
  private struct Recording {
    var steps: [ScriptedSource.Step]
    var inside: [Frame]?
    var rotation: CaptureRotation?
    var filter: String?
    var settings = CaptureRecorder.Settings()
    var clusterLimit = 0
    var resolution = TimeResolution.nano
    var onWait: () -> Void = {}

    init(_ steps: [ScriptedSource.Step]) { self.steps = steps }

    /// Records, and checks that no packet is lost from the counts.
    func run(to path: String, isStopped: (Int64) -> Bool = { _ in false }) throws -> RecordingReport
    {
      var result = RecordingReport()
      try leakChecked(clusterLimit: clusterLimit) { pool in
        let clock = ScriptedClock()
        let source = ScriptedSource(steps, clock, inside: inside, onWait: onWait)
        let series = try CaptureSeries(
          path: path, rotation: rotation, linkType: .ethernet, resolution: resolution,
          snapshotByteCount: settings.snapshotByteCount)
        let filter: PacketFilter? =
          if let filter { try PacketFilter(filter, linkType: .ethernet) } else { nil }
        let recorder = CaptureRecorder(
          from: source, into: series, filter: filter, settings: settings, pool: pool)
        let start = clock.now
        result = recorder.run(clock: clock, isStopped: { isStopped(clock.now - start) })
      }
      #expect(result.received == result.written + result.dropped)
      return result
    }
  }

  /// The files of a folder by name.
  private func files(_ folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  private func drops(_ report: RecordingReport) -> [String: Int] {
    Dictionary(report.drops.map { ($0.reason, $0.count) }) { first, _ in first }
  }

  @Test func allThatComesIsInTheFileInOrder() throws {
    let file = try TemporaryFile()
    let frames = Self.frames(0..<300)
    let recording = Recording([
      .frames(Array(frames[..<150])), .silence(milliseconds: 400), .frames(Array(frames[150...])),
      .end(nil),
    ])
    let report = try recording.run(to: file.path)
    #expect(try readFrames(file.path).0 == frames)
    #expect(report.end == .sourceEnded && report.error == nil && report.drops.isEmpty)
    #expect(report.written == 300 && report.bytesWritten == 30_000 && report.cut == 0)
    #expect(report.filesBegun == 1 && report.filesKept == 1 && report.lastFile == file.path)
    #expect(report.durationInNanoseconds >= 400_000_000)
  }

  @Test func aLimitOfPacketsTakesNoMoreThanThat() throws {
    let file = try TemporaryFile()
    for (limit, batch) in [(1, 300), (64, 300), (100, 7), (299, 300)] {
      var recording = Recording(
        stride(from: 0, to: 300, by: batch).map { .frames(Self.frames($0..<min($0 + batch, 300))) })
      recording.settings.stop.packetCount = limit
      recording.inside = Self.frames(300..<310)
      let report = try recording.run(to: file.path)
      #expect(report.end == .rule(.packets) && report.drops.isEmpty)
      #expect(report.received == limit)
      #expect(try readFrames(file.path).0 == Self.frames(0..<limit))
    }
  }

  @Test func whatAFilterKeepsOutIsCountedAndDoesNotCountForALimit() throws {
    let file = try TemporaryFile()
    let mixed = (0..<200).map { Frame([UInt8](repeating: 0, count: 60 + $0 % 2), time: Int64($0)) }
    var recording = Recording([.frames(mixed)])
    recording.filter = "greater 61"
    recording.settings.stop.packetCount = 90
    let report = try recording.run(to: file.path)
    #expect(try readFrames(file.path).0 == Array(mixed.filter { $0.bytes.count == 61 }.prefix(90)))
    #expect(report.written == 90 && drops(report) == ["filter": report.received - 90])
    #expect(report.missed == 0)
  }

  @Test func framesAreCutToTheSnapshotLengthAndKeepTheirWireLength() throws {
    let file = try TemporaryFile()
    var recording = Recording([.frames(Self.frames(0..<10) + Self.frames(10..<20, byteCount: 64))])
    recording.steps.append(.end(nil))
    recording.settings.snapshotByteCount = 64
    let report = try recording.run(to: file.path)
    #expect(report.cut == 10 && report.written == 20 && report.bytesWritten == 20 * 64)
    let (frames, _) = try readFrames(file.path)
    #expect(frames.map(\.bytes.count) == [Int](repeating: 64, count: 20))
    #expect(frames.map(\.wireByteCount) == (0..<20).map { $0 < 10 ? 100 : 64 })
    #expect(try CaptureReader(path: file.path).snapshotByteCount == 64)
  }

  @Test func timesAreRoundedDownInMicroseconds() throws {
    let file = try TemporaryFile()
    var recording = Recording([.frames([Frame([1, 2, 3], time: 1_999)]), .end(nil)])
    recording.resolution = .micro
    _ = try recording.run(to: file.path)
    #expect(try readFrames(file.path).0 == [Frame([1, 2, 3], time: 1_000)])
  }

  @Test func aFileThatIsLongEnoughEndsIt() throws {
    let file = try TemporaryFile()
    var recording = Recording([.frames(Self.frames(0..<64)), .frames(Self.frames(64..<128))])
    // 1,000 bytes are reached by the ninth record.
    recording.settings.stop.fileByteCount = 1_000
    let report = try recording.run(to: file.path)
    #expect(report.end == .rule(.filesize) && report.written == 9)
    #expect(drops(report) == ["after_end": 55])
    #expect(try fileBytes(file.path).count == Self.fileByteCount(9))
  }

  @Test func filesFollowEachOtherByPacketsAndTheOldestGo() throws {
    let folder = try TemporaryFolder()
    var recording = Recording([.frames(Self.frames(0..<100)), .end(nil)])
    recording.rotation = CaptureRotation()
    recording.rotation?.packetCount = 30
    recording.rotation?.keptFileCount = 2
    let report = try recording.run(to: folder.file("net.pcap"))
    let names = try files(folder)
    #expect(names.count == 2)
    #expect(
      names.first?.hasPrefix("net_00003_") == true && names.last?.hasPrefix("net_00004_") == true)
    #expect(report.filesBegun == 4 && report.filesKept == 2)
    #expect(report.lastFile == names.last.map(folder.file))
    #expect(report.written == 100 && report.bytesWritten == 10_000)
    #expect(
      try names.map { try readFrames(folder.file($0)).0 } == [
        Self.frames(60..<90), Self.frames(90..<100),
      ])
  }

  @Test func noFileIsBegunForAPacketThatDoesNotCome() throws {
    for files in [nil, 2] {
      let folder = try TemporaryFolder()
      var recording = Recording([.frames(Self.frames(0..<60)), .end(nil)])
      recording.rotation = CaptureRotation()
      recording.rotation?.fileByteCount = Self.fileByteCount(30)
      recording.settings.stop.fileCount = files
      let report = try recording.run(to: folder.file("net"))
      #expect(try self.files(folder).count == 2)
      #expect(report.end == (files == nil ? .sourceEnded : .rule(.files)) && report.written == 60)
    }
  }

  @Test func enoughFilesEndItWhenTheLastIsFull() throws {
    let folder = try TemporaryFolder()
    var recording = Recording([.frames(Self.frames(0..<100))])
    recording.rotation = CaptureRotation()
    recording.rotation?.packetCount = 20
    recording.settings.stop.fileCount = 3
    let report = try recording.run(to: folder.file("net.pcap"))
    #expect(report.end == .rule(.files) && report.written == 60)
    #expect(drops(report) == ["after_end": 4])
    #expect(try files(folder).count == 3)
  }

  @Test func thereIsAFileForEachStretchOfTime() throws {
    let folder = try TemporaryFolder()
    var recording = Recording([
      .frames(Self.frames(0..<5)), .silence(milliseconds: 2_500), .frames(Self.frames(5..<9)),
    ])
    recording.rotation = CaptureRotation()
    recording.rotation?.nanoseconds = 1_000_000_000
    recording.settings.stop.fileCount = 4
    let report = try recording.run(to: folder.file("net.pcap"))
    #expect(report.end == .rule(.files) && report.filesBegun == 4 && report.filesKept == 4)
    #expect(report.durationInNanoseconds == 4_000_000_000)
    let counts = try files(folder).map { try readFrames(folder.file($0)).0.count }
    #expect(counts == [5, 0, 4, 0])
  }

  @Test func whatHadComeWhenTheTimeWasOverIsWritten() throws {
    for inside in [nil, Self.frames(10..<200)] {
      let file = try TemporaryFile()
      var recording = Recording([.frames(Self.frames(0..<10))])
      recording.inside = inside
      recording.settings.stop.nanoseconds = 1_500_000_000
      var report = try recording.run(to: file.path)
      #expect(report.end == .rule(.duration) && report.durationInNanoseconds == 1_500_000_000)
      #expect(try readFrames(file.path).0 == Self.frames(0..<10) + (inside ?? []))
      // The same where somebody stops it.
      recording.settings.stop = StopRules()
      report = try recording.run(to: file.path) { $0 >= 700_000_000 }
      #expect(report.end == .stopped && report.durationInNanoseconds == 750_000_000)
      #expect(try readFrames(file.path).0 == Self.frames(0..<10) + (inside ?? []))
      // A limit holds for what is written then, too.
      recording.settings.stop.packetCount = 15
      report = try recording.run(to: file.path) { $0 >= 700_000_000 }
      #expect(report.end == .stopped && report.written == (inside == nil ? 10 : 15))
      #expect(report.drops.isEmpty)
    }
  }

  @Test func aSourceThatFailsLeavesAWholeFile() throws {
    let file = try TemporaryFile()
    let down = InterfaceError(.down, "cannot use va0")
    for step in [ScriptedSource.Step.failure(down), .end(down)] {
      let report = try Recording([.frames(Self.frames(0..<10)), step]).run(to: file.path)
      #expect(report.end == .failed && report.error == down && report.written == 10)
      let (frames, end) = try readFrames(file.path)
      #expect(frames.count == 10 && end == .clean)
    }
  }

  @Test func aFileThatCannotBeBegunEndsItWithItsPacketsCounted() throws {
    let folder = try TemporaryFolder()
    #expect(throws: PcapError.self) {
      try Recording([.end(nil)]).run(to: folder.file("nowhere/net.pcap"))
    }
    // The folder goes when the first file is begun, so the second cannot be.
    let gone = folder.file("gone")
    try FileManager.default.createDirectory(atPath: gone, withIntermediateDirectories: false)
    var recording = Recording([.silence(milliseconds: 10), .frames(Self.frames(0..<100))])
    recording.rotation = CaptureRotation()
    recording.rotation?.packetCount = 10
    recording.onWait = { try? FileManager.default.removeItem(atPath: gone) }
    let report = try recording.run(to: "\(gone)/net.pcap")
    #expect(report.end == .failed)
    #expect(report.error?.kind == .system(call: "write", errno: ENOENT))
    #expect(report.written == 10 && drops(report) == ["output_failed": 54])
  }

  @Test func packetsThatThePoolDeniesAreMissed() throws {
    let file = try TemporaryFile()
    var recording = Recording([.frames(Self.frames(0..<10, byteCount: 2_000)), .end(nil)])
    recording.clusterLimit = 4
    let report = try recording.run(to: file.path)
    #expect(report.written == 4 && drops(report) == ["pool_exhausted": 6] && report.missed == 6)
  }

  @Test func aQuietSourceHasItsPacketsInTheFileSoon() throws {
    for flushesAtOnce in [false, true] {
      let file = try TemporaryFile()
      var sizes: [Int] = []
      var recording = Recording([
        .silence(milliseconds: 100), .frames(Self.frames(0..<3)), .silence(milliseconds: 1_000),
        .frames(Self.frames(3..<4)), .silence(milliseconds: 1), .end(nil),
      ])
      recording.settings.flushesAtOnce = flushesAtOnce
      recording.onWait = { sizes.append((try? fileBytes(file.path).count) ?? 0) }
      _ = try recording.run(to: file.path)
      // The first wait for packets; the one behind them; the next is a quarter of a second later.
      #expect(sizes.count > 4 && sizes[0] == 24)
      #expect(sizes[1] == (flushesAtOnce ? Self.fileByteCount(3) : 24))
      #expect(sizes[2] == Self.fileByteCount(3))
      #expect(try fileBytes(file.path).count == Self.fileByteCount(4))
    }
  }
}
