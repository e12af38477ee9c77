// SPDX-License-Identifier: BSD-2-Clause
//
// A sink that a thread of its own opens, uses and finishes:
//
//     caller --transmit--> [ ring ] --worker--> sink
//
//     accepted == output.packets + output.drops + output.errors + queued
//     queued == packets in the ring + those in the worker's hands
//
// The worker opens the sink, tells how that went, and goes on until the ring is closed and empty or
// the sink fails; then it finishes the sink and tells the rest. What it tells stands in `Worker`, under
// a lock that is taken once a batch. What was accepted and cannot be sent any more, since the sink has
// failed, is counted as an error, in packets; its bytes are not known any more.

import Mbufs
import Synchronization
import UMA

/// An output whose sink is on a thread of its own, so that reading and sending go on side by side.
///
///     let output = ThreadedOutput(LinkOutput("eth0"))
public struct ThreadedOutput: PacketOutput {
  private let output: any PacketOutput
  private let limitInPackets: Int

  /// Puts an output behind a thread.
  ///
  /// - Parameters:
  ///   - output: is opened, used and finished by the thread.
  ///   - limitInPackets: the most packets on their way to it, at least 1.
  public init(_ output: any PacketOutput, limitInPackets: Int = 4_096) {
    self.output = output
    self.limitInPackets = limitInPackets
  }

  /// Refuses what the output refuses.
  public func check() throws(InterfaceError) { try output.check() }

  /// What is true of packets at the output.
  public func traits() throws(InterfaceError) -> LinkTraits { try output.traits() }

  /// Starts the thread and has it open the output.
  ///
  /// - Throws: `InterfaceError` as the output does; the thread has ended then.
  public func open(_ traits: LinkTraits) throws(InterfaceError) -> any PacketSink & ~Copyable {
    try ThreadedSink(output, traits, limitInPackets)
  }

  /// What the output confirms.
  public func confirmedPacketCount() -> Int? { output.confirmedPacketCount() }

  /// What was heard of the output.
  public func linkVerification() -> LinkVerification? { output.linkVerification() }

  /// Compares as the output does.
  public func compare(
    loopCount: Int, packetCount: Int
  ) throws(InterfaceError) -> PacketComparison? {
    try output.compare(loopCount: loopCount, packetCount: packetCount)
  }
}

/// The near end of a sink that is on a thread of its own.
///
/// When it ends it waits for what it has accepted to be sent, as `finish` does.
struct ThreadedSink: PacketSink, ~Copyable {
  let traits: LinkTraits
  private var ring: RingLink.Sink
  private let worker: SinkWorker
  private let thread: WorkerThread
  private var isFinished = false

  /// Starts the thread.
  ///
  /// - Throws: `InterfaceError` if there is none, or the output cannot be opened; nothing is left.
  init(
    _ output: any PacketOutput, _ source: LinkTraits, _ limitInPackets: Int
  ) throws(InterfaceError) {
    let link = RingLink(limitInPackets: limitInPackets)
    let (worker, handed) = (SinkWorker(), Handed(link.source))
    let started = WorkerThread {
      if let near = handed.take() { worker.run(near, output, source) }
    }
    guard let started else {
      throw InterfaceError(.failed, "cannot send on a thread of its own", why: "none is left")
    }
    do throws(InterfaceError) {
      traits = try worker.waitUntilOpen()
    } catch {
      started.join()
      throw error
    }
    (self.worker, thread) = (worker, started)
    ring = link.sink
  }

  deinit {
    if isFinished { return }
    worker.end()
    ring.close()
    thread.join()
  }

  var statistics: InterfaceStatistics {
    var all = InterfaceStatistics()
    all.output = worker.told.withLock { $0.output }
    if isFinished {
      all.output.errors = ring.statistics.output.packets - all.output.packets - all.output.drops
    }
    return all
  }

  var queuedPacketCount: Int { ring.statistics.output.packets - statistics.output.total }

  var dropsByReason: [(reason: String, count: Int)] { worker.told.withLock { $0.drops } }

  mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
    do throws(InterfaceError) {
      try ring.transmit(&packets, due: due)
    } catch {
      // The ring is closed: by `finish`, or by the worker, which knows why.
      throw worker.told.withLock { $0.error } ?? error
    }
  }

  mutating func finish() throws(InterfaceError) {
    if isFinished { return }
    worker.end()
    ring.close()
    thread.join()
    isFinished = true
    if let error = worker.told.withLock({ $0.error }) { throw error }
  }
}

/// Hands a ring's end to the thread that takes it first.
private final class Handed: Sendable {
  private let source: Mutex<RingLink.Source?>
  init(_ source: consuming RingLink.Source) { self.source = Mutex(source) }
  func take() -> RingLink.Source? { source.withLock { $0.take() } }
}

/// What goes on behind the ring.
private final class SinkWorker: Sendable {
  struct Told {
    /// What is true of packets at the sink, once it is open.
    var traits: LinkTraits?
    var output = InterfaceStatistics.Direction()
    var drops: [(reason: String, count: Int)] = []
    /// Why nothing more is sent.
    var error: InterfaceError?
    /// Whether the caller gives nothing more.
    var isEnding = false
  }

  private static let batchCount = 256

  let told = Mutex(Told())
  private let opening = ThreadParker()

  func waitUntilOpen() throws(InterfaceError) -> LinkTraits {
    opening.wait(until: nil)
    let (traits, error) = told.withLock { ($0.traits, $0.error) }
    if let traits { return traits }
    throw error ?? InterfaceError(.failed, "the output cannot be opened")
  }

  func end() { told.withLock { $0.isEnding = true } }

  func run(_ near: consuming RingLink.Source, _ output: any PacketOutput, _ source: LinkTraits) {
    // The ring is closed by its end here, when all is told.
    var near = near
    do throws(InterfaceError) {
      var sink = try output.open(source)
      let traits = sink.traits
      told.withLock { $0.traits = traits }
      opening.unpark()
      do throws(InterfaceError) { try send(&near, to: &sink) } catch { note(error) }
      do throws(InterfaceError) { try sink.finish() } catch { note(error) }
      tell(sink)
      let drops = sink.dropsByReason
      told.withLock { $0.drops = drops }
    } catch {
      note(error)
      opening.unpark()
    }
  }

  /// Sends what comes until the ring is closed and empty.
  private func send(
    _ near: inout RingLink.Source, to sink: inout any PacketSink & ~Copyable
  ) throws(InterfaceError) {
    var packets = PacketQueue()
    var progress = ContinuousClock.now
    while true {
      if packets.isEmpty {
        switch near.receive(upTo: Self.batchCount, into: &packets) {
        case .ended: return
        case .idle:
          try sink.push()
          tell(sink)
          _ = near.wait(milliseconds: -1)
          continue
        case .more: break
        }
      }
      let before = packets.packetCount
      try sink.transmit(&packets)
      tell(sink)
      if packets.packetCount < before {
        progress = .now
        continue
      }
      try sink.push()
      // Nobody waits for ever for a sink that takes nothing.
      if told.withLock({ $0.isEnding }), progress.duration(to: .now) > .seconds(1) {
        throw InterfaceError(
          .failed, "cannot send the rest", why: "the output had no room for a second")
      }
      ThreadParker().wait(until: .now + .milliseconds(1))
    }
  }

  private func note(_ error: InterfaceError) {
    told.withLock { $0.error = $0.error ?? error }
  }

  private func tell(_ sink: borrowing any PacketSink & ~Copyable) {
    let output = sink.statistics.output
    told.withLock { $0.output = output }
  }
}
