// SPDX-License-Identifier: BSD-2-Clause
//
// From the frames that the kernel filled into packets, and the frames back to the kernel at once, at the
// end of each call. Where memory is denied behind another frame of the same call, the rest stays received
// and comes with the next call.
//
// What XDP does not tell. A frame has no time: its packet has that of the call. There is no word of a
// checksum that a local sender left to its device, so it comes as it is and looks wrong, nor of a VLAN
// tag that the device took off. A segment that is not cut into packets yet is longer than a frame, and is
// dropped and counted. Sums, tags and lengths are as on a wire once the offloads are off: here
// ethtool -K NAME rxvlan off, and at a sender on this host tx off.

import CLinux
public import Interfaces
public import Mbufs
import Wire

#if os(Linux)
  import Glibc

  extension XDPSocket: PacketSource {
    /// Copies the frames that are there, up to a limit, each into a packet.
    ///
    /// - Throws: `InterfaceError` of kind `.down` if the interface is down or gone; `.misuse` if it was
    ///   opened for sending.
    public mutating func receive(
      upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
    ) throws(InterfaceError) -> SourceState {
      precondition(packetLimit > 0, "\(packetLimit) packets wanted")
      guard frames.receives else {
        throw InterfaceError(
          .misuse, "cannot receive from \(name)", why: "it was opened for sending")
      }
      let there = Swift.min(packetLimit, frames.receivedCount)
      if there == 0 { return try tellWhyNone() }
      let now = WallClock.now
      var given = 0
      while given < there {
        guard
          var packet = try? pool.packet(copying: frames.received(given), headroom: Self.headroom)
        else { break }
        packet.timestampInNanoseconds = now
        packet.linkType = LinkType.ethernet.rawValue
        packet.header.interfaceIndex = UInt32(clamping: frames.interfaceIndex)
        statistics.input.count(bytes: packet.byteCount)
        queue.enqueue(packet)
        given += 1
      }
      if given == 0 { statistics.input.drops += 1 }
      frames.release(Swift.max(given, 1))
      return .more
    }

    /// Nothing is there: for now, for good, or since the interface is down.
    @inline(never)
    private mutating func tellWhyNone() throws(InterfaceError) -> SourceState {
      countDrops()
      if isStopping { return .ended(nil) }
      switch frames.state {
      case 0: return .idle
      case let code:
        throw InterfaceError(
          .down, "cannot receive from \(name)", why: SystemError("receive", code).why,
          advice: code == ENETDOWN ? "bring it up: ip link set \(name) up" : "")
      }
    }

    /// Waits until a frame is there, or the interface went down.
    ///
    /// - Parameter milliseconds: the longest wait; 0 only looks, -1 waits forever.
    /// - Returns: whether there is something; false also when a signal came.
    public func wait(milliseconds: Int32) -> Bool {
      // The kernel wakes nobody when the interface goes down, so that is looked for now and then.
      let slice: Int32 = 100
      var left = milliseconds
      while true {
        let ready = mbuma_wait_readable(
          frames.descriptor, left < 0 ? slice : Swift.min(left, slice))
        if ready != 0 { return ready > 0 }
        if frames.state != 0 { return true }
        if left >= 0 { left -= Swift.min(left, slice) }
        if left == 0 { return false }
      }
    }

    /// Gives the queue's frames back to the host, and counts those lost so far; those that have come can
    /// be received.
    ///
    /// - Returns: whether that is so; false if it was opened for sending.
    public mutating func stopArrivals() -> Bool {
      guard frames.receives else { return false }
      frames.stop()
      countDrops()
      isStopping = true
      return true
    }

    /// Frames dropped, by the kernel's own words for it, and those that memory was denied for:
    /// `ring_full` and `fill_ring_empty` since they were not received fast enough, `rx_dropped` for being
    /// longer than a frame or for another reason.
    public var inputDropsByReason: [(reason: String, count: Int)] {
      let denied = statistics.input.drops - kernelDrops.count
      return [
        (reason: "ring_full", count: Int(kernelDrops.ring_full)),
        ("fill_ring_empty", Int(kernelDrops.fill_ring_empty)),
        ("rx_dropped", Int(kernelDrops.others)), ("pool_exhausted", denied),
      ]
      .filter { $0.count > 0 }
    }

    /// Adds what the kernel has dropped since it was last asked to the drops.
    private mutating func countDrops() {
      let drops = frames.drops
      statistics.input.drops += drops.count - kernelDrops.count
      kernelDrops = drops
    }
  }

  extension mbuma_xdp_drops {
    /// All of them.
    fileprivate var count: Int { Int(ring_full + fill_ring_empty + others) }
  }
#endif
