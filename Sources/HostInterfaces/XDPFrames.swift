// SPDX-License-Identifier: BSD-2-Clause
//
// The frames that an AF_XDP socket shares with the kernel, and who has each. Those for sending:
//
//     free (on the stack here)  -> written -> submitted -> the kernel's -> completed -> free
//
//     free + written + queued == send_count      each frame is in one state
//     written <= room in the transmit ring
//
// A frame is written while it is on top of the stack, and leaves the stack with its description. Those
// for receiving:
//
//     the kernel's (in the fill ring)  -> received -> looked at, copied -> the kernel's
//
//     looked at <= received <= receive_count
//
// Received frames go back in order, those that were looked at, all at once. One thread at a time uses
// them.

import CLinux
import Interfaces
import Mbufs

#if os(Linux)
  import Glibc

  /// An AF_XDP socket's descriptor, its frames and their rings.
  @safe
  struct XDPFrames: ~Copyable {
    var socket: mbuma_xdp_socket
    /// The free frames, a stack: `free[..<freeCount]`.
    private let free: UnsafeMutablePointer<UInt32>
    private let byteCounts: UnsafeMutablePointer<UInt32>
    private var freeCount: Int
    private var writtenCount = 0
    /// Frames that the kernel has.
    private(set) var queuedCount = 0

    /// Opens a socket.
    ///
    /// - Parameter slotCount: frames that may wait to be received, a power of two; 0 for none.
    /// - Throws: `InterfaceError`; nothing stays open.
    init(
      interface: String, queue: Int, sends: Bool, slotCount: Int
    ) throws(InterfaceError) {
      precondition(slotCount == 0 || slotCount.nonzeroBitCount == 1, "\(slotCount) slots")
      var opened = unsafe mbuma_xdp_socket()
      guard unsafe mbuma_xdp_open(interface, UInt32(queue), sends, UInt32(slotCount), &opened) == 0
      else { throw unsafe xdpRefusal(opened.step, interface, queue, receives: slotCount > 0) }
      unsafe socket = opened
      freeCount = unsafe Int(opened.send_count)
      unsafe free = .allocate(capacity: freeCount)
      unsafe byteCounts = .allocate(capacity: freeCount)
      // In bounds: as many as there are frames.
      for index in 0..<freeCount { unsafe free[index] = UInt32(index) }
    }

    deinit {
      unsafe withUnsafePointer(to: socket) { unsafe mbuma_xdp_close($0) }
      unsafe free.deallocate()
      unsafe byteCounts.deallocate()
    }

    var descriptor: Int32 { unsafe socket.descriptor }
    var interfaceIndex: Int { unsafe Int(socket.interface_index) }
    var sends: Bool { unsafe socket.send_count > 0 }
    var receives: Bool { unsafe socket.receive_count > 0 }
    var mtu: Int { unsafe Int(socket.mtu) }
    var frameByteCount: Int { unsafe Int(socket.frame_byte_count) }

    /// Frames that can be written: those that are free and that the ring has a slot for.
    var room: Int {
      let slots = unsafe withUnsafePointer(to: socket) { unsafe mbuma_xdp_room($0) }
      return Swift.min(freeCount, Int(slots) - writtenCount)
    }

    /// Copies a packet into the next frame, and describes it; there is room.
    @inline(__always)
    mutating func write(_ packet: borrowing Packet) {
      let byteCount = packet.byteCount
      precondition(freeCount > 0 && byteCount <= frameByteCount, "\(byteCount) bytes in a frame")
      // In bounds: freeCount was above 0.
      let frame = unsafe free[freeCount - 1]
      // In bounds: a frame number is below the count of frames.
      let start = unsafe socket.frames.map { unsafe $0 + Int(frame) * frameByteCount }
      guard let start = unsafe start else { preconditionFailure("no frames") }
      var done = 0
      packet.forEachSegment { piece in
        unsafe piece.withUnsafeBytes { source in
          guard let base = source.baseAddress else { return }
          // In bounds: the pieces together are byteCount bytes, at most a frame's.
          unsafe (start + done).copyMemory(from: base, byteCount: source.count)
        }
        done += piece.byteCount
      }
      unsafe withUnsafePointer(to: socket) {
        unsafe mbuma_xdp_describe($0, UInt32(writtenCount), frame, UInt32(byteCount))
      }
      // In bounds: as for the frame.
      unsafe byteCounts[Int(frame)] = UInt32(byteCount)
      freeCount -= 1
      writtenCount += 1
    }

    /// Hands what was written to the kernel and has it send what it has.
    ///
    /// - Returns: 0 or the error number; the frames are the kernel's in any case.
    mutating func send() -> Int32 {
      let count = UInt32(writtenCount)
      queuedCount += writtenCount
      writtenCount = 0
      let result = unsafe withUnsafePointer(to: socket) { unsafe mbuma_xdp_send($0, count) }
      return result < 0 ? errno : 0
    }

    /// Stops waiting for the frames that the kernel has, which are never free again: how many.
    mutating func giveUp() -> Int {
      defer { queuedCount = 0 }
      return queuedCount
    }

    /// Takes back frames that were sent: how many, and the bytes in them.
    mutating func takeBack() -> (packets: Int, bytes: Int) {
      // In bounds: the kernel gives back what it has, and the stack has room for every frame.
      let count = unsafe withUnsafePointer(to: socket) {
        unsafe Int(mbuma_xdp_completed($0, free + freeCount, UInt32(queuedCount)))
      }
      var bytes = 0
      for index in freeCount..<freeCount + count {
        bytes += unsafe Int(byteCounts[Int(free[index])])
      }
      freeCount += count
      queuedCount -= count
      return (count, bytes)
    }
  }
#endif
