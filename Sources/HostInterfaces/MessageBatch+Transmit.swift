// SPDX-License-Identifier: BSD-2-Clause
//
// Sending out of packets, where they lie: a call reads as many of them as the batch has slots,
// segment by segment. What the kernel answers, by the packet that is then the first:
//
//     sent n              n packets counted as sent; they go to the queue of those sent
//     EINTR               again
//     the link's own      .failed; it and those behind it stay with the caller
//     EAGAIN, ENOBUFS     .noRoom; it and those behind it stay with the caller
//     any other           the packet's own: counted as an error, it goes where those sent do
//
// Nothing here knows names or makes messages, so that nothing is retained for each packet.

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

/// Why sending stopped.
enum SendingEnd {
  /// All packets were accepted.
  case done
  /// The first packet left has to wait: EAGAIN or ENOBUFS.
  case noRoom(Int32)
  /// The first packet left does not suit the link.
  case refused
  /// The link failed, with an error number.
  case failed(Int32)
}

extension MessageBatch {
  /// Sends packets from the front of a queue until it is empty or something is in the way.
  ///
  /// - Parameters:
  ///   - packets: those left in it were not accepted.
  ///   - sent: gets the others.
  ///   - hasInterface: whether the socket is bound to an interface, which may go down.
  ///   - count: gets what was sent, and what was lost by an error.
  ///   - describe: has a slot send a packet; false if it may not leave as it is.
  ///   - prepare: makes packets at the front fit, at most so many; false if the first does not.
  func transmit(
    _ packets: inout PacketQueue, keeping sent: inout PacketQueue, on socket: Int32,
    hasInterface: Bool, counting count: inout InterfaceStatistics.Direction,
    describe: (Int, borrowing Packet) -> Bool, prepare: (inout PacketQueue) -> Bool
  ) -> SendingEnd {
    while !packets.isEmpty {
      var described = 0
      packets.forEach { packet in
        guard describe(described, packet) else { return false }
        described += 1
        return described < slotCount
      }
      if described == 0 {
        guard prepare(&packets) else { return .refused }
        continue
      }
      var first = 0
      while first < described {
        let result = unsafe mbuma_send_batch(socket, messages + first, UInt32(described - first))
        if result > 0 {
          count.count(packets: Int(result), bytes: packets.moveFirst(Int(result), to: &sent))
          first += Int(result)
          continue
        }
        let code = result < 0 ? errno : 0
        switch code {
        case EINTR: continue
        case ENETDOWN where hasInterface, ENXIO where hasInterface, ENODEV where hasInterface,
          EPERM where hasInterface, EBADF where hasInterface:
          return .failed(code)
        case EAGAIN, ENOBUFS: return .noRoom(code)
        default:
          packets.moveFirst(1, to: &sent)
          count.errors += 1
          first += 1
        }
      }
    }
    return .done
  }
}
