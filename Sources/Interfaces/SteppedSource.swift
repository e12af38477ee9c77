// SPDX-License-Identifier: BSD-2-Clause
//
// A source with a step behind it that every packet passes:
//
//     source --> packet --step--> given        the caller's
//                          |----> left out     freed, as if it had never been
//                          '----> dropped      freed and counted, by the step's reasons
//
//     source.input.packets == input.packets + left out + dropped

package import Mbufs

/// What is done with each packet of a source before its caller gets it.
package protocol PacketStep: ~Copyable {
  /// What is true of the packets behind the step; by default what was true before.
  func traits(behind traits: LinkTraits) -> LinkTraits

  /// Packets that the step still wants to see, behind which the source has ended; by default all.
  var wantedPacketCount: Int { get }

  /// Changes a packet, or says that it goes no further.
  mutating func pass(_ packet: inout Packet) -> PacketStepResult

  /// Why the step can pass no more, from when on the source has ended; by default nil.
  var failure: InterfaceError? { get }

  /// Packets dropped, by reason; by default none.
  var dropsByReason: [(reason: String, count: Int)] { get }
}

/// What becomes of a packet.
package enum PacketStepResult: Sendable {
  /// It is the caller's.
  case given
  /// It is freed, and does not count as read.
  case leftOut
  /// It is freed and counts as dropped; the step knows why.
  case dropped
}

extension PacketStep where Self: ~Copyable {
  package func traits(behind traits: LinkTraits) -> LinkTraits { traits }
  package var wantedPacketCount: Int { .max }
  package var failure: InterfaceError? { nil }
  package var dropsByReason: [(reason: String, count: Int)] { [] }
}

/// A source and the step behind it.
package struct SteppedSource<Step: PacketStep & ~Copyable>: PacketSource, ~Copyable {
  private var source: any PacketSource & ~Copyable
  private var step: Step
  private var leftOut = InterfaceStatistics.Direction()
  private var dropped = InterfaceStatistics.Direction()

  package init(_ source: consuming any PacketSource & ~Copyable, _ step: consuming Step) {
    self.source = source
    self.step = step
  }

  /// What the source says, which is lent for that.
  private func asked<Answer>(
    _ body: (borrowing any PacketSource & ~Copyable) -> Answer
  ) -> Answer { body(source) }

  package var traits: LinkTraits { step.traits(behind: asked { $0.traits }) }
  package var descriptor: Int32? { asked { $0.descriptor } }
  package var formatName: String? { asked { $0.formatName } }

  package var inputDropsByReason: [(reason: String, count: Int)] {
    asked { $0.inputDropsByReason } + step.dropsByReason
  }

  package var statistics: InterfaceStatistics {
    var statistics = asked { $0.statistics }
    statistics.input.packets -= leftOut.packets + dropped.packets
    statistics.input.bytes -= leftOut.bytes + dropped.bytes
    statistics.input.drops += dropped.packets
    statistics.input.lostBytes += dropped.bytes
    return statistics
  }

  package mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) throws(InterfaceError) -> SourceState {
    let wanted = Swift.min(packetLimit, step.wantedPacketCount)
    if wanted <= 0 { return .ended(nil) }
    if let failure = step.failure { return .ended(failure) }
    var fresh = PacketQueue()
    let state: SourceState
    do throws(InterfaceError) {
      state = try source.receive(upTo: wanted, into: &fresh, from: pool)
    } catch {
      pass(&fresh, to: &queue)
      throw error
    }
    pass(&fresh, to: &queue)
    return step.failure.map { .ended($0) } ?? state
  }

  private mutating func pass(_ fresh: inout PacketQueue, to queue: inout PacketQueue) {
    while var packet = fresh.dequeue() {
      let byteCount = packet.byteCount
      switch step.pass(&packet) {
      case .given: queue.enqueue(packet)
      case .leftOut: leftOut.count(bytes: byteCount)
      case .dropped: dropped.count(bytes: byteCount)
      }
    }
  }

  package mutating func wait(milliseconds: Int32) -> Bool {
    source.wait(milliseconds: milliseconds)
  }
  package mutating func stopArrivals() -> Bool { source.stopArrivals() }
}
