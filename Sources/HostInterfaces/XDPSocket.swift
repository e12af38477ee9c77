// SPDX-License-Identifier: BSD-2-Clause
//
// Sending by AF_XDP in copy mode, which any driver takes:
//
//     packet --one copy--> frame shared with the kernel --sendto(2), 32 at a time--> driver
//
// The kernel sends 32 frames a call and does without a socket buffer's account, an address and a
// queueing discipline, so a packet costs about half of what packet(7) asks. A frame is accepted when
// the kernel has it, and counts as sent when the kernel gives it back:
//
//     accepted == output.packets + output.errors + queuedPacketCount
//
// Zero-copy, where a driver has it, ends packets without a word; it is not used.

import CLinux
public import Interfaces
public import Mbufs
import Wire

#if os(Linux)
  import Glibc

  /// One queue of an Ethernet interface of this host, for sending.
  ///
  /// Linux: Documentation/networking/af_xdp, `XDP_COPY`.
  public struct XDPSocket: PacketSink, ~Copyable {
    /// Frames that one system call sends.
    public static var batchCount: Int { 32 }

    /// The interface's name.
    public let name: String
    /// Ethernet; at most what a frame of 2 KiB holds.
    public let traits: LinkTraits
    /// Frames sent.
    public private(set) var statistics = InterfaceStatistics()
    private let filter: LinkFilter
    private var frames: XDPFrames
    private var isFinished = false

    /// Opens a queue of an interface.
    ///
    /// - Parameters:
    ///   - name: the interface's, such as "eth0".
    ///   - queue: its transmit queue, from 0 on.
    /// - Throws: `InterfaceError` of kind `.system` if it is not there, not allowed, or in use;
    ///   nothing stays open.
    public init(_ name: String, queue: Int = 0) throws(InterfaceError) {
      let opened = try Self.open(name, queue)
      let header = LinkType.ethernet.headerByteCount ?? 0
      traits = LinkTraits(
        linkType: .ethernet, mtu: Swift.min(opened.mtu, opened.frameByteCount - header),
        capabilities: .completesChecksums)
      filter = LinkFilter(traits)
      self.name = name
      frames = opened
    }

    private static func open(_ name: String, _ queue: Int) throws(InterfaceError) -> XDPFrames {
      do throws(SystemError) {
        return try XDPFrames(interface: name, queue: queue)
      } catch {
        throw InterfaceError(error)
      }
    }

    /// The socket; writable when frames are free.
    public var descriptor: Int32? { frames.descriptor }

    /// Frames that the kernel has and has not sent.
    public var queuedPacketCount: Int { frames.queuedCount }

    /// Sends frames.
    ///
    /// - Parameters:
    ///   - packets: frames with their link header; those left found no free frame.
    ///   - due: is not kept.
    /// - Throws: `InterfaceError`: `.wrongLinkType` or `.tooLong` about the first packet left;
    ///   `.closed` after `finish()`; `.failed` if memory is denied for a checksum to be filled in; `.down` if the interface is.
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
      case 0, EAGAIN, EBUSY, ENOBUFS, EINTR: return
      case let code: throw failure(code)
      }
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
