// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Pcap
import Reports
import TestSupport
import Testing
import Wire

@testable import Replay

/// Replays that rewrite what they send.
@Suite struct RewriteReplayTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func rules() throws -> RewriteRules {
    var rules = RewriteRules()
    let old = try #require(IPPrefix("10.0.0.0/8"))
    let new = try #require(IPPrefix("192.168.0.0/16"))
    rules.prefixes = [try #require(PrefixMap(old, to: new))]
    rules.ports = [PortMap(53...53, to: 5_353)]
    return rules
  }

  private func capture(_ packetCount: Int) throws -> String {
    try folder.capture(
      "\(packetCount).pcap",
      (0..<packetCount).map { index in
        index % 10 == 9
          ? Frame.other(byteCount: 200) : .udp(payload: [UInt8](repeating: 7, count: index % 400))
      })
  }

  private func frames(_ path: String) throws -> [DecodedFrame] {
    let pool = MbufPool()
    var reader = try CaptureReader(path: path)
    var frames: [DecodedFrame] = []
    while let packet = try reader.next(into: pool) {
      let frame = packet.decoded()
      if frame.network == .ipv4 {
        #expect(frame.ipv4HeaderChecksum == .valid)
        #expect(packet.transportChecksumResult(frame) == .valid)
      }
      frames.append(frame)
    }
    return frames
  }

  @Test(arguments: [false, true])
  func whatIsSentIsRewrittenAndRight(isPreloaded: Bool) throws {
    let output = folder.file("out.pcap")
    var plan = ReplayPlan(inputs: [try capture(500)], destination: .file(output), loopCount: 2)
    plan.rewrite = try rules()
    plan.isPreloaded = isPreloaded
    let report = run(plan)
    #expect(report.packetsSent == 1_000 && report.packetsRead == 1_000 && report.denied == 0)
    // Packets in memory are rewritten once.
    #expect(report.rewriting?.rewritten == (isPreloaded ? 450 : 900))
    #expect(report.rewriting?.outOfReach == 0)
    #expect(report.tally.udpChecksums.valid == 900 && report.tally.ipv4Checksums.valid == 900)
    let frames = try frames(output)
    #expect(frames.count == 1_000)
    for frame in frames where frame.network == .ipv4 {
      #expect(frame.ipv4Source == IPv4Address(192, 168, 0, 1) && frame.destinationPort == 5_353)
    }
  }

  @Test func withoutRulesNothingIsSaidOfThem() throws {
    let report = run(ReplayPlan(inputs: [try capture(10)]))
    #expect(report.rewriting == nil && !report.text.contains("rewritten"))
    #expect(report.json.prettyText.contains("\"rewrite\": null"))
  }

  @Test(arguments: [1, 3])
  func addressesTakeTheSameStepsOutOfMemory(loopsPerStep: Int) throws {
    let input = try capture(40)
    let outputs = try [false, true].map { isPreloaded in
      let output = folder.file("\(isPreloaded).pcap")
      var plan = ReplayPlan(inputs: [input], destination: .file(output), loopCount: 7)
      plan.rewrite = try rules()
      plan.rewrite?.loopsPerStep = loopsPerStep
      plan.isPreloaded = isPreloaded
      let report = run(plan)
      #expect(report.packetsSent == 280 && report.tally.udpChecksums.valid == 252)
      return try frames(output)
    }
    #expect(outputs[0] == outputs[1])
    for (index, frame) in outputs[0].enumerated() where frame.network == .ipv4 {
      let step = UInt32(index / 40 / loopsPerStep)
      #expect(frame.ipv4Source.bits == 0xc0a8_0001 &- step)
      #expect(frame.ipv4Destination.bits == 0xc0a8_0002 + step)
    }
  }

  @Test(arguments: [false, true])
  func whatCannotBeRewrittenForWantOfMemoryIsDenied(isPreloaded: Bool) throws {
    var plan = ReplayPlan(inputs: [try capture(100)], loopCount: 2)
    plan.rewrite = RewriteRules()
    plan.rewrite?.tag = .push(TagValue(identifier: 5))
    plan.isPreloaded = isPreloaded
    let pool = MbufPool(mbufLimit: isPreloaded ? 130 : 40)
    let report = Replay(plan, pool: pool).run()
    #expect(report.outstanding == 0)
    #expect(report.packetsRead == report.packetsSent + report.denied + report.refused)
    func dropped(_ reason: String) -> Int {
      report.drops.first { $0.reason == reason }?.count ?? 0
    }
    #expect(dropped("rewrite_exhausted") > 0)
    #expect(dropped("rewrite_exhausted") + dropped("pool_exhausted") == report.denied)
    #expect(report.refused == 0 || report.outputError?.kind == .failed)
  }
}
