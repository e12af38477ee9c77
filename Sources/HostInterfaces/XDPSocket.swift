// SPDX-License-Identifier: BSD-2-Clause
//
// Sending and receiving by AF_XDP in copy mode, which any driver takes:
//
//     out   packet --one copy--> frame shared with the kernel --sendto(2), 32 at a time--> driver
//     in    driver --the kernel's copy--> frame shared with it --one copy--> packet
//
// The kernel sends 32 frames a call and does without a socket buffer's account, an address and a
// queueing discipline, so a packet costs about half of what packet(7) asks. A frame is accepted when
// the kernel has it, and counts as sent when the kernel gives it back:
//
//     accepted == output.packets + output.errors + queuedPacketCount
//
// Frames come since a program, attached to the interface as long as the socket is open, gives it every
// frame of its queue, and so keeps them from everybody else: from the host's own network, from packet(7)
// and from a bridge. One such program can be attached to an interface.
//
// Zero-copy, where a driver has it, ends packets without a word; it is not used.

import CLinux
public import Interfaces
public import Mbufs
import Wire

#if os(Linux)
  import Glibc

  /// One queue of an Ethernet interface of this host.
  ///
  /// Linux: Documentation/networking/af_xdp, `XDP_COPY`.
  public struct XDPSocket: PacketSink, ~Copyable {
    /// Frames that one system call sends.
    public static var batchCount: Int { 32 }

    /// Bytes kept free in front of a received frame, for a header of a tunnel.
    static var headroom: Int { 64 }

    /// What the socket is for.
    public enum Direction: Sendable {
      /// Frames are only sent, and those that arrive go where they went before.
      case sending
      /// Frames that arrive at the queue are received, and nobody else on this host gets them.
      case receiving
      /// Both.
      case both
    }

    /// The interface's name.
    public let name: String
    /// Ethernet; at most what a frame holds, which is 2 KiB, or 4 KiB if frames of the MTU are received
    /// that do not fit.
    public let traits: LinkTraits
    /// Frames received and sent; frames that found no room, or no memory, are drops.
    public internal(set) var statistics = InterfaceStatistics()
    private let filter: LinkFilter
    var frames: XDPFrames
    private var isFinished = false
    /// What the kernel had dropped when it was last asked; it is among the drops.
    var kernelDrops = mbuma_xdp_drops()
    /// Whether no more frames come.
    var isStopping = false

    /// Opens a queue of an interface.
    ///
    /// - Parameters:
    ///   - name: the interface's, such as "eth0".
    ///   - direction: whether frames are received.
    ///   - queue: its queue, from 0 on; one that is received from has only its part of the frames.
    ///   - slotCount: frames that may wait to be received, a power of two.
    /// - Throws: `InterfaceError` of kind `.system` if it is not there, not allowed, or in use, as it is
    ///   if another XDP program is attached; nothing stays open.
    public init(
      _ name: String, _ direction: Direction = .sending, queue: Int = 0, slotCount: Int = 4_096
    ) throws(InterfaceError) {
      let opened = try XDPFrames(
        interface: name, queue: queue, sends: direction != .receiving,
        slotCount: direction == .sending ? 0 : slotCount)
      let header = LinkType.ethernet.headerByteCount ?? 0
      traits = LinkTraits(
        linkType: .ethernet, mtu: Swift.min(opened.mtu, opened.frameByteCount - header),
        capabilities: .completesChecksums)
      filter = LinkFilter(traits)
      self.name = name
      frames = opened
    }

    /// The socket; readable when frames are there, writable when some are free.
    public var descriptor: Int32? { frames.descriptor }

    /// Frames that the kernel has and has not sent.
    public var queuedPacketCount: Int { frames.queuedCount }

    /// Sends frames.
    ///
    /// - Parameters:
    ///   - packets: frames with their link header; those left found no free frame.
    ///   - due: is not kept.
    /// - Throws: `InterfaceError`: `.wrongLinkType` or `.tooLong` about the first packet left;
    ///   `.closed` after `finish()`; `.failed` if memory is denied for a checksum to be filled in;
    ///   `.down` if the interface is, or has no carrier.
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
      if isFinished { throw InterfaceError(.closed, "cannot send on \(name)") }
      guard frames.sends else {
        throw InterfaceError(.misuse, "cannot send on \(name)", why: "it was opened for receiving")
      }
      let filter = filter
      while !packets.isEmpty {
        takeBack()
        let room = Swift.min(frames.room, Self.batchCount)
        var written = 0
        if room > 0 {
          packets.forEach { packet in
            guard filter.passes(packet) else { return false }
            frames.write(packet)
            written += 1
            return written < room
          }
          packets.moveFirst(written, to: &sent)
        }
        // What the kernel has not sent yet makes room once it has.
        try send()
        if written > 0 { continue }
        if room == 0 { return }
        guard filter.prepare(&packets, upTo: Self.batchCount) else {
          throw filter.refusal(ofFirst: packets, at: name)
        }
      }
    }

    /// Has the kernel send what it has.
    private mutating func send() throws(InterfaceError) {
      switch frames.send() {
      case 0, EAGAIN, ENOBUFS, EINTR: return
      case EBUSY:
        // A frame was dropped, and given back as if sent; without a carrier all of them would be.
        if let failure = carrierFailure() { throw failure }
      case let code: throw failure(code)
      }
    }

    @inline(never)
    private func carrierFailure() -> InterfaceError? {
      unsafe mbuma_interface_is_running(name) ? nil : .noCarrier(name)
    }

    @inline(never)
    private func failure(_ code: Int32) -> InterfaceError {
      InterfaceError(SystemError("send on \(name)", code))
    }

    private mutating func takeBack() {
      let (packets, bytes) = frames.takeBack()
      statistics.output.count(packets: packets, bytes: bytes)
    }

    /// Has the kernel send what it has, and counts what it has sent.
    public mutating func push() throws(InterfaceError) {
      guard frames.sends else { return }
      try send()
      takeBack()
    }

    /// Waits until all that was accepted is sent, a second at most; the rest counts as errors.
    public mutating func finish() throws(InterfaceError) {
      isFinished = true
      let deadline = Pacer.now + 1_000_000_000
      defer {
        takeBack()
        statistics.output.errors += frames.giveUp()
      }
      while queuedPacketCount > 0, Pacer.now < deadline { try push() }
    }
  }
#endif
