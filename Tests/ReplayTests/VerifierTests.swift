// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Pcap
import TestSupport
import Testing
import Wire

@testable import Replay

@Suite struct VerifierTests {
  let folder: TemporaryFolder
  let frames: [Frame] = (1...3).map { .udp(port: $0, payload: Array(repeating: 7, count: 21)) }

  init() throws { folder = try TemporaryFolder() }

  /// Compares an output of `found` with an input of `frames`.
  private func compare(
    _ found: [Frame], loops: Int = 1, packetCount: Int? = nil, filter: String? = nil,
    resolution: TimeResolution = .micro
  ) throws -> ReplayReport.Verification {
    let input = try folder.capture("in.pcap", frames, resolution: resolution)
    let output = try folder.capture("out.pcap", found, resolution: .nano)
    var reader = try CaptureReader(path: output)
    let plan = ReplayPlan(inputs: [input], filter: filter, loopCount: loops)
    return try Verifier(plan, packetCount: packetCount ?? frames.count * loops).compare(&reader)
  }

  private func expect(
    _ verification: ReplayReport.Verification, after equal: Int, _ offset: Int?, _ field: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(!verification.isIdentical, sourceLocation: sourceLocation)
    #expect(
      verification
        == ReplayReport.Verification(
          packets: equal,
          firstDifference: ReplayReport.Difference(
            packet: equal + 1, offset: offset, field: field)),
      sourceLocation: sourceLocation)
  }

  @Test func `The same frames are identical`() throws {
    let verification = try compare(frames)
    #expect(verification.isIdentical)
    #expect(verification.packets == 3)
    #expect(verification.text == "identical: 3 packets")
    #expect(try compare(frames + frames, loops: 2).packets == 6)
    #expect(try compare(Array(frames.prefix(2)), packetCount: 2).isIdentical)
    #expect(
      try compare([frames[1]], packetCount: 1, filter: "udp dst port 2").isIdentical)
  }

  @Test func `A byte that differs is found wherever it is`() throws {
    for offset in frames[1].bytes.indices {
      var found = frames
      found[1].bytes[offset] ^= 0x80
      found[1].bytes[found[1].bytes.count - 1] ^= 1
      let verification = try compare(found)
      expect(verification, after: 1, offset, "bytes")
      #expect(verification.text == "different at packet 2, byte \(offset): bytes")
    }
  }

  @Test func `Time, captured length and wire length are compared`() throws {
    var found = frames
    found[2].time += 1
    expect(try compare(found), after: 2, nil, "timestamp")
    found = frames
    found[0].bytes.removeLast()
    found[0].wireByteCount = frames[0].bytes.count
    expect(try compare(found), after: 0, nil, "captured_length")
    found = frames
    found[1].wireByteCount = frames[1].bytes.count + 1
    let verification = try compare(found)
    expect(verification, after: 1, nil, "wire_length")
    #expect(verification.text == "different at packet 2: wire_length")
  }

  @Test func `Too few packets and too many are found`() throws {
    expect(try compare(Array(frames.prefix(2))), after: 2, nil, "count")
    expect(try compare([]), after: 0, nil, "count")
    expect(try compare(frames + [.udp()]), after: 3, nil, "count")
    expect(try compare(frames, packetCount: 2), after: 2, nil, "count")
    // Fewer in the input than were sent.
    expect(try compare(frames, packetCount: 4), after: 3, nil, "count")
  }

  @Test func `What a pcap cannot say otherwise does not differ`() throws {
    // Seconds have 32 bits, of either sign.
    let pool = MbufPool()
    let early = Frame(bytes: frames[0].bytes, time: -1_000_000_000)
    let input = try folder.capture("in.pcap", [early], resolution: .nano)
    let report = Replay(
      ReplayPlan(
        inputs: [input], destination: .file(folder.file("out.pcap")), verifies: true), pool: pool
    ).run()
    #expect(report.verification?.isIdentical == true)
  }

  @Test func `A pool too small shows as a difference`() throws {
    let input = try folder.capture(
      "in.pcap", [.udp(), .other(byteCount: 9_000), .udp(port: 9)])
    let report = run(
      ReplayPlan(
        inputs: [input], destination: .file(folder.file("out.pcap")), verifies: true),
      clusterLimit: 1)
    #expect(report.denied == 1)
    #expect(report.verification?.firstDifference?.packet == 2)
    #expect(report.verification?.firstDifference?.field == "captured_length")
  }
}
