// SPDX-License-Identifier: BSD-2-Clause
//
//     for each loop, for each input:
//         frame --> packet of the pool --> decode and count --> sink
//                        |                                       |
//                   denied: dropped, pool_exhausted         taken: sent
//
// States of a run: checked (the output is none of the inputs), opening (all inputs are looked at,
// then the output is opened), looping, finished, verified. An input that cannot be read further ends there, and the next one goes on;
// an output that cannot be written ends the run, and what it had taken and lost counts as refused.
// The report is made in every case, and in every case packets read == sent + denied + refused.

import Interfaces
public import Mbufs
import Pcap
import Wire

/// Replays captures: reads frames into packets, counts what they are and hands them to a sink.
public struct Replay: ~Copyable {
  private let plan: ReplayPlan
  private let pool: MbufPool
  private let control: ReplayControl
  private var report: ReplayReport
  private var hasBegun = false
  /// The file that is written, once it is there.
  private var output: FileIdentity?

  /// Packets between two reports of progress.
  private static var stepPacketCount: Int { 4_096 }

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
    report = ReplayReport(pool: pool.statistics())
    report.inputs = plan.inputs.map(ReplayReport.Input.init(file:))
  }

  /// Runs the plan to its end, or until something stops it.
  ///
  /// - Returns: what was done. If the output is an input, nothing: `outputError` then has the kind
  ///   `.isOutput`, and no file was touched.
  public consuming func run() -> ReplayReport {
    do throws(PcapError) {
      try plan.check()
      switch plan.destination {
      case .null:
        var sink = NullSink()
        try send(to: &sink)
      case .stack:
        var sink = StackSink()
        try send(to: &sink)
      case .file(let path):
        var sink = FileSink(path: path, resolution: finestResolution())
        try send(to: &sink)
      }
    } catch {
      report.outputError = error
    }
    if report.denied > 0 { report.drops.append(("pool_exhausted", report.denied)) }
    if report.refused > 0 { report.drops.append(("output_failed", report.refused)) }
    report.wasInterrupted = control.isStopped
    report.pool = pool.statistics()
    report.outstanding = report.pool.mbufsInUse
    if plan.verifies, hasBegun, report.outputError == nil, case .file(let path) = plan.destination,
      path != "-"
    {
      verify(path)
    }
    return report
  }

  /// Goes through the inputs as often as planned.
  private mutating func send<Sink: PacketSink & ~Copyable>(to sink: inout Sink) throws(PcapError) {
    let start = ContinuousClock.now
    defer {
      let (seconds, attoseconds) = (ContinuousClock.now - start).components
      report.durationInNanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
      report.drops = sink.drops
    }
    do throws(PcapError) {
      try sendAll(to: &sink)
      try sink.finish()
    } catch {
      // What was taken before is still put out, as far as that goes; the first error is told.
      try? sink.finish()
      if let written = sink.written {
        report.refused += report.packetsSent - written.packets
        report.packetsSent = written.packets
        report.bytesSent = written.bytes
      }
      throw error
    }
  }

  private mutating func sendAll<Sink: PacketSink & ~Copyable>(
    to sink: inout Sink
  ) throws(PcapError) {
    for _ in 0..<plan.loopCount where !isDone {
      report.loops += 1
      let before = report.packetsRead
      for index in report.inputs.indices where !isDone { try send(index, to: &sink) }
      // Inputs that give nothing will give nothing again.
      if report.packetsRead == before { break }
    }
  }

  private mutating func send<Sink: PacketSink & ~Copyable>(
    _ index: Int, to sink: inout Sink
  ) throws(PcapError) {
    var reader: CaptureReader
    do throws(PcapError) {
      reader = try CaptureReader(path: plan.inputs[index], filter: plan.filter)
    } catch {
      // A signal may have broken the opening off; then it says nothing about the input.
      if !control.isStopped { report.inputs[index].openError = error }
      return
    }
    if let error = refusal(of: reader) {
      report.inputs[index].openError = error
      return
    }
    try sink.begin(reader.linkType, reader.resolution, file: plan.inputs[index])
    hasBegun = true
    report.inputs[index].format = reader.format
    report.inputs[index].linkType = reader.linkType
    reader.stopWaiting()
    defer {
      report.inputs[index].packets += reader.packetCount
      report.inputs[index].bytes += reader.byteCount
      report.inputs[index].end = control.isStopped ? reader.endUnlessBrokenOff : reader.end
    }
    while reader.end == nil, !control.isStopped {
      let left = (plan.limit ?? .max) - report.packetsSent
      if left <= 0 { return }
      let step = ReplayStep(packetCount: Swift.min(left, Self.stepPacketCount))
      var sent = ReplaySent()
      defer {
        report.packetsSent += sent.packets
        report.bytesSent += sent.bytes
        report.denied += sent.denied
        report.refused += sent.refused
      }
      try replayLoop(
        step, control, from: &reader, to: &sink, pool, &report.tally, &sent)
      control.report(report.packetsSent + sent.packets)
      if reader.isDry {
        try sink.flush()
        reader.wait()
      }
    }
  }

  /// Why an input that was opened is not read: it is the file that is written, which came into
  /// being, or got another name, since the plan was checked.
  private mutating func refusal(of reader: borrowing CaptureReader) -> PcapError? {
    guard case .file(let path) = plan.destination else { return nil }
    if output == nil { output = FileIdentity(output: path) }
    guard reader.identity.isOverwritten(byWritingTo: output) else { return nil }
    return PcapError(.isOutput(path), file: reader.path)
  }

  private var isDone: Bool {
    control.isStopped || report.packetsSent >= plan.limit ?? .max
  }

  /// The finest resolution of the inputs, as far as they can be looked at beforehand.
  ///
  /// A single input tells when it is opened, and a pipe would lose what is looked at.
  private func finestResolution() -> TimeResolution {
    guard plan.inputs.count > 1 else { return .micro }
    for input in plan.inputs where input != "-" {
      if let reader = try? CaptureReader(path: input), reader.resolution == .nano {
        return .nano
      }
    }
    return .micro
  }

  /// Reads the output again and sets it beside the inputs as they were replayed.
  private mutating func verify(_ path: String) {
    do throws(PcapError) {
      var output = try CaptureReader(path: path)
      report.verification = Verifier(plan, packetCount: report.packetsSent).compare(&output)
    } catch {
      report.outputError = error
    }
  }
}

/// How much one call of the loop does.
struct ReplayStep {
  let packetCount: Int
}

/// What one call of the loop did.
struct ReplaySent {
  var packets = 0
  var bytes = 0
  var denied = 0
  var refused = 0
}

/// The loop that every packet passes: read, count, hand on.
///
/// Allocates and retains nothing.
@inline(never)
private func replayLoop<Sink: PacketSink & ~Copyable>(
  _ step: ReplayStep, _ control: ReplayControl, from reader: inout CaptureReader,
  to sink: inout Sink, _ pool: MbufPool,
  _ tally: inout FrameTally, _ sent: inout ReplaySent
) throws(PcapError) {
  let linkType = reader.linkType
  while sent.packets < step.packetCount, !control.isStopped {
    var packet: Packet
    do throws(MbufError) {
      guard let next = try reader.next(into: pool) else { break }
      packet = next
    } catch {
      sent.denied &+= 1
      continue
    }
    let byteCount = packet.byteCount
    let frame = packet.decoded(linkType)
    // What was verified need not be verified again by whom the packet goes to.
    if tally.count(packet, frame) == .valid { packet.checksumState = .verified }
    do throws(PcapError) {
      try sink.take(packet, frame)
    } catch {
      sent.refused &+= 1
      throw error
    }
    sent.packets &+= 1
    sent.bytes &+= byteCount
  }
}

extension CaptureReader {
  /// How the reading ended, where a signal may have broken off the system's read.
  fileprivate var endUnlessBrokenOff: CaptureEnd? {
    if case .library = end?.error?.kind { return nil }
    return end
  }
}
