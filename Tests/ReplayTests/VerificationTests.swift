// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Pcap
import Reports
import TestSupport
import Testing

@testable import Replay

/// What a replay says of its output, compared with its inputs.
@Suite struct VerificationTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func whatDiffersIsSaidInOneLine() {
    var comparison = PacketComparison()
    comparison.packetCount = 3
    #expect(comparison.text == "identical: 3 packets")
    comparison.packetCount = 1
    #expect(comparison.text == "identical: 1 packet")
    comparison.firstDifference = .init(packet: 2, offset: 7, field: .bytes)
    #expect(comparison.text == "different at packet 2, byte 7: bytes")
    comparison.firstDifference = .init(packet: 2, field: .wireByteCount)
    #expect(comparison.text == "different at packet 2: wire_length")
    comparison.firstDifference = .init(packet: 2, field: .end)
    #expect(comparison.text == "different at packet 2: end")
    comparison.packetCount = 0
    comparison.firstDifference = .init(packet: nil, field: .linkType)
    #expect(comparison.text == "different: link_type")
    #expect(
      comparison.json.text == #"{"identical":false,"packets":0,"first_difference":"#
        + #"{"packet":null,"offset":null,"field":"link_type"}}"#)
  }

  @Test func whatAPcapCannotSayOtherwiseDoesNotDiffer() throws {
    // Seconds have 32 bits, of either sign.
    let early = Frame(bytes: Frame.udp().bytes, time: -1_000_000_000)
    let input = try folder.capture("in.pcap", [early], resolution: .nano)
    let report = run(
      ReplayPlan(
        inputs: [input], destination: .file(folder.file("out.pcap")), verifies: true))
    #expect(report.verification?.isIdentical == true)
  }

  @Test func aPoolTooSmallShowsAsADifference() throws {
    let input = try folder.capture(
      "in.pcap", [.udp(), .other(byteCount: 9_000), .udp(port: 9)])
    let report = run(
      ReplayPlan(
        inputs: [input], destination: .file(folder.file("out.pcap")), verifies: true),
      clusterLimit: 1)
    #expect(report.denied == 1)
    #expect(report.verification?.firstDifference?.packet == 2)
    #expect(report.verification?.firstDifference?.field == .capturedByteCount)
  }
}
