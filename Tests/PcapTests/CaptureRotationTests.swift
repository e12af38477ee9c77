// SPDX-License-Identifier: BSD-2-Clause
import Pcap
import Testing

/// When files are full, and what they are called.
@Suite struct CaptureRotationTests {
  @Test(arguments: [
    ("net.pcap", 1, "net_00001_20261129120000.pcap"),
    ("/tmp/a.b/net", 12, "/tmp/a.b/net_00012_20261129120000"),
    ("./net.old.pcap", 99_999, "./net.old_99999_20261129120000.pcap"),
    ("net.", 100_000, "net_100000_20261129120000."),
    (".pcap", 1, "_00001_20261129120000.pcap"), ("", 1, "_00001_20261129120000"),
    ("a/.b", 1, "a/_00001_20261129120000.b"),
    ("a.b/net.pcapng.ZST", 1, "a.b/net_00001_20261129120000.pcapng.ZST"),
    ("a.b/net.gz", 1, "a.b/net_00001_20261129120000.gz"),
  ])
  func namesAreThoseThatDumpcapGives(_ path: String, _ number: Int, _ name: String) {
    #expect(CaptureRotation.name(path, number: number, time: "20261129120000") == name)
  }

  @Test func aTimeIsFourteenDigitsThatGoUpWithIt() {
    // Half a year apart, so that no zone's summer time sets the later one first.
    let times = [0, 15_000_000, 1_700_000_000, 1_715_000_000, 4_000_000_000].map {
      CaptureRotation.localTime($0)
    }
    for time in times + [CaptureRotation.localTime()] {
      #expect(time.utf8.count == 14 && time.allSatisfy { "0"..."9" ~= $0 })
    }
    #expect(times == times.sorted() && Set(times).count == 5)
    #expect(CaptureRotation.localTime() > times[3])
  }

  @Test func aFileIsFullByPacketsOrBytesAndOverByTime() {
    var rotation = CaptureRotation()
    var progress = RecordingProgress()
    progress.filePacketCount = 1_000_000
    progress.fileByteCount = 1_000_000_000
    progress.fileNanoseconds = 1_000_000_000_000
    #expect(!rotation.hasRule && !rotation.isFull(progress) && !rotation.isOver(progress))
    rotation.keptFileCount = 2
    #expect(!rotation.hasRule)
    rotation.packetCount = 1_000_001
    rotation.fileByteCount = 1_000_000_001
    rotation.nanoseconds = 1_000_000_000_001
    #expect(rotation.hasRule && !rotation.isFull(progress) && !rotation.isOver(progress))
    progress.filePacketCount += 1
    #expect(rotation.isFull(progress))
    progress.filePacketCount -= 1
    progress.fileByteCount += 1
    #expect(rotation.isFull(progress))
    progress.fileNanoseconds += 1
    #expect(rotation.isOver(progress))
    // What all files have together matters to none of them.
    progress = RecordingProgress()
    progress.packetCount = 1 << 40
    progress.nanoseconds = 1 << 60
    #expect(!rotation.isFull(progress) && !rotation.isOver(progress))
  }

  @Test func eachStopRuleIsReachedByWhatItIsAbout() {
    var rules = StopRules()
    var progress = RecordingProgress()
    progress.packetCount = 10
    progress.fileByteCount = 1_000
    progress.fileNumber = 3
    progress.nanoseconds = 5
    #expect(rules.reached(by: progress, isFull: true) == nil && !rules.isOver(progress))
    rules.packetCount = 11
    rules.fileByteCount = 1_001
    rules.fileCount = 4
    rules.nanoseconds = 6
    #expect(rules.reached(by: progress, isFull: true) == nil && !rules.isOver(progress))
    rules.nanoseconds = 5
    #expect(rules.isOver(progress) && rules.reached(by: progress, isFull: true) == nil)
    rules.fileCount = 3
    #expect(rules.reached(by: progress, isFull: true) == .files)
    #expect(rules.reached(by: progress) == nil)
    rules.fileByteCount = 1_000
    #expect(rules.reached(by: progress) == .filesize)
    rules.packetCount = 10
    #expect(rules.reached(by: progress) == .packets)
  }
}
