// SPDX-License-Identifier: BSD-2-Clause
//
//     put --> [ queue, at most limitInPackets ] --> take
//
//     statistics.output.packets == statistics.input.packets + queue.packetCount
//     queue.packetCount <= limitInPackets

import Mbufs

/// One direction of a link in memory: what is sent waits here until it is received.
struct Lane: ~Copyable {
  let limitInPackets: Int
  private var queue = PacketQueue()
  private var isClosed = false
  /// What was put in counts as output, what was taken out as input.
  private(set) var statistics = InterfaceStatistics()

  init(limitInPackets: Int) {
    precondition(limitInPackets > 0, "room for \(limitInPackets) packets")
    self.limitInPackets = limitInPackets
  }

  /// Packets that wait to be received.
  var packetCount: Int { queue.packetCount }

  /// Takes packets in while there is room and they are fit to travel.
  mutating func put(
    _ packets: inout PacketQueue, _ traits: LinkTraits, _ name: String
  ) throws(InterfaceError) {
    if isClosed { throw InterfaceError(.closed, "\(name) takes no more packets") }
    while queue.packetCount < limitInPackets, let packet = packets.dequeue() {
      do throws(InterfaceError) {
        try traits.check(packet, at: name)
      } catch {
        packets.putBack(packet)
        throw error
      }
      statistics.output.count(bytes: packet.byteCount)
      queue.enqueue(packet)
    }
  }

  /// Gives packets out.
  mutating func take(upTo packetLimit: Int, into packets: inout PacketQueue) -> SourceState {
    precondition(packetLimit > 0, "\(packetLimit) packets wanted")
    var left = packetLimit
    while left > 0, let packet = queue.dequeue() {
      statistics.input.count(bytes: packet.byteCount)
      packets.enqueue(packet)
      left -= 1
    }
    return queue.isEmpty ? isClosed ? .ended(nil) : .idle : .more
  }

  /// Nothing more comes in; what is there can still be taken.
  mutating func close() { isClosed = true }

  /// Traps if a packet is missing.
  borrowing func checkInvariants() {
    queue.checkInvariants()
    precondition(queue.packetCount <= limitInPackets, "\(queue.packetCount) of \(limitInPackets)")
    precondition(
      statistics.output.packets == statistics.input.packets + queue.packetCount,
      "\(statistics.output.packets) in, \(statistics.input.packets) out, \(queue.packetCount) here")
  }
}
