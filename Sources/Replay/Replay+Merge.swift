// SPDX-License-Identifier: BSD-2-Clause
//
// Several inputs as one, by time:
//
//     head of an input == the first packet that it has waiting
//     time of one that has none == that of the packet before it in its input
//     next             == the head with the earliest time, of equal ones the first input's
//
// All inputs are open at once, each with a batch of packets at most. An input whose times go back gives
// its packets in its own order. A run of packets of one input goes out together, as long as no other
// head comes before them. An input that has to be waited for holds the others up: its next packet may be
// the earliest.

import Interfaces
internal import Mbufs

/// An input that is merged with others.
private final class MergedInput {
  let index: Int
  var source: any PacketSource & ~Copyable
  var waiting = PacketQueue()
  var hasEnded = false
  /// The time of the last packet that was moved.
  private var lastTime = Int64.min

  init(_ source: consuming any PacketSource & ~Copyable, _ index: Int) {
    self.source = source
    self.index = index
  }

  /// The time of its first packet; nil if it has none.
  var headTime: Int64? {
    var time: Int64?
    waiting.forEach { packet in
      time = packet.header.isTimeless ? lastTime : packet.timestampInNanoseconds
      return false
    }
    return time
  }

  /// Moves its packets up to a time, or up to the one before it, to another queue.
  func move(
    upTo time: Int64, orAt isIncluded: Bool, _ packetLimit: Int, to packets: inout PacketQueue
  ) {
    while packets.packetCount < packetLimit, let head = headTime,
      head < time || (isIncluded && head == time), let packet = waiting.dequeue()
    {
      lastTime = head
      packets.enqueue(packet)
    }
  }
}

extension Replay {
  /// Sends the packets of all inputs in the order of their times, until the end or a reason to stop
  /// before.
  mutating func sendMerged<Sink: ReplaySink & ~Copyable>(
    to sink: inout Sink
  ) throws(InterfaceError) {
    var inputs: [MergedInput] = []
    for index in report.inputs.indices where !isDone {
      if let source = try open(index, for: &sink) { inputs.append(MergedInput(source, index)) }
    }
    pacing?.schedule.beginLoop()
    var failure: InterfaceError?
    do throws(InterfaceError) { try drain(inputs, to: &sink) } catch { failure = error }
    for input in inputs { noteDrops(&input.source, input.index) }
    if let failure { throw failure }
  }

  private mutating func drain<Sink: ReplaySink & ~Copyable>(
    _ inputs: [MergedInput], to sink: inout Sink
  ) throws(InterfaceError) {
    var reported = 0
    while !isDone {
      for input in inputs where input.waiting.isEmpty && !input.hasEnded {
        try fill(input, before: &sink)
      }
      if isStopping { return }
      guard let (next, time, isFirst) = earliest(inputs) else { return }
      var packets = PacketQueue()
      let limit = Swift.min(packetsLeft, Self.batchPacketCount)
      next.move(upTo: time, orAt: isFirst, limit, to: &packets)
      try send(&packets, next.index, to: &sink)
      if report.packetsSent - reported >= Self.stepPacketCount {
        reported = report.packetsSent
        control.report(reported)
      }
    }
  }

  /// Waits until an input has a packet or has ended.
  private mutating func fill<Sink: ReplaySink & ~Copyable>(
    _ input: MergedInput, before sink: inout Sink
  ) throws(InterfaceError) {
    while input.waiting.isEmpty, !input.hasEnded, !isStopping {
      let state = receive(Self.batchPacketCount, from: &input.source, into: &input.waiting)
      switch state {
      case .more: break
      case .idle where input.waiting.isEmpty:
        try sink.push()
        waitForMore(&input.source)
      case .idle: break
      case .ended:
        note(state, input.index)
        input.hasEnded = true
      }
    }
  }

  /// The input whose head is the earliest, the earliest head of the others, and whether its own go first
  /// at that time.
  private func earliest(
    _ inputs: [MergedInput]
  ) -> (next: MergedInput, time: Int64, isFirst: Bool)? {
    var best: (input: MergedInput, time: Int64)?
    var second: (input: MergedInput, time: Int64)?
    for input in inputs {
      guard let time = input.headTime else { continue }
      if let found = best, found.time <= time {
        if second.map({ $0.time > time }) ?? true { second = (input, time) }
      } else {
        second = best
        best = (input, time)
      }
    }
    guard let best else { return nil }
    guard let second else { return (best.input, .max, true) }
    return (best.input, second.time, best.input.index < second.input.index)
  }
}
