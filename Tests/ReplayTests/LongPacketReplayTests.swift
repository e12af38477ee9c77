// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Pcap
import Reports
import TestSupport
import Testing
import Wire

@testable import Replay

/// Replays of packets that are longer than the MTU.
@Suite struct LongPacketReplayTests {
  /// A sink with an MTU, which takes no longer packet.
  private struct Output: PacketOutput {
    struct Sink: PacketSink, ~Copyable {
      var traits: LinkTraits
      var statistics = InterfaceStatistics()

      mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
        while let packet = packets.dequeue() {
          do throws(InterfaceError) {
            try traits.check(packet, at: "the sink")
          } catch {
            packets.putBack(packet)
            throw error
          }
          statistics.output.count(bytes: packet.byteCount)
        }
      }
    }

    let mtu: Int

    func open(_ traits: LinkTraits) -> any PacketSink & ~Copyable {
      Sink(traits: LinkTraits(mtu: mtu))
    }
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// 100 packets: 60 short ones, 20 long of UDP, and 20 long of nothing known.
  private func capture() throws -> String {
    try folder.capture(
      "in.pcap",
      (0..<100).map { index in
        switch index % 5 {
        case 3: .udp(payload: [UInt8](repeating: 7, count: 1_000))
        case 4: .other(byteCount: 700)
        default: .udp()
        }
      })
  }

  private func plan(_ policy: LongPacketPolicy?, mtu: Int, isPreloaded: Bool = false) throws
    -> ReplayPlan
  {
    ReplayPlan(
      inputs: CaptureFiles([try capture()]).inputs, destination: .output(Output(mtu: mtu)),
      isPreloaded: isPreloaded, longPackets: policy)
  }

  private func expectSum(_ report: ReplayReport) {
    let long = report.longPackets ?? LongPacketCounts()
    #expect(
      report.packetsRead + long.added
        == report.packetsSent + report.denied + report.refused + long.dropped)
    #expect(
      report.drops.map(\.count).reduce(0, +) == report.denied + report.refused + long.dropped)
  }

  @Test(arguments: [
    (LongPacketPolicy.skip, sent: 60, added: 0, dropped: 40),
    (.truncate, sent: 100, added: 0, dropped: 0),
    (.fragment, sent: 100, added: 40, dropped: 20),
    (.segment, sent: 100, added: 40, dropped: 20),
  ])
  func longPacketsAreMadeToFitOrDropped(
    policy: LongPacketPolicy, sent: Int, added: Int, dropped: Int
  ) throws {
    let sent = sent + (policy == .truncate || policy == .skip ? 0 : 20)
    let report = run(try plan(policy, mtu: 400))
    expectSum(report)
    #expect(report.outputError == nil && report.packetsRead == 100 && report.packetsSent == sent)
    #expect(report.tally.protocols.ipv4 + report.tally.protocols.other == UInt64(sent))
    #expect(report.tally.ipv4Checksums.invalid == 0 && report.tally.udpChecksums.invalid == 0)
    let long = try #require(report.longPackets)
    #expect(long.long == 40 && long.longest == 1_028)
    #expect(long.added == added && long.dropped == dropped)
    #expect(report.text.contains("over mtu    40 packets"))
    // In memory the same packets, which all count as read.
    let loaded = run(try plan(policy, mtu: 400, isPreloaded: true))
    expectSum(loaded)
    #expect(loaded.packetsSent == sent && loaded.longPackets?.added == 0)
    #expect(loaded.packetsRead == sent + dropped && loaded.longPackets?.long == 40)
  }

  @Test(arguments: [false, true])
  func aLongPacketEndsTheReplayByItsNumber(isPreloaded: Bool) throws {
    let report = run(try plan(.refuse, mtu: 400, isPreloaded: isPreloaded))
    let error = try #require(report.outputError)
    #expect(error.kind == .tooLong(byteCount: 1_042, limit: 414) && error.packet == 4)
    #expect("\(error)".contains("in.pcap, packet 4: a packet is longer"))
    #expect("\(error)".contains("--over-mtu"))
    #expect(report.packetsSent == (isPreloaded ? 0 : 3))
    expectSum(report)
    // Without a policy the sink refuses it, after as many.
    let plain = run(try plan(nil, mtu: 400))
    #expect(plain.outputError?.kind == error.kind && plain.packetsSent == 3)
    #expect(plain.longPackets == nil)
  }

  @Test func theMTUOfThePlanComesBeforeThatOfTheOutput() throws {
    var plan = try plan(.skip, mtu: 5_000)
    #expect(run(plan).packetsSent == 100)
    plan.mtu = 900
    #expect(run(plan).packetsSent == 80)
  }

  @Test(arguments: [4, 5, 9, 44])
  func theLimitCountsPacketsOfTheInput(limit: Int) throws {
    var plan = try plan(.fragment, mtu: 400)
    plan.limit = limit
    let report = run(plan)
    expectSum(report)
    let long = try #require(report.longPackets)
    #expect(report.packetsSent - long.added == limit)
  }

  @Test func whatCannotBeCutForWantOfMemoryIsDenied() throws {
    let pool = MbufPool(mbufLimit: 40)
    let report = Replay(try plan(.fragment, mtu: 100), pool: pool).run()
    expectSum(report)
    #expect(report.outstanding == 0)
    #expect(report.drops.contains { $0.reason == "over_mtu_exhausted" && $0.count > 0 })
  }

  @Test func headersAreRewrittenBeforeLengthsAreLookedAt() throws {
    var plan = try plan(.skip, mtu: 1_028)
    #expect(run(plan).packetsSent == 100)
    plan.rewrite = RewriteRules()
    plan.rewrite?.tag = .push(TagValue(identifier: 1))
    #expect(run(plan).packetsSent == 80)
  }
}
