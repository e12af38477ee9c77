// SPDX-License-Identifier: BSD-2-Clause
//
// Packets are changed batch by batch before they are decoded and counted: the report says what left.
// First headers are rewritten, then packets longer than the MTU are made to fit, or dropped:
//
//     read + added == what goes on + denied + dropped by the policy + what is refused
//
// A packet that cannot be changed for want of an mbuf must not leave as it is; it is denied.
//
//     packets in memory     are changed when they are loaded, and count as read as they are then;
//                           where addresses differ from loop to loop, by one more step before each
//                           loop that takes one

import Interfaces
internal import Mbufs
import Wire

extension Replay {
  /// Whether the plan changes packets at all.
  var changesPackets: Bool { plan.rewrite != nil || fitter != nil }

  /// Makes what makes packets fit, if the plan wants that.
  ///
  /// - Parameter mtu: of the output, where the plan has none.
  mutating func makeFitter(mtu: Int) {
    guard let policy = plan.longPackets else { return }
    fitter = PacketFitter(policy, mtu: plan.mtu ?? mtu)
    report.longPackets = LongPacketCounts()
  }

  /// Changes packets as the plan says, and drops those that cannot be.
  ///
  /// - Parameters:
  ///   - index: the input that they are to be counted as read from when they are dropped; nil if they
  ///     have been.
  ///   - held: gets the first packet that is refused, and those behind it.
  /// - Returns: why it is refused; nil if none is.
  mutating func change(
    _ packets: inout PacketQueue, ofUncounted index: Int? = nil, holding held: inout PacketQueue
  ) -> InterfaceError? {
    if let rules = plan.rewrite {
      rewrite(&packets, by: rules, rules.step(inLoop: Swift.max(report.loops - 1, 0)), index)
    }
    return fit(&packets, index, &held)
  }

  private mutating func rewrite(
    _ packets: inout PacketQueue, by rules: RewriteRules, _ step: UInt64, _ index: Int?
  ) {
    var counts = report.rewriting ?? RewriteCounts()
    var rewritten = PacketQueue()
    while var packet = packets.dequeue() {
      do throws(MbufError) {
        counts.count(try packet.rewrite(by: rules, packet.decoded(), step: step))
        rewritten.enqueue(packet)
      } catch {
        deny(packet, index, "rewrite_exhausted")
      }
    }
    swap(&packets, &rewritten)
    report.rewriting = counts
  }

  private mutating func fit(
    _ packets: inout PacketQueue, _ index: Int?, _ held: inout PacketQueue
  ) -> InterfaceError? {
    guard var fitter, var counts = report.longPackets else { return nil }
    defer {
      self.fitter = fitter
      // Packets in memory count as read, all of them.
      if index != nil { counts.added = 0 }
      report.longPackets = counts
    }
    var fitting = PacketQueue()
    var rest = PacketQueue()
    while var packet = packets.dequeue() {
      guard counts.note(packet, mtu: fitter.mtu) else {
        fitting.enqueue(packet)
        continue
      }
      do throws(MbufError) {
        let outcome = try fitter.fit(&packet, packet.decoded(), addingTo: &rest)
        counts.count(outcome)
        switch outcome {
        case .fits, .fitted:
          fitting.enqueue(packet)
          fitting.append(&rest)
        case .dropped: countRead(packet, index)
        case .refused:
          let refusal = Self.refusal(packet, mtu: fitter.mtu)
          packets.putBack(packet)
          held.append(&packets)
          swap(&packets, &fitting)
          return refusal
        }
      } catch {
        deny(packet, index, "over_mtu_exhausted")
      }
    }
    swap(&packets, &fitting)
    return nil
  }

  private static func refusal(_ packet: borrowing Packet, mtu: Int) -> InterfaceError {
    let limit = packet.byteCount - packet.linkPayloadByteCount + mtu
    return InterfaceError(
      .tooLong(byteCount: packet.byteCount, limit: limit), "a packet is longer than the MTU allows",
      advice: "--over-mtu skip, truncate, fragment or segment goes on")
  }

  /// Counts a packet as read, if it is not yet, and frees it.
  private mutating func countRead(_ packet: consuming Packet, _ index: Int?) {
    guard let index else { return }
    report.inputs[index].packets += 1
    report.inputs[index].bytes += packet.byteCount
  }

  @inline(never)
  private mutating func deny(_ packet: consuming Packet, _ index: Int?, _ reason: String) {
    countRead(packet, index)
    report.denied += 1
    note([(reason, 1)])
  }

  /// Has the addresses of packets in memory take the step of this loop, if it takes one.
  mutating func step(_ loaded: LoadedInput, _ index: Int) {
    guard let rules = plan.rewrite, report.loops > 1 else { return }
    let step = rules.step(inLoop: report.loops - 1) - rules.step(inLoop: report.loops - 2)
    guard step > 0 else { return }
    var steps = RewriteRules()
    steps.loopsPerStep = 1
    rewrite(&loaded.waiting, by: steps, step, index)
    loaded.tally = FrameTally()
    loaded.waiting.forEach { packet in
      loaded.tally.count(packet, packet.decoded())
      return true
    }
  }
}
