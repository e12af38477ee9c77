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
    ///   be filled in; `.down` if the interface is.
    public mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
      let (name, traits) = (name, traits)
      try batch.transmit(
        &packets, on: ring.descriptor, counting: &statistics.output
      ) { packet, slot in
        batch.describe(slot, sending: &packet, to: name, traits)
      } failure: { code in
        switch code {
        case ENETDOWN, ENXIO, ENODEV, EPERM, EBADF:
          return InterfaceError(SystemError("send on \(name)", code, needing: "cap_net_raw"))
        case ENOBUFS where unsafe !mbuma_interface_is_running(name):
          // Without a carrier frames are dropped as if there was no room.
          return InterfaceError(
            .down, "cannot send on \(name)", why: "it has no carrier",
            advice: "bring the other end of the link up")
        default: return nil
        }
      }
    }
  }
#endif
