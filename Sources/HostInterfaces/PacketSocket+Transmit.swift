// SPDX-License-Identifier: BSD-2-Clause
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
    ///   be filled in; `.down` if the interface is; `.failed` if the kernel has refused the first one
    ///   for a second, as it does where the far end's MTU is smaller.
    public mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
      var sent = PacketQueue()
      try transmit(&packets, keeping: &sent)
    }

    /// Sends frames, without freeing them, and throws as `transmit` does.
    ///
    /// A checksum that had to be filled in stays so.
    public mutating func transmit(
      _ packets: inout PacketQueue, keeping sent: inout PacketQueue
    ) throws(InterfaceError) {
      let filter = filter
      let end = batch.transmit(
        &packets, keeping: &sent, on: ring.descriptor, hasInterface: true,
        counting: &statistics.output
      ) { slot, packet in
        filter.passes(packet) && batch.describe(slot, sending: packet)
      } prepare: {
        filter.prepare(&$0, upTo: Self.batchCount)
      }
      if case .done = end { return }
      try tell(end, packets)
    }

    /// Says why not all packets were sent; a full queue is no error.
    @inline(never)
    private mutating func tell(
      _ end: SendingEnd, _ packets: borrowing PacketQueue
    ) throws(InterfaceError) {
      switch end {
      case .done: return
      case .refused: throw filter.refusal(ofFirst: packets, at: name)
      case .failed(let code):
        throw InterfaceError(SystemError("send on \(name)", code, needing: "cap_net_raw"))
      case .noRoom(let code):
        if code != ENOBUFS { return }
        // Without a carrier frames are dropped as if there was no room.
        guard unsafe mbuma_interface_is_running(name) else { throw .noCarrier(name) }
        let count = statistics.output
        guard stall.isOver(accepted: count.packets + count.errors, at: Pacer.now) else { return }
        var byteCount = 0
        packets.forEach { packet in
          byteCount = packet.byteCount
          return false
        }
        throw InterfaceError(
          .failed, "cannot send on \(name)",
          why: "a frame of \(byteCount) bytes was refused for a second",
          advice: "see whether the far end of the link has a smaller MTU: ip link")
      }
    }
  }
#endif
