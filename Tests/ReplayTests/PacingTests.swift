// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Pcap
import Replay
import Synchronization
import TestSupport
import Testing

/// Replays at times of a clock that goes on only when it is waited for.
@Suite struct PacingTests {
  /// A clock that wakes its waiters so many nanoseconds late, after at most so long a wait.
  final class TestClock: PacketClock {
    private let time = Atomic<Int64>(1_000_000)
    private let overshoot: Int64
    private let longestWait: Int64

    init(overshoot: Int64 = 0, longestWait: Int64 = .max) {
      self.overshoot = overshoot
      self.longestWait = longestWait
    }

    var now: Int64 { time.load(ordering: .relaxed) }

    func wait(until due: Int64) -> Int64 {
      let now = now
      let woken = due - now > longestWait ? now + longestWait : max(now, due + overshoot)
      time.store(woken, ordering: .relaxed)
      return woken
    }
  }

  /// Notes when packets came, counted from the first moment.
  final class Recorder: PacketOutput {
    struct Sink: PacketSink, ~Copyable {
      let recorder: Recorder
      var statistics = InterfaceStatistics()

      mutating func transmit(_ packets: inout PacketQueue, due: Int64) {
        while let packet = packets.dequeue() {
          statistics.output.count(bytes: packet.byteCount)
          let now = recorder.clock.now
          recorder.times.withLock { $0.append(now - 1_000_000) }
          recorder.onPacket?()
        }
      }
    }

    let clock: TestClock
    let times = Mutex<[Int64]>([])
    let onPacket: (@Sendable () -> Void)?

    init(_ clock: TestClock, onPacket: (@Sendable () -> Void)? = nil) {
      self.clock = clock
      self.onPacket = onPacket
    }

    func open(_ traits: LinkTraits) -> any PacketSink & ~Copyable { Sink(recorder: self) }
    func confirmedPacketCount() -> Int? { times.withLock { $0.count } }
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// When the capture's packets were seen, counted from the first.
  private static let times: [Int64] = (0..<26).map { Int64($0 * $0) * 4_000_000 }

  /// A capture with packets at those times.
  private func capture() throws -> String {
    let frames = Self.times.map { time in
      var frame = Frame.udp()
      frame.time += time
      return frame
    }
    return try folder.capture("paced-\(UInt64.random(in: 0 ... .max)).pcap", frames)
  }

  private func plan(
    _ recorder: Recorder, _ schedule: Schedule, loops: Int = 1, pause: Int64 = 0
  ) throws -> ReplayPlan {
    let files = CaptureFiles([try capture()])
    return ReplayPlan(
      inputs: files.inputs, destination: .output(recorder), loopCount: loops,
      pacing: ReplayPlan.Pacing(schedule, loopPause: pause, clock: recorder.clock))
  }

  @Test func eachPacketLeavesAtItsOwnTime() throws {
    let recorder = Recorder(TestClock())
    let report = Replay(
      try plan(recorder, Schedule(.original(speed: 1))), pool: MbufPool()
    ).run()
    #expect(recorder.times.withLock { $0 } == Self.times)
    #expect(report.packetsSent == 26 && report.confirmed == 26 && report.isConfirmed)
    #expect(report.lateness.packetCount == 26 && report.lateness.percentile(100) == 0)
  }

  @Test func aLateClockIsNotedAndNotAddedUp() throws {
    let recorder = Recorder(TestClock(overshoot: 40_000))
    let report = Replay(
      try plan(recorder, Schedule(.packets(perSecond: 1_000))), pool: MbufPool()
    ).run()
    // The first is due at once; every other comes 40 us after its own time.
    let wanted = (0..<26).map { $0 == 0 ? 0 : Int64($0) * 1_000_000 + 40_000 }
    #expect(recorder.times.withLock { $0 } == wanted)
    #expect((39_000...41_000).contains(report.lateness.percentile(99)))
    #expect(report.lateness.spanInNanoseconds == 25_040_000)
  }

  @Test func loopsFollowEachOtherAfterTheirPause() throws {
    let recorder = Recorder(TestClock(longestWait: 100_000))
    let report = Replay(
      try plan(recorder, Schedule(.original(speed: 2)), loops: 3, pause: 5_000), pool: MbufPool()
    ).run()
    // A loop begins a pause after the last packet of the one before.
    var wanted: [Int64] = []
    for loop in 0..<3 as Range<Int64> {
      let start = (Self.times[25] / 2 + 5_000) * loop
      wanted += Self.times.map { start + $0 / 2 }
    }
    #expect(recorder.times.withLock { $0 } == wanted)
    #expect(report.loops == 3 && report.packetsSent == 78)
  }

  @Test func whoStopsAReplayWaitsForNoPacket() throws {
    let pool = MbufPool()
    let control = ReplayControl()
    let count = Atomic(0)
    let recorder = Recorder(TestClock(longestWait: 100_000)) {
      if count.add(1, ordering: .relaxed).newValue == 5 { control.stop() }
    }
    let report = Replay(
      try plan(recorder, Schedule(.packets(perSecond: 0.001))), pool: pool, control: control
    ).run()
    #expect(report.packetsSent == 5 && report.wasInterrupted)
    #expect(report.packetsRead == 5 + report.refused)
    #expect(report.drops.map(\.reason) == ["interrupted"])
    #expect(pool.outstanding == 0)
  }

  /// Takes two packets and refuses the third.
  struct Refusing: PacketOutput {
    struct Sink: PacketSink, ~Copyable {
      var statistics = InterfaceStatistics()

      mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
        while let packet = packets.dequeue() {
          if statistics.output.packets == 2 {
            packets.putBack(packet)
            throw InterfaceError(
              .tooLong(byteCount: 9, limit: 8), "the link does not take the packet")
          }
          statistics.output.count(bytes: packet.byteCount)
        }
      }
    }

    func open(_ traits: LinkTraits) -> any PacketSink & ~Copyable { Sink() }
  }

  @Test(arguments: [nil, 0, 1_000, 1e9] as [Double?], [false, true])
  func anErrorAboutAPacketHasItsNumber(rate: Double?, isPreloaded: Bool) throws {
    let pool = MbufPool()
    let path = try capture()
    let plan = ReplayPlan(
      inputs: CaptureFiles([path]).inputs, destination: .output(Refusing()),
      pacing: rate.map { rate in
        ReplayPlan.Pacing(
          Schedule(rate == 0 ? .original(speed: 1) : .packets(perSecond: rate)), clock: TestClock())
      }, isPreloaded: isPreloaded)
    let report = Replay(plan, pool: pool).run()
    #expect(report.outputError?.packet == 3)
    #expect(report.outputError?.what == "\(path), packet 3: the link does not take the packet")
    #expect(report.packetsSent == 2)
    #expect(report.packetsRead == 2 + report.refused)
    #expect(pool.outstanding == 0)
  }

  @Test func whatIsDueAfterTheTimeLimitDoesNotLeave() throws {
    let pool = MbufPool()
    let recorder = Recorder(TestClock())
    var plan = try plan(recorder, Schedule(.original(speed: 1)), loops: 2)
    plan.timeLimit = 100_000_000
    let report = Replay(plan, pool: pool).run()
    // The sixth is due at the limit.
    #expect(recorder.times.withLock { $0 } == Array(Self.times[..<5]))
    #expect(report.packetsSent == 5 && report.loops == 1 && !report.wasInterrupted)
    #expect(report.packetsRead == 5 + report.refused)
    #expect(report.drops.map(\.reason) == ["time_over"])
    #expect(pool.outstanding == 0)
  }

  @Test(arguments: [false, true])
  func aReplayWithoutTimesEndsWhenItsOwnIsOver(isPreloaded: Bool) throws {
    let pool = MbufPool()
    // Without a limit this takes days.
    let plan = ReplayPlan(
      inputs: CaptureFiles([try capture()]).inputs, loopCount: 1_000_000_000,
      timeLimit: 20_000_000, isPreloaded: isPreloaded)
    let report = Replay(plan, pool: pool).run()
    #expect(report.loops > 0 && report.loops < 1_000_000_000)
    #expect(report.packetsSent > 0 && report.packetsSent == report.packetsRead)
    #expect(report.durationInNanoseconds >= 20_000_000)
    #expect(pool.outstanding == 0)
  }

  @Test(arguments: [false, true])
  func loopsAfterTheLastPacketTakeNoTime(isPreloaded: Bool) throws {
    var plan = ReplayPlan(
      inputs: CaptureFiles([try capture()]).inputs, loopCount: .max, limit: 5,
      isPreloaded: isPreloaded)
    // Going through the loops that are left would take years.
    plan.timeLimit = 3_600_000_000_000
    let report = Replay(plan, pool: MbufPool()).run()
    #expect(report.packetsSent == 5 && report.loops == 1)
    #expect(report.durationInNanoseconds < 10_000_000_000)
  }

  /// Takes all packets, and loses every other one to an error of its own.
  struct Losing: PacketOutput {
    struct Sink: PacketSink, ~Copyable {
      var statistics = InterfaceStatistics()
      var count = 0

      mutating func transmit(_ packets: inout PacketQueue, due: Int64) {
        while let packet = packets.dequeue() {
          count += 1
          if count.isMultiple(of: 2) {
            statistics.output.errors += 1
          } else {
            statistics.output.count(bytes: packet.byteCount)
          }
        }
      }
    }

    func open(_ traits: LinkTraits) -> any PacketSink & ~Copyable { Sink() }
  }

  @Test(arguments: [false, true])
  func whatTheSystemDoesNotSendIsNotSent(isPreloaded: Bool) throws {
    let pool = MbufPool()
    let plan = ReplayPlan(
      inputs: CaptureFiles([try capture()]).inputs, destination: .output(Losing()), limit: 5,
      isPreloaded: isPreloaded)
    let report = Replay(plan, pool: pool).run()
    #expect(report.packetsSent == 3 && report.failed == 2 && report.refused == 0)
    #expect(report.drops.map(\.reason) == ["send_failed"])
    #expect(report.bytesRead > report.bytesSent && report.outputError == nil)
    #expect(pool.outstanding == 0)
  }

  @Test func fewerOnTheWireThanSentIsNotConfirmed() {
    var report = Replay(ReplayPlan(inputs: [any PacketInput]()), pool: MbufPool()).run()
    #expect(report.confirmed == nil && report.isConfirmed)
    report.packetsSent = 3
    for (count, isConfirmed) in [(2, false), (3, true), (4, true)] {
      report.confirmed = count
      #expect(report.isConfirmed == isConfirmed)
    }
  }
}
