// SPDX-License-Identifier: BSD-2-Clause
//
// Sending out of packets, where they lie: a call reads as many of them as the batch has slots,
// segment by segment, and they are freed after it. What the kernel answers, by the packet that is
// then the first:
//
//     sent n              n packets counted as sent, and freed
//     EINTR               again
//     the link's own      thrown, it and those behind it stay with the caller
//     EAGAIN, ENOBUFS     no room: it and those behind it stay with the caller
//     any other           the packet's own: counted as an error, and freed

import CLinux
import Interfaces
import Mbufs

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension MessageBatch {
  /// Sends packets from the front of a queue until it is empty or there is no room.
  ///
  /// - Parameters:
  ///   - packets: those left in it were not accepted.
  ///   - count: gets what was sent, and what was lost by an error.
  ///   - describe: has a slot send a packet; why it cannot, if so.
  ///   - failure: what an error number says of the link; nil if it says something of the packet.
  /// - Throws: what `describe` says of the first packet left, or `failure` of the link.
  func transmit(
    _ packets: inout PacketQueue, on socket: Int32,
    counting count: inout InterfaceStatistics.Direction,
    describe: (inout Packet, Int) -> InterfaceError?, failure: (Int32) -> InterfaceError?
  ) throws(InterfaceError) {
    while !packets.isEmpty {
      var waiting = PacketQueue()
      var refusal: InterfaceError?
      while waiting.packetCount < slotCount, var packet = packets.dequeue() {
        refusal = describe(&packet, waiting.packetCount)
        guard refusal == nil else {
          packets.putBack(packet)
          break
        }
        waiting.enqueue(packet)
      }
      let code = send(&waiting, on: socket, counting: &count) { failure($0) != nil }
      let isDone = waiting.isEmpty
      waiting.append(&packets)
      swap(&waiting, &packets)
      if code != 0, let error = failure(code) { throw error }
      if !isDone { return }
      if let refusal { throw refusal }
    }
  }

  /// Sends what the slots describe, each once.
  ///
  /// - Parameter packets: those described, in order; those left in it were not sent.
  /// - Returns: the error number of the link, EAGAIN if there is no room, 0 if all went.
  private func send(
    _ packets: inout PacketQueue, on socket: Int32,
    counting count: inout InterfaceStatistics.Direction, isOfLink: (Int32) -> Bool
  ) -> Int32 {
    var first = 0
    while !packets.isEmpty {
      let sent = unsafe mbuma_send_batch(socket, messages + first, UInt32(packets.packetCount))
      for _ in 0..<Swift.max(0, sent) {
        guard let packet = packets.dequeue() else { break }
        count.count(bytes: packet.byteCount)
      }
      first += Int(Swift.max(0, sent))
      if sent > 0 { continue }
      let code = sent < 0 ? errno : 0
      if code == EINTR { continue }
      if code != 0, isOfLink(code) { return code }
      if code == EAGAIN || code == ENOBUFS { return EAGAIN }
      _ = packets.dequeue()
      count.errors += 1
      first += 1
    }
    return 0
  }
}
