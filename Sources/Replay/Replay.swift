// SPDX-License-Identifier: BSD-2-Clause
//
//     for each loop, for each input, for each batch:
//         source --> packets of the pool --> change, if asked --> decode and count --> sink
//                        |                        |                                      |
//         denied: dropped, pool_exhausted    rewrite_exhausted, over_mtu            taken: sent
//
// States of a run: checked (the output is none of the inputs), looping, finished, compared. An input
// that cannot be read further ends there, and the next one goes on; an output that cannot be written
// ends the run, and what it did not take or lost counts as refused. The report is made in every case,
// and in every case packets read + added == sent + denied + dropped + refused + failed, where packets
// longer than the MTU were made several (added) or dropped by the plan's policy, and those that failed
// were taken by the output and lost one by one.
//
// Where packets have their times, each is transmitted when it is due, together with those whose time
// has come as well, and how late each was is noted.
//
// A source that is idle is waited for, after what was sent is put out. A sink that takes no more is
// pushed until it does.

import Interfaces
import InternetStack
public import Mbufs
import UMA
import Wire

/// Replays packets: reads them from its inputs, counts what they are and hands them to a sink.
public struct Replay: ~Copyable {
  let plan: ReplayPlan
  private let pool: MbufPool
  let control: ReplayControl
  var report: ReplayReport
  /// What sources dropped, by reason.
  private var inputDrops: [(reason: String, count: Int)] = []
  private var hasBegun = false
  var pacing: ReplayPlan.Pacing?
  /// Makes packets fit the MTU; nil before the output is open, and where that is not asked for.
  var fitter: PacketFitter?
  /// The clock's time at which the schedule began; nil before the first packet.
  var paceStart: Int64?
  /// When the time that the plan gives is over; nil if it gives all.
  var deadline: ContinuousClock.Instant?
  /// Whether the time is over; what was read by then and not sent counts as refused.
  var isTimeOver = false
  /// The times of loops; nil where they stay.
  private var loopTimes: LoopTimes?

  /// Packets of one batch: few enough to be in the processor's cache when they are decoded.
  static var batchPacketCount: Int { 32 }
  /// Packets of one batch out of memory, where they are not looked at.
  static var loadedBatchPacketCount: Int { 256 }
  /// Packets between two reports of progress.
  static var stepPacketCount: Int { 4_096 }

  /// Prepares a replay.
  ///
  /// - Parameters:
  ///   - plan: what to do.
  ///   - pool: where packets come from. Nobody else should be using it, or the packets of others
  ///     count as outstanding.
  ///   - control: to watch and stop it.
  public init(_ plan: ReplayPlan, pool: MbufPool, control: ReplayControl = ReplayControl()) {
    self.plan = plan
    self.pool = pool
    self.control = control
    pacing = plan.pacing
    // A value made anew: to put another clock in the place of one, the optimiser forgot to release that.
    if plan.isDryRun {
      pacing = plan.pacing.map {
        ReplayPlan.Pacing($0.schedule, loopPause: $0.loopPause, clock: SkippingClock())
      }
    }
    loopTimes =
      plan.loopCount > 1 ? plan.loopTimeUnit.map { LoopTimes(unitInNanoseconds: $0) } : nil
    report = ReplayReport(pool: pool.statistics())
    report.inputs = plan.inputs.map { ReplayReport.Input(name: $0.name) }
    report.rewriting = plan.rewrite.map { _ in RewriteCounts() }
  }

  /// Runs the plan to its end, or until something stops it.
  ///
  /// - Returns: what was done. If the output would destroy an input, nothing: `outputError` then has
  ///   the kind `.misuse`, and nothing was touched.
  public consuming func run() -> ReplayReport {
    do throws(InterfaceError) {
      try plan.check()
      switch plan.destination {
      case .null:
        var sink = NullSink()
        try send(to: &sink)
      case .stack:
        var sink = StackSink()
        try send(to: &sink)
      case .output(let output) where plan.isDryRun:
        var sink = DryRunSink(try output.traits())
        try send(to: &sink)
      case .output(let output):
        var sink = OutputSink(output)
        try send(to: &sink)
      }
    } catch {
      report.outputError = error
    }
    report.refused = report.packetsToSend - report.packetsSent - report.failed
    if report.failed > 0, !plan.isDryRun { report.drops.append(("send_failed", report.failed)) }
    report.drops += inputDrops + (report.longPackets?.dropsByReason ?? [])
    report.wasInterrupted = control.isStopped
    report.isDryRun = plan.isDryRun
    report.backwardCount = pacing?.schedule.backwardCount ?? 0
    report.shortenedCount = pacing?.schedule.shortenedCount ?? 0
    if report.refused > 0 {
      let reason =
        report.outputError != nil
        ? "output_failed" : control.isStopped ? "interrupted" : "time_over"
      report.drops.append((reason, report.refused))
    }
    if case .output(let output) = plan.destination, hasBegun, !plan.isDryRun {
      report.confirmed = output.confirmedPacketCount()
      report.farEnd = output.linkVerification()
    }
    report.pool = pool.statistics()
    report.outstanding = report.pool.mbufsInUse
    if plan.verifies, hasBegun, !plan.isDryRun, report.outputError == nil,
      case .output(let output) = plan.destination
    {
      do throws(InterfaceError) {
        report.verification = try output.compare(
          loopCount: plan.loopCount, packetCount: report.packetsSent)
      } catch {
        report.outputError = error
      }
    }
    return report
  }

  /// Goes through the inputs as often as planned.
  private mutating func send<Sink: ReplaySink & ~Copyable>(
    to sink: inout Sink
  ) throws(InterfaceError) {
    let loaded = plan.isPreloaded ? try load(for: &sink) : nil
    let start = ContinuousClock.now
    deadline = plan.timeLimit.map { start + .nanoseconds($0) }
    defer {
      let (seconds, attoseconds) = (ContinuousClock.now - start).components
      report.durationInNanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
      report.drops = sink.dropsByReason
    }
    do throws(InterfaceError) {
      try sendAll(loaded, to: &sink)
      try sink.finish()
      // What was taken, and lost one by one: there is no error that tells of it.
      let output = sink.statistics.output
      if output.errors > 0 {
        report.failed = output.errors
        report.packetsSent -= output.errors
        report.bytesSent = output.bytes
      }
    } catch {
      // What was taken before is still put out, as far as that goes; the first error is reported.
      try? sink.finish()
      let output = sink.statistics.output
      report.packetsSent = output.packets + output.drops
      report.bytesSent = output.bytes
      throw error
    }
  }

  private mutating func sendAll<Sink: ReplaySink & ~Copyable>(
    _ loaded: [LoadedInput]?, to sink: inout Sink
  ) throws(InterfaceError) {
    while !isDone, report.loops < plan.loopCount {
      if report.loops > 0, let pause = pacing?.loopPause {
        pacing?.schedule.beginLoop(pause: pause)
      }
      report.loops += 1
      let before = report.packetsRead
      if plan.mergesInputs {
        try sendMerged(to: &sink)
      } else {
        for index in report.inputs.indices where !isDone {
          if let loaded {
            try send(loaded[index], index, to: &sink)
          } else {
            try send(index, to: &sink)
          }
        }
      }
      loopTimes?.endLoop()
      // Inputs that give nothing will give nothing again.
      if report.packetsRead == before { break }
    }
  }

  private mutating func send<Sink: ReplaySink & ~Copyable>(
    _ index: Int, to sink: inout Sink
  ) throws(InterfaceError) {
    guard var source = try open(index, for: &sink) else { return }
    pacing?.schedule.beginLoop()
    var failure: InterfaceError?
    do throws(InterfaceError) { try drain(&source, index, to: &sink) } catch { failure = error }
    noteDrops(&source, index)
    if let failure { throw failure }
  }

  /// Opens an input, and the sink if it is the first; nil, noted in the report, if it cannot be.
  mutating func open<Sink: ReplaySink & ~Copyable>(
    _ index: Int, for sink: inout Sink
  ) throws(InterfaceError) -> (any PacketSource & ~Copyable)? {
    var source: any PacketSource & ~Copyable
    do throws(InterfaceError) {
      source = try plan.inputs[index].open()
    } catch {
      // A signal may have broken the opening off; then it says nothing about the input.
      if !control.isStopped { report.inputs[index].openError = error }
      return nil
    }
    try begin(&source, index, for: &sink)
    return source
  }

  private mutating func begin<Sink: ReplaySink & ~Copyable>(
    _ source: inout any PacketSource & ~Copyable, _ index: Int, for sink: inout Sink
  ) throws(InterfaceError) {
    let traits = source.traits
    try sink.begin(traits, from: plan.inputs[index].name)
    hasBegun = true
    if fitter == nil { makeFitter(mtu: sink.traits.mtu) }
    report.inputs[index].format = source.formatName
    report.inputs[index].linkType = traits.linkType
    report.inputs[index].end = nil
  }

  /// Notes how an input ended.
  mutating func note(_ end: SourceState, _ index: Int) {
    guard case .ended(let error) = end else { return }
    // A signal may have broken off the system's read; that says nothing about the input.
    if !control.isStopped || error?.isBrokenOff != true { report.inputs[index].end = end }
  }

  /// Counts the packets that a source lost, of which there are no more then.
  mutating func noteDrops(_ source: inout any PacketSource & ~Copyable, _ index: Int) {
    // What was lost so far is counted then; what is still on its way is nobody's.
    _ = source.stopArrivals()
    note(source.inputDropsByReason)
    let input = source.statistics.input
    report.inputs[index].packets += input.drops
    report.inputs[index].bytes += input.lostBytes
    report.denied += input.drops
  }

  /// Adds what one source dropped to what the others did.
  mutating func note(_ drops: [(reason: String, count: Int)]) {
    for drop in drops {
      if let place = inputDrops.firstIndex(where: { $0.reason == drop.reason }) {
        inputDrops[place].count += drop.count
      } else {
        inputDrops.append(drop)
      }
    }
  }

  /// Sends what a source has, until its end or a reason to stop before.
  private mutating func drain<Sink: ReplaySink & ~Copyable>(
    _ source: inout any PacketSource & ~Copyable, _ index: Int, to sink: inout Sink
  ) throws(InterfaceError) {
    while !isStopping {
      let left = Swift.min(packetsLeft, Self.stepPacketCount)
      if left <= 0 { return }
      let state = try send(left, of: &source, index, to: &sink)
      control.report(report.packetsSent)
      switch state {
      case .more: break
      case .idle:
        try sink.push()
        waitForMore(&source)
      case .ended: return note(state, index)
      }
    }
  }

  /// Waits for a source that is idle, a quarter of a second at most and no longer than there is time.
  mutating func waitForMore(_ source: inout any PacketSource & ~Copyable) {
    var milliseconds: Int32 = 250
    if let deadline {
      let left = deadline - ContinuousClock.now
      isTimeOver = left <= .zero
      milliseconds = Int32(Swift.min(Swift.max(left / .milliseconds(1), 0) + 1, 250))
    }
    if !isTimeOver { _ = source.wait(milliseconds: milliseconds) }
  }

  /// Sends up to a number of packets of a source, batch by batch, while it has any.
  private mutating func send<Sink: ReplaySink & ~Copyable>(
    _ packetLimit: Int, of source: inout any PacketSource & ~Copyable, _ index: Int,
    to sink: inout Sink
  ) throws(InterfaceError) -> SourceState {
    var state = SourceState.more
    var left = packetLimit
    while left > 0, case .more = state, !isStopping {
      var packets = PacketQueue()
      let wanted = Swift.min(left, packetsLeft, Self.batchPacketCount)
      if wanted <= 0 { break }
      state = receive(wanted, from: &source, into: &packets)
      left -= packets.packetCount
      try send(&packets, index, to: &sink)
    }
    return state
  }

  /// Receives a batch; a source that fails has ended.
  func receive(
    _ packetLimit: Int, from source: inout any PacketSource & ~Copyable,
    into packets: inout PacketQueue
  ) -> SourceState {
    do throws(InterfaceError) {
      return try source.receive(upTo: packetLimit, into: &packets, from: pool)
    } catch {
      return .ended(error)
    }
  }

  /// Sends packets of an input and counts them; those left were not sent when somebody stopped that.
  ///
  /// - Parameter owner: has counted the packets before, and keeps those that were sent.
  mutating func send<Sink: ReplaySink & ~Copyable>(
    _ packets: inout PacketQueue, _ index: Int, to sink: inout Sink,
    keptBy owner: LoadedInput? = nil
  ) throws(InterfaceError) {
    report.inputs[index].packets += packets.packetCount
    report.inputs[index].bytes += packets.byteCount
    if loopTimes != nil { shiftTimes(&packets, areKept: owner != nil) }
    var held = PacketQueue()
    let refusal =
      owner == nil && changesPackets ? change(&packets, holding: &held) : nil
    let (packetCount, byteCount) = (packets.packetCount, packets.byteCount)
    if owner == nil { replayLoop(&packets, &report.tally, to: &sink) }
    do throws(InterfaceError) {
      if pacing == nil {
        try transmit(&packets, to: &sink, keptBy: owner)
      } else {
        try transmitInTime(&packets, to: &sink, keptBy: owner)
      }
      if let refusal {
        count(held)
        packets.append(&held)
        throw refusal
      }
    } catch {
      // The first one left is at fault.
      let input = report.inputs[index]
      throw error.isAboutPacket && error.packet == nil
        ? error.about(packet: input.packets - packets.packetCount + 1, of: input.name) : error
    }
    report.packetsSent += packetCount - packets.packetCount
    report.bytesSent += byteCount - packets.byteCount
    if plan.isUnbuffered { try sink.push() }
    if isPastDeadline { isTimeOver = true }
  }

  /// Has the times of a loop follow those of the one before.
  ///
  /// - Parameter areKept: whether the packets were shifted in the loops before already.
  @inline(never)
  private mutating func shiftTimes(_ packets: inout PacketQueue, areKept: Bool) {
    guard var times = loopTimes else { return }
    let shift = areKept ? (report.loops > 1 ? times.step : 0) : times.shift
    var shifted = PacketQueue()
    while var packet = packets.dequeue() {
      if !packet.header.isTimeless {
        times.note(packet.timestampInNanoseconds)
        packet.timestampInNanoseconds = LoopTimes.sum(packet.timestampInNanoseconds, shift)
      }
      shifted.enqueue(packet)
    }
    loopTimes = times
    swap(&packets, &shifted)
  }

  /// Whether nothing more is to be read and sent, for want of time or because somebody stopped it.
  var isStopping: Bool { isTimeOver || control.isStopped }

  var isDone: Bool { isStopping || packetsLeft <= 0 }

  /// Packets that may be sent before the limits are looked at again; 0 when one is reached.
  var packetsLeft: Int {
    let packets = (plan.limit ?? .max) - report.limitedCount
    guard let limit = plan.byteLimit else { return packets }
    let bytes = limit - report.bytesSent
    // So few that they do not go beyond the limit, but for the last one.
    return bytes <= 0 ? 0 : Swift.min(packets, Swift.max(1, bytes / Self.longestPacketByteCount))
  }

  /// More bytes than a packet has, but for captures of buses.
  private static var longestPacketByteCount: Int { 65_550 }
}
