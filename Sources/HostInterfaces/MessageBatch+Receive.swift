// SPDX-License-Identifier: BSD-2-Clause
//
// Receiving into packets: each slot reads into a packet's cluster and, beyond it, into the slot's
// spill, which is appended. Packets that nothing came into are freed; where memory is denied for
// all of them, one datagram is read to nowhere, so that an exhausted pool does not stall the socket.
//
// Packets are got for as many datagrams as may be expected, so that a datagram that comes alone does not
// pay for a batch of them:
//
//     all slots were filled     twice as many the next time
//     some were not             one more than came, but no less than half

import CLinux
import Interfaces
import Mbufs
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension MessageBatch {
  /// Receives the datagrams that are there, up to a limit and a batch.
  ///
  /// - Parameter count: gets what was received, and what was dropped for want of memory.
  /// - Throws: `InterfaceError` of kind `.system`; nothing was received.
  mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool, headroom: Int,
    linkType: LinkType, on socket: Int32, named name: String,
    counting count: inout InterfaceStatistics.Direction
  ) throws(InterfaceError) -> SourceState {
    let wanted = Swift.min(packetLimit, expectedCount)
    var waiting = PacketQueue()
    while waiting.packetCount < wanted, var packet = try? pool.packet(headroom: headroom) {
      unsafe describe(waiting.packetCount, receivingInto: packet.unsafeTail())
      waiting.enqueue(packet)
    }
    if waiting.isEmpty {
      if mbuma_discard_datagram(socket) < 0 { return try nothing(name) }
      count.drops += 1
      return .more
    }
    let received = unsafe mbuma_receive_batch(socket, messages, UInt32(waiting.packetCount))
    expect(after: Swift.max(0, Int(received)), of: waiting.packetCount)
    if received < 0 { return try nothing(name) }
    for slot in 0..<Int(received) {
      guard var packet = waiting.dequeue() else { break }
      packet.linkType = linkType.rawValue
      if finish(&packet, slot) {
        count.count(bytes: packet.byteCount)
        queue.enqueue(packet)
      } else {
        count.drops += 1
      }
    }
    // Those left are packets that nothing came into.
    return waiting.isEmpty ? .more : .idle
  }

  /// Brings the received bytes of a slot into its packet; false if there was no room for a spill.
  private func finish(_ packet: inout Packet, _ slot: Int) -> Bool {
    let (inPlace, spilled) = received(slot)
    // The kernel has written that many bytes into the tail that `describe` gave it.
    unsafe packet.extend(by: inPlace)
    return spilled == 0 || (try? packet.append(spill(slot, spilled))) != nil
  }

  /// Nothing was there, or an earlier datagram was refused by its receiver; other errors are thrown.
  private func nothing(_ name: String) throws(InterfaceError) -> SourceState {
    let code = errno
    if code == EAGAIN || code == EINTR || code == ECONNREFUSED { return .idle }
    throw InterfaceError(SystemError("receive from \(name)", code))
  }
}
