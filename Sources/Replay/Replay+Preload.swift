// SPDX-License-Identifier: BSD-2-Clause
//
// Replaying out of memory. The inputs are read once, to the end, decoded and counted; then each loop
// sends the same packets, which the sink gives back:
//
//     waiting --sink.transmit(keeping:)--> sent          at the end of a loop the two change places
//
//     waiting + sent == packets read into memory, in the input's order; nothing is freed between
//
// A loop that ends early, by a limit, a signal or a failure, counts what it went through packet by
// packet; a whole one adds what was counted at first. The time of the run begins with the first loop.

import Interfaces
internal import Mbufs
import Wire

/// An input whose packets are in memory.
final class LoadedInput {
  /// Packets to be sent in this loop.
  var waiting = PacketQueue()
  /// Packets that were.
  var sent = PacketQueue()
  /// What all of them are.
  var tally = FrameTally()
}

extension Replay {
  /// Reads the inputs into memory, as far as the plan's limit goes, and opens the sink; inputs that
  /// cannot be read have no packets.
  ///
  /// - Throws: `InterfaceError` if the sink cannot be opened, or a packet is refused.
  mutating func load<Sink: ReplaySink & ~Copyable>(
    for sink: inout Sink
  ) throws(InterfaceError) -> [LoadedInput] {
    let inputs = report.inputs.map { _ in LoadedInput() }
    var left = plan.limit ?? .max
    for (index, loaded) in inputs.enumerated() where left > 0 && !control.isStopped {
      guard var source = try open(index, for: &sink) else { continue }
      try load(&source, index, into: loaded, upTo: left)
      left -= loaded.waiting.packetCount
    }
    return inputs
  }

  private mutating func load(
    _ source: inout any PacketSource & ~Copyable, _ index: Int, into loaded: LoadedInput,
    upTo limit: Int
  ) throws(InterfaceError) {
    defer { noteDrops(&source, index) }
    loading: while !control.isStopped, loaded.waiting.packetCount < limit {
      var packets = PacketQueue()
      let wanted = Swift.min(limit - loaded.waiting.packetCount, Self.batchPacketCount)
      let state = receive(wanted, from: &source, into: &packets)
      if changesPackets {
        var held = PacketQueue()
        if let refusal = change(&packets, ofUncounted: index, holding: &held) {
          let number = loaded.waiting.packetCount + packets.packetCount + 1
          throw refusal.about(packet: number, of: report.inputs[index].name)
        }
      }
      while var packet = packets.dequeue() {
        let frame = packet.decoded()
        if loaded.tally.count(packet, frame) == .valid { packet.checksumState = .verified }
        loaded.waiting.enqueue(packet)
      }
      switch state {
      case .more: break
      case .idle: _ = source.wait(milliseconds: 250)
      case .ended:
        note(state, index)
        break loading
      }
    }
  }

  /// Sends the packets of an input once, as far as the plan's limit goes.
  mutating func send<Sink: ReplaySink & ~Copyable>(
    _ loaded: LoadedInput, _ index: Int, to sink: inout Sink
  ) throws(InterfaceError) {
    step(loaded, index)
    pacing?.schedule.beginLoop()
    while !loaded.waiting.isEmpty, !isDone {
      var packets = PacketQueue()
      loaded.waiting.moveFirst(Swift.min(packetsLeft, Self.loadedBatchPacketCount), to: &packets)
      var failure: InterfaceError?
      do throws(InterfaceError) {
        try send(&packets, index, to: &sink, keptBy: loaded)
      } catch {
        failure = error
      }
      control.report(report.packetsSent)
      if failure == nil, packets.isEmpty { continue }
      // Broken off: these were read and not sent.
      count(packets)
      loaded.waiting.putBack(&packets)
      if let failure {
        count(loaded.sent)
        throw failure
      }
      break
    }
    if !loaded.waiting.isEmpty { return count(loaded.sent) }
    report.tally.add(loaded.tally)
    swap(&loaded.waiting, &loaded.sent)
  }

  mutating func count(_ packets: borrowing PacketQueue) {
    packets.forEach { packet in
      let frame = packet.decoded()
      report.tally.count(packet, frame)
      return true
    }
  }
}
