// SPDX-License-Identifier: BSD-2-Clause
//
// Out of packets, where they lie: a call reads up to `batchCount` of them, segment by segment, and
// they are freed after it. What the kernel answers, by the packet that is then the first:
//
//     sent n                          n packets counted as sent, and freed
//     EAGAIN, ENOBUFS                 no room: it and those behind it stay with the caller
//     ENETDOWN, ENXIO, ENODEV, EPERM  the interface's error: thrown, they stay
//     EINTR                           again
//     any other                       the packet's own: counted as an error, and freed

import CLinux
public import Interfaces
public import Mbufs

#if os(Linux)
  import Glibc

  extension PacketSocket {
    /// Sends frames.
    ///
    /// - Parameters:
    ///   - packets: frames with their link header; those left had no room in the interface's queue.
    ///   - due: is not kept.
    /// - Throws: `InterfaceError`: `.wrongLinkType`, `.tooLong`, or `.unfit` (more segments than a
    ///   message takes) about the first packet left; `.failed` if memory is denied for a checksum to
    ///   be filled in; `.down` if the interface is.
    public mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
      while !packets.isEmpty {
        var waiting = PacketQueue()
        var refusal: InterfaceError?
        while waiting.packetCount < Self.batchCount, var packet = packets.dequeue() {
          refusal = describe(&packet, waiting.packetCount)
          guard refusal == nil else {
            packets.putBack(packet)
            break
          }
          waiting.enqueue(packet)
        }
        let failure = send(&waiting)
        let isDone = waiting.isEmpty
        waiting.append(&packets)
        swap(&waiting, &packets)
        if let failure { throw failure }
        if !isDone { return }
        if let refusal { throw refusal }
      }
    }

    /// Has a slot of the batch send a packet, its checksum filled in; why it cannot, if so.
    private borrowing func describe(_ packet: inout Packet, _ slot: Int) -> InterfaceError? {
      do throws(InterfaceError) {
        try traits.check(packet, at: name)
      } catch {
        return error
      }
      do throws(MbufError) {
        try packet.completeChecksum()
      } catch {
        return InterfaceError(.failed, "cannot send on \(name) yet", why: "\(error)")
      }
      if batch.describe(slot, sendingWhole: packet) { return nil }
      return InterfaceError(
        .unfit, "\(name) does not take the packet",
        why: "it has more than \(MessageBatch.vectorsPerSlot) segments")
    }

    /// Sends what the batch describes, each once.
    ///
    /// - Parameter packets: those described, in order; those left in it were not sent.
    /// - Returns: the interface's error, or nil: what is left then had no room.
    private mutating func send(_ packets: inout PacketQueue) -> InterfaceError? {
      var first = 0
      while !packets.isEmpty {
        let count = unsafe mbuma_send_batch(
          ring.descriptor, batch.messages + first, UInt32(packets.packetCount))
        if count > 0 {
          for _ in 0..<count {
            guard let packet = packets.dequeue() else { break }
            statistics.output.count(bytes: packet.byteCount)
          }
          first += Int(count)
          continue
        }
        switch errno {
        case EINTR: continue
        case EAGAIN, ENOBUFS: return nil
        case ENETDOWN, ENXIO, ENODEV, EPERM, EBADF:
          return InterfaceError(SystemError("send on \(name)"))
        default:
          _ = packets.dequeue()
          statistics.output.errors += 1
          first += 1
        }
      }
      return nil
    }
  }
#endif
