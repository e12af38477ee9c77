// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Mbufs
import Pcap
import Reports
import TestSupport
import Testing
import UMA
import Wire

@testable import Replay

@Suite struct ReplayTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func everyFrameIsReadCountedAndSent() throws {
    let path = try folder.capture(
      "in.pcap", [.udp(), .udp(port: 5_000), .other(byteCount: 60), .other(byteCount: 5_000)])
    for destination in [Goal.null, .file(folder.file("out.pcap")), .stack] {
      let report = run(ReplayPlan(inputs: [path], destination: destination))
      #expect(report.packetsRead == 4)
      #expect(report.packetsSent == 4)
      #expect(report.bytesRead == 46 + 46 + 60 + 5_000)
      #expect(report.bytesSent == report.bytesRead)
      #expect(report.loops == 1)
      #expect(report.outstanding == 0)
      #expect(report.tally.protocols.udp == 2)
      #expect(report.tally.protocols.other == 2)
      #expect(report.tally.ipv4Checksums.valid == 2)
      #expect(report.tally.udpChecksums.valid == 2)
      #expect(report.inputs[0].end == .ended(nil))
      #expect(report.inputs[0].linkType == .ethernet)
      #expect(report.inputs[0].format == "pcap")
      #expect(report.durationInNanoseconds > 0)
      #expect(report.packetsPerSecond > 0 && report.bitsPerSecond > 0)
      #expect(report.pool.zones.allSatisfy { $0.total == $0.inUse + $0.cached + $0.free })
    }
  }

  @Test func aPoolThatIsTooSmallDeniesAndWhatItDeniedIsCounted() throws {
    let path = try folder.capture(
      "in.pcap",
      [.udp(), .other(byteCount: 2_048), .other(byteCount: 2_049), .other(byteCount: 9_000)])
    let report = run(ReplayPlan(inputs: [path], loopCount: 3), clusterLimit: 1)
    // One cluster holds 2,048 bytes; a chain has no more than that and a small mbuf's room.
    #expect(report.packetsRead == 12)
    #expect(report.packetsSent + report.denied == 12)
    #expect(report.denied >= 3)
    #expect(report.packetsSent >= 6)
    #expect(report.drops.map(\.reason) == ["pool_exhausted"])
    #expect(report.packetsDropped == report.denied)
    #expect(report.pool.clusters.limitInItems == 1)
    #expect(report.pool.clusters.denials > 0)
    #expect(report.outputError == nil)
  }

  @Test func aPoolWhoseEveryAllocationFailsEndsWithoutAPacket() throws {
    let path = try folder.capture("in.pcap", [.udp(), .udp()])
    let pool = MbufPool()
    pool.inject(FailurePlan(failing: 1, andAllLater: true))
    let report = Replay(ReplayPlan(inputs: [path], loopCount: 2), pool: pool).run()
    #expect(report.packetsSent == 0)
    #expect(report.denied == 4)
    pool.inject(nil)
    pool.checkInvariants()
  }

  @Test func anInputThatCannotBeOpenedIsPassedOver() throws {
    let path = try folder.capture("in.pcap", [.udp()])
    let report = run(ReplayPlan(inputs: [folder.file("nowhere.pcap"), path], loopCount: 2))
    #expect(report.packetsSent == 2)
    #expect(report.inputs[0].openError?.kind == .system(call: "open", errno: ENOENT))
    #expect(report.inputs[0].endName == "unsupported")
    #expect(report.inputs[0].packets == 0)
    #expect(report.inputs[1].error == nil)
    #expect(report.inputs[1].packets == 2)
  }

  @Test func inputsThatGiveNothingAreNotGoneThroughAgain() throws {
    let empty = try folder.capture("in.pcap", [])
    let report = run(ReplayPlan(inputs: [empty, folder.file("nowhere")], loopCount: 1_000_000))
    #expect(report.loops == 1)
    #expect(report.packetsRead == 0)
    #expect(report.packetsPerSecond == 0)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 100])
  func aLimitCountsPacketsOverAllInputsAndLoops(_ limit: Int) throws {
    let one = try folder.capture("one.pcap", [.udp(), .udp()])
    let two = try folder.capture("two.pcap", [.udp()])
    let out = folder.file("out.pcap")
    let report = run(
      ReplayPlan(
        inputs: [one, two], destination: .file(out), loopCount: 2, limit: limit, verifies: true))
    #expect(report.packetsSent == min(limit, 6))
    #expect(report.packetsRead == report.packetsSent)
    #expect(report.verification?.isIdentical == true)
    #expect(report.verification?.packetCount == report.packetsSent)
  }

  @Test func anInputIsSaidToHaveEndedOnlyIfItsEndWasSeen() throws {
    let one = try folder.capture("one.pcap", [.udp(), .udp(), .udp()])
    let two = try folder.capture("two.pcap", [.udp()])
    func ends(_ limit: Int?, _ destination: Goal = .null) -> [SourceState?] {
      run(ReplayPlan(inputs: [one, two], destination: destination, limit: limit)).inputs.map(\.end)
    }
    #expect(ends(nil) == [.ended(nil), .ended(nil)])
    #expect(ends(2) == [nil, nil])
    #expect(ends(3) == [nil, nil])
    #expect(ends(4) == [.ended(nil), nil])
    #expect(ends(5) == [.ended(nil), .ended(nil)])
    let report = run(ReplayPlan(inputs: [one], limit: 1))
    #expect(report.text.contains("one.pcap: pcap, EN10MB, 1 packet, 46 bytes, end not reached\n"))
    #expect(report.json.prettyText.contains("\"end\": null"))
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    #expect(ends(nil, .file("/dev/full")) == [nil, nil])
  }

  @Test func aFilterKeepsTheRestOut() throws {
    let path = try folder.capture("in.pcap", [.udp(), .udp(port: 5_000), .other(byteCount: 60)])
    let out = folder.file("out.pcap")
    let report = run(
      ReplayPlan(
        inputs: [path], filter: "udp dst port 5000", destination: .file(out), verifies: true))
    #expect(report.packetsRead == 1)
    #expect(report.packetsSent == 1)
    #expect(report.verification?.isIdentical == true)
    let bad = run(ReplayPlan(inputs: [path], filter: "udp port ("))
    #expect(bad.inputs[0].error?.exitCode == 64)
    #expect(bad.packetsRead == 0)
  }

  @Test func inputsOfTwoLinkTypesGoAnywhereButIntoOneFile() throws {
    let ethernet = try folder.capture("a.pcap", [.udp()])
    let raw = try folder.capture(
      "b.pcap", [Frame(bytes: Array(Frame.udp().bytes.dropFirst(14)))], linkType: .ipv4)
    for destination in [Goal.null, .stack] {
      let report = run(ReplayPlan(inputs: [ethernet, raw], destination: destination))
      #expect(report.packetsSent == 2)
      #expect(report.tally.protocols.udp == 2)
      #expect(report.packetsDropped == 0)
    }
    let report = run(
      ReplayPlan(
        inputs: [ethernet, raw], destination: .file(folder.file("out.pcap")), verifies: true))
    #expect(report.packetsSent == 1)
    #expect(report.packetsRead == 1)
    #expect(report.verification == nil)
    #expect(
      report.outputError?.description
        == "\(raw): the interfaces have different link types: IPV4 after EN10MB; "
        + "keep the packets of one link type in the file")
    #expect(report.outputError?.exitCode == 3)
  }

  @Test func aStackDeliversOrDropsEachPacketOnce() throws {
    var bad = Frame.udp()
    bad.bytes[45] ^= 1
    var badHeader = Frame.udp()
    badHeader.bytes[20] ^= 1
    let path = try folder.capture(
      "in.pcap", [.udp(), bad, badHeader, .other(byteCount: 60), .udp(port: 0), .udp(port: 9)])
    let report = run(ReplayPlan(inputs: [path], destination: .stack, loopCount: 3))
    #expect(report.packetsSent == 18)
    #expect(
      Dictionary(report.drops.map { ($0.reason, $0.count) }, uniquingKeysWith: +) == [
        "bad_checksum": 3, "bad_header_checksum": 3, "unsupported_network": 3, "bad_port": 3,
      ])
    // What is not dropped was delivered and read: two of six.
    #expect(report.packetsSent - report.packetsDropped == 6)
  }

  /// A pcapng that counts microseconds, with one frame at several times, of which the high words are given.
  private func capture(of frame: [UInt8], atHighWords times: [UInt32]) -> [UInt8] {
    func bytes(_ words: [UInt32]) -> [UInt8] {
      words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }
    let padding = [UInt8](repeating: 0, count: (4 - frame.count % 4) % 4)
    let (count, length) = (UInt32(frame.count), UInt32(frame.count + padding.count + 32))
    var file = bytes([0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, .max, .max, 28, 1, 20, 1, 0, 20])
    for time in times {
      file += bytes([6, length, 0, time, 0, count, count]) + frame + padding + bytes([length])
    }
    return file
  }

  @Test func anOutputThatFailsEndsTheRunAndNothingIsLostFromTheCounts() throws {
    // The third frame of the second input was seen in a year that a pcap has no number for.
    let path = try folder.capture("in.pcap", [.udp()])
    let late = folder.file("late.pcapng")
    let seconds: [UInt32] = [1, 1, 0x10_0000, 1]
    try Data(capture(of: Frame.udp().bytes, atHighWords: seconds)).write(
      to: URL(fileURLWithPath: late))
    let cut = run(ReplayPlan(inputs: [path, late], destination: .file(folder.file("out.pcap"))))
    #expect(cut.packetsSent == 3)
    #expect(cut.outputError?.kind == .unfit)
    #expect(cut.outputError?.packet == 4)
    #expect(cut.packetsRead == cut.packetsSent + cut.refused && cut.refused == 2)
    #expect(try readFile(folder.file("out.pcap")).count == 24 + 3 * (16 + 46))

    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let report = run(ReplayPlan(inputs: [path], destination: .file("/dev/full"), loopCount: 9))
    #expect(report.outputError?.exitCode == 1)
    #expect(report.packetsRead == report.packetsSent + report.denied + report.refused)
  }

  @Test func aFailureInTheMiddleCountsWhatWasSentBeforeIt() throws {
    let many = try folder.capture(
      "many.pcap", Array(repeating: .other(byteCount: 1_000), count: 999))
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    // The header does not fit, or the first full buffer does not.
    let report = run(ReplayPlan(inputs: [many], destination: .file("/dev/full")))
    #expect(report.outputError != nil)
    #expect(report.packetsRead == report.packetsSent + report.refused)
    #expect(report.drops.map(\.count).reduce(0, +) == report.refused)
  }

  @Test func aControlStopsARunBetweenPackets() throws {
    let path = try folder.capture("in.pcap", Array(repeating: .udp(), count: 10_000))
    let stopper = Stopper()
    let control = ReplayControl { packets in if packets >= 20_000 { stopper.stop() } }
    stopper.control = control
    defer { stopper.control = nil }
    let out = folder.file("out.pcap")
    let report = run(
      ReplayPlan(
        inputs: [path], destination: .file(out), loopCount: 1_000_000, verifies: true),
      control: control)
    #expect(report.wasInterrupted)
    #expect(report.packetsSent >= 20_000)
    #expect(report.packetsSent < 40_000)
    #expect(report.packetsRead == report.packetsSent)
    #expect(report.verification?.packetCount == report.packetsSent)
    #expect(report.verification?.isIdentical == true)
    // It may have been stopped just where the file ends, but hardly was.
    #expect(report.inputs[0].error == nil)
  }

  @Test func aControlThatIsStoppedBeforehandLetsNothingThrough() throws {
    let path = try folder.capture("in.pcap", [.udp()])
    let control = ReplayControl()
    #expect(!control.isStopped)
    control.stop()
    let report = run(ReplayPlan(inputs: [path]), control: control)
    #expect(report.packetsRead == 0)
    #expect(report.wasInterrupted)
  }

  @Test func anOutputThatIsAnInputIsRefusedBeforeAnythingIsTouched() throws {
    let a = try folder.capture("a.pcap", [.udp()])
    let b = try folder.capture("b.pcap", [.udp(), .udp()])
    let before = [try readFile(a), try readFile(b)]
    let (soft, hard) = (folder.file("soft.pcap"), folder.file("hard.pcap"))
    try FileManager.default.createSymbolicLink(atPath: soft, withDestinationPath: b)
    try FileManager.default.linkItem(atPath: b, toPath: hard)
    let descriptor = unsafe open(b, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    for output in [b, soft, hard, "\(folder.path)/./b.pcap", "/dev/fd/\(descriptor)"] {
      for input in [b, soft, hard] {
        let plan = ReplayPlan(inputs: [a, input], destination: .file(output), verifies: true)
        let report = run(plan)
        #expect(report.outputError?.kind == .misuse)
        #expect(report.outputError?.what == "\(input): input and output are one file")
        #expect(report.outputError?.exitCode == 64)
        #expect(report.packetsRead == 0)
        #expect(report.verification == nil)
        #expect(throws: InterfaceError.self) { try plan.check() }
      }
    }
    #expect([try readFile(a), try readFile(b)] == before)
    // One name for both, before there is a file: the copy would be its own input.
    let new = folder.file("new.pcap")
    #expect(run(ReplayPlan(inputs: [a, new], destination: .file(new))).packetsRead == 0)
    #expect(!FileManager.default.fileExists(atPath: new))
  }

  @Test func anInputThatBecomesTheOutputWhileRunningIsNotRead() throws {
    let a = try folder.capture("a.pcap", [.udp()])
    let (new, link) = (folder.file("new.pcap"), folder.file("link.pcap"))
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: new)
    let report = run(ReplayPlan(inputs: [a, link], destination: .file(new), loopCount: 2))
    #expect(report.inputs[1].error?.kind == .misuse)
    #expect(report.inputs.map(\.packets) == [2, 0])
    #expect(try readFile(new).count == 24 + 2 * (16 + 46))
  }

  @Test func whatKeepsNoBytesMayBeInputAndOutput() throws {
    let a = try folder.capture("a.pcap", [.udp()])
    let pipe = folder.file("pipe")
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    try ReplayPlan(inputs: ["/dev/null", a], destination: .file("/dev/null")).check()
    try ReplayPlan(inputs: [pipe], destination: .file(pipe)).check()
    try ReplayPlan(inputs: [a], destination: .file(folder.file("b.pcap"))).check()
    try ReplayPlan(inputs: [a, a], destination: .null).check()
    let report = run(ReplayPlan(inputs: [a], destination: .file("/dev/null")))
    #expect(report.packetsSent == 1)
    #expect(report.outputError == nil)
  }

  @Test func aPlanNeedsALoop() async {
    await #expect(processExitsWith: .failure) {
      _ = ReplayPlan(inputs: [String](), loopCount: 0)
    }
  }
}

/// Stops a control from inside its own callback.
private final class Stopper: @unchecked Sendable {
  // Set before the run that reads it, on the same thread.
  var control: ReplayControl?

  func stop() { control?.stop() }
}
