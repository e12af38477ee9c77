// SPDX-License-Identifier: BSD-2-Clause
//
// From the ring into packets. A slot is released once its frame is copied or counted as lost. Where
// memory is denied behind another frame of the same call, the slot stays, and its frame comes with
// the next call; so does what was already read of a frame longer than its slot:
//
//     longByteCount > 0   <=>   the next slot's frame stands in longFrame[..<longByteCount]

import CLinux
public import Interfaces
public import Mbufs
import Wire

#if os(Linux)
  import Glibc

  extension PacketSocket {
    /// Copies the frames that are there, up to a limit, each into a packet.
    ///
    /// - Throws: `InterfaceError` of kind `.down` if the interface went down or away, told once;
    ///   `.misuse` if it was opened for sending.
    public mutating func receive(
      upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
    ) throws(InterfaceError) -> SourceState {
      precondition(packetLimit > 0, "\(packetLimit) packets wanted")
      guard ring.hasSlots else {
        throw InterfaceError(
          .misuse, "cannot receive from \(name)", why: "it was opened for sending")
      }
      var given = 0
      while given < packetLimit, let frame = ring.frame {
        hasReceived = true
        if let packet = take(frame, from: pool) {
          statistics.input.count(bytes: packet.byteCount)
          queue.enqueue(packet)
          given += 1
        } else if given > 0 {
          return .more
        } else {
          statistics.input.drops += 1
          given = packetLimit
        }
        longByteCount = 0
        ring.release()
      }
      if given > 0 { return .more }
      if hasReceived { countDrops() }
      if isStopping { return .ended(nil) }
      try throwWaitingError()
      return .idle
    }

    /// Waits until a frame is there, or the interface went down.
    ///
    /// - Parameter milliseconds: the longest wait; 0 only looks, -1 waits forever.
    /// - Returns: whether there is something; false also when a signal came.
    public func wait(milliseconds: Int32) -> Bool {
      mbuma_wait_readable(ring.descriptor, milliseconds) > 0
    }

    /// Keeps all further frames out, and counts those lost so far; those in the ring can be received.
    ///
    /// - Returns: whether that is so; false if it was opened for sending.
    public mutating func stopArrivals() -> Bool {
      guard ring.hasSlots, mbuma_packet_stop(ring.descriptor) == 0 else { return false }
      countDrops()
      isStopping = true
      return true
    }

    /// Frames that found no free slot, and those that memory was denied for.
    public var inputDropsByReason: [(reason: String, count: Int)] {
      let denied = statistics.input.drops - ringDropCount
      return [(reason: "ring_full", count: ringDropCount), ("pool_exhausted", denied)]
        .filter { $0.count > 0 }
    }

    /// Adds the frames that found no free slot to the drops.
    private mutating func countDrops() {
      let count = Int(mbuma_packet_drops(ring.descriptor))
      ringDropCount += count
      statistics.input.drops += count
      hasReceived = false
    }

    /// A packet with the frame as it was on the link; nil if memory is denied.
    private mutating func take(_ frame: mbuma_frame, from pool: MbufPool) -> Packet? {
      if frame.is_queued, longByteCount == 0 { readLongFrame() }
      let copied: Packet?
      if longByteCount > 0 {
        // Of bytes, which have no padding.
        let bytes = unsafe longFrame.span.bytes
        copied = Self.copy(frame, bytes.extracting(..<longByteCount), pool)
      } else {
        copied = Self.copy(frame, ring.bytes(of: frame), pool)
      }
      guard var packet = copied else { return nil }
      var header = packet.header
      header.timestampInNanoseconds =
        Int64(frame.seconds) * 1_000_000_000 + Int64(frame.nanoseconds)
      header.linkType = traits.linkType?.rawValue ?? header.linkType
      header.interfaceIndex = UInt32(clamping: ring.interfaceIndex)
      header.wireByteCount =
        Int(frame.wire_byte_count) + (frame.has_tag ? VLANTag.byteCount : 0)
      if frame.is_partial {
        header.checksumState = .partial
      } else if frame.is_verified {
        header.checksumState = .verified
      }
      packet.header = header
      return packet
    }

    /// A packet with the bytes, and the VLAN tag that the kernel took off put back.
    private static func copy(
      _ frame: mbuma_frame, _ bytes: RawSpan, _ pool: MbufPool
    ) -> Packet? {
      guard frame.has_tag, var outer = try? EthernetHeader.Fields(parsing: bytes) else {
        return try? pool.packet(copying: bytes, headroom: headroom)
      }
      let tag = VLANTag.Fields(control: frame.tag, etherType: outer.etherType)
      outer.etherType = EtherType(rawValue: frame.tag_type)
      let front = outer.byteCount + tag.byteCount
      guard
        var packet = try? pool.packet(
          copying: bytes.extracting(outer.byteCount...), headroom: headroom + front)
      else { return nil }
      // Into the headroom: nothing is allocated, so nothing is denied.
      try? packet.prepend(front) { room in
        outer.emit(into: &room)
        tag.emit(into: &room)
      }
      return packet
    }

    /// Reads the frame that was longer than its slot; the part in the slot stands for it if that
    /// fails.
    private mutating func readLongFrame() {
      if longFrame.isEmpty { longFrame = [UInt8](repeating: 0, count: Self.longestFrameByteCount) }
      let count = unsafe longFrame.withUnsafeMutableBytes {
        unsafe $0.baseAddress.map {
          unsafe mbuma_packet_receive_long(ring.descriptor, $0, Self.longestFrameByteCount)
        }
      }
      longByteCount = Swift.max(0, count ?? 0)
    }
  }
#endif
