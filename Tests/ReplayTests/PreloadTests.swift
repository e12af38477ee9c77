// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Pcap
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Replay

/// Replays out of memory, beside the same replays out of files.
@Suite struct PreloadTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func captures() throws -> [String] {
    let small = (0..<300).map { index in
      var frame = Frame.udp(
        payload: [UInt8](repeating: UInt8(index & 255), count: 4 * (index % 50)))
      frame.time += Int64(index) * 1_000_000
      return frame
    }
    let mixed = [Frame.other(byteCount: 60), Frame(bytes: [1, 2, 3]), Frame.udp()]
    return [
      try folder.capture("small.pcap", small),
      try folder.capture("mixed.pcap", mixed + [Frame.other(byteCount: 3_000)]),
    ]
  }

  private func plans(
    _ inputs: [String], _ goal: (String) -> Goal, loops: Int, limit: Int?
  ) -> [ReplayPlan] {
    ["out-of-files.pcap", "out-of-memory.pcap"].map { name in
      var plan = ReplayPlan(
        inputs: inputs, destination: goal(folder.file(name)), loopCount: loops, limit: limit)
      plan.isPreloaded = name == "out-of-memory.pcap"
      return plan
    }
  }

  @Test(arguments: [1, 3], [nil, 1, 299, 300, 303, 305, 700] as [Int?])
  func countsAreThoseOfAReplayOutOfFiles(loops: Int, limit: Int?) throws {
    let inputs = try captures() + [folder.file("missing.pcap")]
    for goal in [{ _ in .null }, { .file($0) }, { _ in .stack }] as [(String) -> Goal] {
      let reports = plans(inputs, goal, loops: loops, limit: limit).map { run($0) }
      let (plain, loaded) = (reports[0], reports[1])
      #expect(loaded.tally == plain.tally)
      #expect(loaded.packetsRead == plain.packetsRead && loaded.bytesRead == plain.bytesRead)
      #expect(loaded.packetsSent == plain.packetsSent && loaded.bytesSent == plain.bytesSent)
      #expect(loaded.loops == plain.loops && loaded.refused == 0)
      #expect(loaded.drops.map(\.reason) == plain.drops.map(\.reason))
      #expect(loaded.drops.map(\.count) == plain.drops.map(\.count))
      #expect(loaded.inputs.map(\.packets) == plain.inputs.map(\.packets))
      #expect(loaded.inputs.map { $0.openError?.kind } == plain.inputs.map { $0.openError?.kind })
    }
    let files = try ["out-of-files.pcap", "out-of-memory.pcap"].map {
      [UInt8](try readFile(folder.file($0)))
    }
    #expect(files[0] == files[1])
  }

  @Test func packetsLeaveAtTheirTimesInEveryLoop() throws {
    let recorder = PacingTests.Recorder(PacingTests.TestClock())
    let files = CaptureFiles([try captures()[0]])
    let report = Replay(
      ReplayPlan(
        inputs: files.inputs, destination: .output(recorder), loopCount: 2,
        pacing: ReplayPlan.Pacing(Schedule(.original(speed: 1)), clock: recorder.clock),
        isPreloaded: true),
      pool: MbufPool()
    ).run()
    let loop = (0..<300).map { Int64($0) * 1_000_000 }
    #expect(recorder.times.withLock { $0 } == loop + loop.map { 299_000_000 + $0 })
    #expect(report.packetsSent == 600 && report.outstanding == 0)
  }

  @Test func whatWasReadAndNotSentIsToldWhenSomebodyStops() throws {
    let control = ReplayControl()
    let count = Atomic(0)
    let recorder = PacingTests.Recorder(PacingTests.TestClock()) {
      if count.add(1, ordering: .relaxed).newValue == 345 { control.stop() }
    }
    let files = CaptureFiles([try captures()[0]])
    let report = Replay(
      ReplayPlan(
        inputs: files.inputs, destination: .output(recorder), loopCount: 5,
        pacing: ReplayPlan.Pacing(Schedule(.packets(perSecond: 10)), clock: recorder.clock),
        isPreloaded: true),
      pool: MbufPool(), control: control
    ).run()
    #expect(report.packetsSent == 345 && report.wasInterrupted && report.outstanding == 0)
    #expect(report.packetsRead == report.packetsSent + report.refused)
    #expect(report.tally.protocols.ipv4 == UInt64(report.packetsRead))
  }

  @Test func aFullPoolIsToldOnce() throws {
    var plan = ReplayPlan(inputs: [try captures()[1]], loopCount: 3)
    plan.isPreloaded = true
    // The longest frame takes two clusters.
    let report = run(plan, clusterLimit: 1)
    #expect(report.denied == 1 && report.packetsSent == 9)
    #expect(report.packetsRead == report.packetsSent + report.denied)
  }
}
