// SPDX-License-Identifier: BSD-2-Clause
//
// A bad link in front of what it wraps, a line of faults in each direction:
//
//     caller --transmit--> [ outgoing line ] --> wrapped        caller <-- [ incoming line ] <-- wrapped
//
//     accepted + outgoing.duplicated == output.packets + output.drops + output.errors + queued
//     arrived + incoming.duplicated  == input.packets + input.drops + input.errors + incoming held
//
// where the statistics are those of the wrapped with the losses here among the drops. It accepts
// nothing while the wrapped has not taken what is ready, so the caller sees that a sink is full. A
// packet that the wrapped refuses for itself is dropped here and counted, for it is no longer at the
// front of the caller's queue; other failures are thrown on, and what is ready stays.
//
// The time comes from outside: nothing is released before `nowInNanoseconds` says so.

public import Mbufs

/// Drops, duplicates, corrupts, reorders, delays and slows packets down, the same in every run.
///
///     var faults = Faults()
///     faults.dropChance = 0.1
///     var link = FaultInjector(link, outgoing: faults, seed: 1)
///
/// It is a source, a sink or an interface, as what it wraps is.
///
/// BSD: dummynet(4).
public struct FaultInjector<Wrapped: ~Copyable>: ~Copyable {
  /// What the packets come from or go to.
  public var wrapped: Wrapped
  /// The time, by the clock of whoever owns this.
  public var nowInNanoseconds: Int64 = 0
  private var incoming: FaultLine
  private var outgoing: FaultLine
  private var inputEnd: SourceState?
  private var inputByteCount = 0
  private var isFinished = false

  /// Puts faults in front of `wrapped`.
  ///
  /// - Parameters:
  ///   - wrapped: a source, a sink or an interface.
  ///   - incoming: what happens to packets received.
  ///   - outgoing: what happens to packets sent.
  ///   - seed: determines all that is random.
  public init(
    _ wrapped: consuming Wrapped, incoming: Faults = Faults(), outgoing: Faults = Faults(),
    seed: UInt64
  ) {
    self.wrapped = wrapped
    self.incoming = FaultLine(incoming, seed: seed)
    self.outgoing = FaultLine(outgoing, seed: ~seed)
  }

  /// What happened to packets received.
  public var incomingCounts: FaultCounts { incoming.counts }
  /// What happened to packets sent.
  public var outgoingCounts: FaultCounts { outgoing.counts }
  /// Received packets that are held back.
  package var incomingHeldPacketCount: Int { incoming.heldPacketCount }
  /// Sent packets that are held back.
  package var outgoingHeldPacketCount: Int { outgoing.heldPacketCount }

  /// When the next packet in either direction is released; nil if none waits for its time.
  public var nextReleaseInNanoseconds: Int64? {
    guard let incoming = incoming.nextRelease else { return outgoing.nextRelease }
    return outgoing.nextRelease.map { Swift.min($0, incoming) } ?? incoming
  }

  /// Traps if a packet is missing.
  package borrowing func checkInvariants() {
    incoming.checkInvariants()
    outgoing.checkInvariants()
  }
}

extension FaultInjector: LinkEnd where Wrapped: LinkEnd & ~Copyable {
  /// Those of the wrapped.
  public var traits: LinkTraits { wrapped.traits }

  /// Those of the wrapped, with what was lost here among the drops.
  public var statistics: InterfaceStatistics {
    var statistics = wrapped.statistics
    statistics.input.packets = incoming.counts.left
    statistics.input.bytes = inputByteCount
    statistics.input.drops += incoming.counts.lost
    statistics.output.drops += outgoing.counts.lost
    return statistics
  }

  /// That of the wrapped; packets that wait for their time do not make it ready.
  public var descriptor: Int32? { wrapped.descriptor }

  /// That of the wrapped.
  public var formatName: String? { wrapped.formatName }
}

extension FaultInjector: PacketSource where Wrapped: PacketSource & ~Copyable {
  /// Gives what has come through.
  ///
  /// After the end of the wrapped it is idle until the last packet's time has come.
  ///
  /// - Throws: what the wrapped throws.
  public mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) throws(InterfaceError) -> SourceState {
    defer { hand(upTo: packetLimit, to: &queue) }
    incoming.release(nowInNanoseconds)
    var state = SourceState.idle
    if inputEnd == nil {
      var fresh = PacketQueue()
      defer {
        incoming.enter(&fresh, now: nowInNanoseconds)
        if inputEnd != nil { incoming.stepBackIn(nowInNanoseconds) }
        incoming.release(nowInNanoseconds)
      }
      state = try wrapped.receive(upTo: packetLimit, into: &fresh, from: pool)
      if case .ended = state { inputEnd = state }
    }
    if incoming.ready.packetCount > packetLimit { return .more }
    guard let inputEnd else { return state }
    return incoming.heldPacketCount > incoming.ready.packetCount ? .idle : inputEnd
  }

  /// Those of the wrapped, and the losses here.
  public var inputDropsByReason: [(reason: String, count: Int)] {
    wrapped.inputDropsByReason + Self.losses(incoming.counts)
  }

  private mutating func hand(upTo packetLimit: Int, to queue: inout PacketQueue) {
    var left = packetLimit
    while left > 0, let packet = incoming.ready.dequeue() {
      inputByteCount += packet.byteCount
      queue.enqueue(packet)
      left -= 1
    }
    incoming.noteLeft(packetLimit - left)
  }
}

extension FaultInjector: PacketSink where Wrapped: PacketSink & ~Copyable {
  /// Accepts all packets, or none while the wrapped is full, and sends those that come through.
  ///
  /// - Parameters:
  ///   - packets: those left in it were not accepted.
  ///   - due: when what is released by now shall leave.
  /// - Throws: `InterfaceError` of kind `.closed`, or what the wrapped throws about itself.
  public mutating func transmit(
    _ packets: inout PacketQueue, due: Int64
  ) throws(InterfaceError) {
    if isFinished { throw InterfaceError(.closed, "the fault injector takes no more packets") }
    try push(due)
    guard outgoing.ready.isEmpty else { return }
    outgoing.enter(&packets, now: nowInNanoseconds)
    try push(due)
  }

  /// Sends what is due by now, and pushes the wrapped.
  ///
  /// - Throws: what the wrapped throws about itself; what is ready stays.
  public mutating func push() throws(InterfaceError) {
    try push(0)
    try wrapped.push()
  }

  /// Sends all that is held, due or not, and finishes the wrapped; what that does not take is
  /// counted as refused.
  ///
  /// - Throws: what the wrapped throws about itself; the output has ended all the same.
  public mutating func finish() throws(InterfaceError) {
    isFinished = true
    outgoing.releaseAll(nowInNanoseconds)
    var failure: InterfaceError?
    do throws(InterfaceError) { try push(0) } catch { failure = error }
    outgoing.refuse(outgoing.ready.packetCount)
    do throws(InterfaceError) { try wrapped.finish() } catch { failure = failure ?? error }
    if let failure { throw failure }
  }

  /// Held here, or queued in the wrapped.
  public var queuedPacketCount: Int { outgoing.heldPacketCount + wrapped.queuedPacketCount }

  /// Those of the wrapped, and the losses here.
  public var dropsByReason: [(reason: String, count: Int)] {
    wrapped.dropsByReason + Self.losses(outgoing.counts)
  }

  /// Gives the wrapped what is ready by now.
  private mutating func push(_ due: Int64) throws(InterfaceError) {
    outgoing.release(nowInNanoseconds)
    while !outgoing.ready.isEmpty {
      let before = outgoing.ready.packetCount
      do throws(InterfaceError) {
        try wrapped.transmit(&outgoing.ready, due: due)
        return outgoing.noteLeft(before - outgoing.ready.packetCount)
      } catch {
        outgoing.noteLeft(before - outgoing.ready.packetCount)
        guard error.isAboutPacket else { throw error }
        outgoing.refuse(1)
      }
    }
  }
}

extension FaultInjector where Wrapped: ~Copyable {
  /// What one direction has lost here, by reason.
  private static func losses(_ counts: FaultCounts) -> [(reason: String, count: Int)] {
    let all = [
      ("fault_dropped", counts.dropped), ("fault_overflowed", counts.overflowed),
      ("fault_refused", counts.refused),
    ]
    return all.filter { $0.1 > 0 }.map { (reason: $0.0, count: $0.1) }
  }
}
