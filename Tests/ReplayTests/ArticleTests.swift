// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Libpcap
import Mbufs
import Pcap
import Replay
import TestSupport
import Testing

/// The code that Replay.docc shows, compiled and run.
@Suite struct ArticleTests {
  @Test func theReplayOfTheArticleWritesWhatItReads() throws {
    let folder = try TemporaryFolder()
    let captures = [
      try folder.capture("a.pcap", [.udp(), .other(byteCount: 60)]),
      try folder.capture("b.pcap", [.udp(port: 9)]),
    ]
    let copy = folder.file("copy.pcap")

    // shown: begin
    let files = CaptureFiles(captures, filter: "udp", output: copy)
    guard let output = files.output else { return }
    let plan = ReplayPlan(inputs: files.inputs, destination: .output(output), verifies: true)
    let report = Replay(plan, pool: MbufPool()).run()
    // shown: end

    #expect(report.packetsRead == 2 && report.packetsSent == 2)
    #expect(report.verification?.isIdentical == true)
  }

  @Test func isWhatTheArticleShows() throws {
    let article = "Sources/Replay/Replay.docc/Replay.md"
    #expect(try codeBlocks(of: article) == shownCode(in: #filePath))
  }
}
