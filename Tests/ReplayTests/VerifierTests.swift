// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Mbufs
import Reports
import TestSupport
import Testing
import Wire

@testable import Pcap
@testable import Replay

@Suite struct VerifierTests {
  let folder: TemporaryFolder
  let frames: [Frame] = (1...3).map { .udp(port: $0, payload: Array(repeating: 7, count: 21)) }

  init() throws { folder = try TemporaryFolder() }

  /// Compares an output of `found` with an input of `frames`.
  private func compare(
    _ found: [Frame], loops: Int = 1, packetCount: Int? = nil, filter: String? = nil,
    resolution: TimeResolution = .micro
  ) throws -> PacketComparison {
    let input = try folder.capture("in.pcap", frames, resolution: resolution)
    let output = try folder.capture("out.pcap", found, resolution: .nano)
    var reader = try CaptureReader(path: output)
    return CaptureFiles([input], filter: filter).compare(
      &reader, loopCount: loops, packetCount: packetCount ?? frames.count * loops)
  }

  private func expect(
    _ comparison: PacketComparison, after equal: Int, _ offset: Int?, _ field: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(!comparison.isIdentical, sourceLocation: sourceLocation)
    #expect(comparison.packetCount == equal, sourceLocation: sourceLocation)
    let difference = comparison.firstDifference
    #expect(difference?.packet == equal + 1, sourceLocation: sourceLocation)
    #expect(difference?.offset == offset, sourceLocation: sourceLocation)
    #expect(difference?.field.rawValue == field, sourceLocation: sourceLocation)
  }

  @Test func theSameFramesAreIdentical() throws {
    let verification = try compare(frames)
    #expect(verification.isIdentical)
    #expect(verification.packetCount == 3)
    #expect(verification.text == "identical: 3 packets")
    #expect(try compare(frames + frames, loops: 2).packetCount == 6)
    #expect(try compare(Array(frames.prefix(2)), packetCount: 2).isIdentical)
    #expect(
      try compare([frames[1]], packetCount: 1, filter: "udp dst port 2").isIdentical)
  }

  @Test func aByteThatDiffersIsFoundWhereverItIs() throws {
    for offset in frames[1].bytes.indices {
      var found = frames
      found[1].bytes[offset] ^= 0x80
      found[1].bytes[found[1].bytes.count - 1] ^= 1
      let verification = try compare(found)
      expect(verification, after: 1, offset, "bytes")
      #expect(verification.text == "different at packet 2, byte \(offset): bytes")
    }
  }

  @Test func timeCapturedLengthAndWireLengthAreCompared() throws {
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

  @Test func tooFewPacketsAndTooManyAreFound() throws {
    expect(try compare(Array(frames.prefix(2))), after: 2, nil, "count")
    expect(try compare([]), after: 0, nil, "count")
    expect(try compare(frames + [.udp()]), after: 3, nil, "count")
    expect(try compare(frames, packetCount: 2), after: 2, nil, "count")
    // Fewer in the input than were sent.
    expect(try compare(frames, packetCount: 4), after: 3, nil, "count")
  }

  /// Compares an output of these bytes with an input of `frames`.
  private func compare(_ output: Data, _ linkType: LinkType) throws -> PacketComparison {
    let input = try folder.capture("in.pcap", frames, linkType: linkType)
    var reader = try CaptureReader(path: folder.write(output, "out.pcap"))
    return CaptureFiles([input]).compare(&reader, loopCount: 1, packetCount: frames.count)
  }

  @Test func linkTypesAreCompared() throws {
    let output = try readFile(folder.capture("other.pcap", frames, linkType: .ethernet))
    #expect(try compare(output, .ethernet).isIdentical)
    for linkType in [LinkType.ipv4, .null, .linuxSLL] {
      let verification = try compare(output, linkType)
      #expect(
        verification.json.prettyText.filter { !$0.isWhitespace }
          == #"{"identical":false,"packets":0,"first_difference":"#
          + #"{"packet":null,"offset":null,"field":"link_type"}}"#)
      #expect(verification.text == "different: link_type")
    }
    // Also where there is no frame to be different.
    let none = try folder.capture("none.pcap", [], linkType: .ipv4)
    var reader = try CaptureReader(path: folder.capture("out.pcap", []))
    let empty = CaptureFiles([none]).compare(&reader, loopCount: 1, packetCount: 0)
    #expect(empty.firstDifference?.field == .linkType)
  }

  @Test func howTheOutputEndsIsCompared() throws {
    let output = try readFile(folder.capture("other.pcap", frames))
    // Cut in the header of a record that should not be there, and in one that should.
    for extra in [1, 15, 16] {
      let header = Data([0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0])
      let verification = try compare(output + header.prefix(extra), .ethernet)
      expect(verification, after: 3, nil, "end")
      #expect(verification.text == "different at packet 4: end")
    }
    expect(try compare(output.dropLast(), .ethernet), after: 2, nil, "end")
    // A record that cannot be one.
    let corrupt = output + Data(repeating: 0xff, count: 16)
    expect(try compare(corrupt, .ethernet), after: 3, nil, "end")
  }

  @Test func whatAPcapCannotSayOtherwiseDoesNotDiffer() throws {
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
