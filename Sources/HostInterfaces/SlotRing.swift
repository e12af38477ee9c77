// SPDX-License-Identifier: BSD-2-Clause
//
// The ring of slots into which the kernel puts frames, and from which they are copied once:
//
//     slot 0 | slot 1 | ... | slot place | ...
//              kernel's ^     frames, in order, until the first slot that is the kernel's
//
//     0 <= place < slotCount; slots are released in the order of the ring, each once
//
// One frame at a time is looked at: `frame` says what the kernel tells of it, `bytes` are its own,
// and `release()` gives the slot back. One thread at a time uses a ring.

import CLinux
import Wire

#if os(Linux)
  /// A packet(7) socket's descriptor and, unless it only sends, its receive ring (TPACKET_V2).
  @safe
  struct SlotRing: ~Copyable {
    private let socket: mbuma_packet_socket
    private var place = 0

    /// Opens a socket on an interface.
    ///
    /// - Parameters:
    ///   - slotCount: slots of the ring, a power of two; 0 for no ring.
    ///   - hearing: what comes into it beside the frames for this host.
    ///   - fanOut: the group of sockets that it shares them with, if any.
    /// - Throws: `SystemError`; nothing stays open.
    init(
      interface: String, slotCount: Int, hearing: mbuma_hearing = mbuma_hearing(0),
      fanOut: PacketSocket.FanOut? = nil
    ) throws(SystemError) {
      precondition(slotCount == 0 || slotCount.nonzeroBitCount == 1, "\(slotCount) slots")
      var opened = unsafe mbuma_packet_socket()
      guard
        unsafe mbuma_packet_open(
          interface, UInt32(slotCount), hearing.rawValue,
          mbuma_fan_out(
            is_wanted: fanOut != nil, rolls_over: fanOut?.rollsOver ?? false,
            group: fanOut?.group ?? 0),
          &opened) == 0
      else {
        if let fanOut, unsafe opened.is_joining {
          throw SystemError("join group \(fanOut.group) of sockets on \(interface)")
        }
        throw SystemError("open a packet socket on \(interface)", needing: "cap_net_raw")
      }
      unsafe socket = opened
    }

    deinit { unsafe withUnsafePointer(to: socket) { unsafe mbuma_packet_close($0) } }

    var descriptor: Int32 { unsafe socket.descriptor }
    var interfaceIndex: Int { unsafe Int(socket.interface_index) }
    var mtu: Int { unsafe Int(socket.mtu) }
    var hardwareType: Int { unsafe Int(socket.hardware_type) }
    /// What the first byte of a frame is; nil if that is not known here.
    var linkType: LinkType? {
      switch unsafe socket.framing {
      case mbuma_ethernet: .ethernet
      case mbuma_ip: .raw
      default: nil
      }
    }
    var hasSlots: Bool { unsafe socket.memory != nil }

    private var slot: UnsafeMutableRawPointer {
      guard let memory = unsafe socket.memory else { preconditionFailure("no ring") }
      // In bounds: place < slot_count, and the ring is mapped as long as the socket is open.
      return unsafe memory + place &* Int(socket.slot_byte_count)
    }

    /// What the kernel says of the next frame; nil if none is there.
    var frame: mbuma_frame? {
      let frame = unsafe mbuma_packet_frame(slot)
      return frame.is_there ? frame : nil
    }

    /// The bytes of the frame that `frame` told of, until it is released.
    @_lifetime(borrow self)
    func bytes(of frame: mbuma_frame) -> RawSpan {
      let (offset, byteCount) = (Int(frame.offset), Int(frame.byte_count))
      let slotByteCount = unsafe Int(socket.slot_byte_count)
      precondition(offset + byteCount <= slotByteCount, "frame beyond its slot")
      // In bounds: just checked; the slot is ours until it is released, which needs `mutating`.
      let span = unsafe RawSpan(_unsafeStart: slot + offset, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Gives the slot of the frame looked at back to the kernel, and goes to the next.
    mutating func release() {
      unsafe mbuma_packet_release(slot)
      place = (place &+ 1) & (unsafe Int(socket.slot_count) &- 1)
    }
  }
#endif
