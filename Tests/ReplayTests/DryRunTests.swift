// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Pcap
import Replay
import Synchronization
import TestSupport
import Testing
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a replay finds out without sending, and how it is limited and held.
@Suite struct DryRunTests {
  /// A place with a link type and an MTU that must not be opened.
  private struct Unopened: PacketOutput {
    var place = LinkTraits()

    func traits() -> LinkTraits { place }

    func open(_ traits: LinkTraits) throws(InterfaceError) -> any PacketSink & ~Copyable {
      throw InterfaceError(.failed, "opened")
    }
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Five packets, of 46 bytes and 100 more each, a day apart; the fourth goes back.
  private func plan(_ output: some PacketOutput, isPreloaded: Bool = false) throws -> ReplayPlan {
    let frames = (0..<5).map { number in
      var frame = Frame.udp(payload: [UInt8](repeating: 1, count: 4 + 100 * number))
      frame.time += Int64(number) * 86_400_000_000_000
      if number == 3 { frame.time -= 3 * 86_400_000_000_000 }
      return frame
    }
    let path = try folder.capture("days-\(UInt64.random(in: 0 ... .max)).pcap", frames)
    var plan = ReplayPlan(
      inputs: CaptureFiles([path]).inputs, destination: .output(output), isPreloaded: isPreloaded)
    plan.isDryRun = true
    return plan
  }

  private func pacing(_ schedule: Schedule) -> ReplayPlan.Pacing {
    ReplayPlan.Pacing(schedule, clock: PacingTests.TestClock())
  }

  @Test(arguments: [false, true])
  func nothingIsOpenedAndDaysPassAtOnce(isPreloaded: Bool) throws {
    var plan = try plan(Unopened(), isPreloaded: isPreloaded)
    plan.pacing = pacing(Schedule(.original(speed: 1)))
    let report = Replay(plan, pool: MbufPool()).run()
    #expect(report.isDryRun && report.outputError == nil)
    #expect(report.packetsSent == 5 && report.confirmed == nil && report.isConfirmed)
    // Two days forward, none back, and four from there to the last.
    let wanted: Int64 = 6 * 86_400_000_000_000
    #expect(report.scheduledNanoseconds == wanted)
    #expect(report.backwardCount == 1 && report.shortenedCount == 0)
    #expect(report.text.contains("would send  5 packets"))
    #expect(report.lateness.packetCount == 0)
  }

  @Test func gapsAreShortenedAndCounted() throws {
    var plan = try plan(Unopened())
    plan.pacing = pacing(Schedule(.original(speed: 1), longestGap: 1_000))
    let report = Replay(plan, pool: MbufPool()).run()
    #expect(report.scheduledNanoseconds == 3_000 && report.shortenedCount == 3)
  }

  @Test(arguments: [false, true])
  func packetsOverTheMTUAreCounted(isPreloaded: Bool) throws {
    let place = LinkTraits(linkType: .ethernet, mtu: 32 + 200)
    let plan = try plan(Unopened(place: place), isPreloaded: isPreloaded)
    let report = Replay(plan, pool: MbufPool()).run()
    #expect(report.drops.map(\.reason) == ["over_mtu"] && report.drops.map(\.count) == [2])
    #expect(report.packetsRead == 5 && report.scheduledNanoseconds == nil)
    #expect(report.packetsSent == 3 && report.failed == 2 && report.refused == 0)
    #expect(report.bytesSent == 3 * 46 + 100 + 200)
  }

  @Test func anotherLinkTypeIsRefused() throws {
    let report = Replay(
      try plan(Unopened(place: LinkTraits(linkType: .raw))), pool: MbufPool()
    ).run()
    #expect(report.outputError?.kind == .wrongLinkType(.ethernet, wanted: .raw))
    #expect(report.outputError?.advice.contains("--dlt raw") == true)
    #expect(report.packetsSent == 0)
  }

  @Test(arguments: [1, 46, 47, 46 + 146, 46 + 146 + 1, 100_000], [false, true])
  func aLimitInBytesEndsWithThePacketThatReachesIt(limit: Int, isPreloaded: Bool) throws {
    var plan = try plan(Unopened(), isPreloaded: isPreloaded)
    plan.isDryRun = false
    plan.destination = .null
    plan.byteLimit = limit
    let pool = MbufPool()
    let report = Replay(plan, pool: pool).run()
    var (packets, bytes) = (0, 0)
    while bytes < limit, packets < 5 {
      bytes += 46 + 100 * packets
      packets += 1
    }
    #expect(report.packetsSent == packets && report.bytesSent == bytes)
    #expect(report.packetsRead == packets + report.denied + report.refused)
    #expect(pool.outstanding == 0)
  }

  @Test(arguments: [false, true])
  func aPausedReplaySendsNothingAndIsNotLateForIt(isPaced: Bool) throws {
    let control = ReplayControl()
    let recorder = PacingTests.Recorder(PacingTests.TestClock(longestWait: 1_000_000))
    var plan = try plan(recorder)
    plan.isDryRun = false
    if isPaced {
      plan.pacing = ReplayPlan.Pacing(Schedule(.packets(perSecond: 10)), clock: recorder.clock)
    }
    control.pause()
    let isSeenEmpty = Atomic(false)
    let threads = startThreads(1) { _ in
      usleep(150_000)
      isSeenEmpty.store(recorder.times.withLock { $0.isEmpty }, ordering: .relaxed)
      control.resume()
    }
    let report = Replay(plan, pool: MbufPool(), control: control).run()
    join(threads)
    let wasHeld = isSeenEmpty.load(ordering: .relaxed)
    #expect(wasHeld)
    #expect(report.packetsSent == 5 && !report.wasInterrupted)
    #expect(report.durationInNanoseconds >= 150_000_000)
    if isPaced { #expect(report.lateness.percentile(100) == 0) }
  }
}
