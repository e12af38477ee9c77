// SPDX-License-Identifier: BSD-2-Clause
import CLinux

#if os(Linux)
  extension XDPFrames {
    /// Frames that are there and not given back.
    var receivedCount: Int {
      unsafe withUnsafePointer(to: socket) { unsafe Int(mbuma_xdp_received($0)) }
    }

    /// The bytes of a received frame, until it is given back.
    ///
    /// - Parameter ahead: which of them, from the first that is not given back.
    @_lifetime(borrow self)
    func received(_ ahead: Int) -> RawSpan {
      let frame = unsafe withUnsafePointer(to: socket) { unsafe mbuma_xdp_peek($0, UInt32(ahead)) }
      let (offset, byteCount) = (Int(frame.offset), Int(frame.byte_count))
      let total = unsafe Int(socket.send_count + socket.receive_count) * frameByteCount
      precondition(offset + byteCount <= total, "a frame beyond the last")
      guard let frames = unsafe socket.frames else { preconditionFailure("no frames") }
      // In bounds: just checked; the frame is ours until it is given back, which needs `mutating`.
      let span = unsafe RawSpan(_unsafeStart: frames + offset, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Gives the first received frames back to the kernel.
    mutating func release(_ count: Int) {
      unsafe withUnsafePointer(to: socket) { unsafe mbuma_xdp_release($0, UInt32(count)) }
    }

    /// The error number that keeps frames from coming; 0 if nothing does.
    var state: Int32 { unsafe withUnsafePointer(to: socket) { unsafe mbuma_xdp_state($0) } }

    /// What the kernel has dropped so far.
    var drops: mbuma_xdp_drops {
      unsafe withUnsafePointer(to: socket) { unsafe mbuma_xdp_count_drops($0) }
    }

    /// Lets no more frames in.
    mutating func stop() { unsafe mbuma_xdp_stop(&socket) }
  }
#endif
