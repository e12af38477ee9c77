// SPDX-License-Identifier: BSD-2-Clause
//
// Packets are rewritten batch by batch before they are decoded and counted: the report says what
// left. A packet that cannot be rewritten for want of an mbuf must not leave as it is; it is denied.
//
//     packets in memory     by all rules when they are loaded; where addresses differ from loop to
//                           loop, by one more step before each loop that takes one

import Interfaces
internal import Mbufs
import Wire

extension Replay {
  /// Rewrites packets as the plan says, and drops those that cannot be.
  ///
  /// - Parameter index: the input that they are to be counted as read from when they are dropped; nil
  ///   if they have been.
  mutating func rewrite(_ packets: inout PacketQueue, ofUncounted index: Int? = nil) {
    guard let rules = plan.rewrite else { return }
    rewrite(&packets, by: rules, rules.step(inLoop: Swift.max(report.loops - 1, 0)), index)
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
        deny(packet, index)
      }
    }
    swap(&packets, &rewritten)
    report.rewriting = counts
  }

  @inline(never)
  private mutating func deny(_ packet: consuming Packet, _ index: Int?) {
    if let index {
      report.inputs[index].packets += 1
      report.inputs[index].bytes += packet.byteCount
    }
    report.denied += 1
    note([("rewrite_exhausted", 1)])
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
