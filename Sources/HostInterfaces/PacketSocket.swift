// SPDX-License-Identifier: BSD-2-Clause
//
// An interface of this host by packet(7): whole frames, link header included.
//
//     in    kernel --> ring of slots --one copy--> packet
//     out   packet --iovec per segment--> sendmmsg(2), past the queueing discipline
//
// Why these two: a ring that is polled frame by frame (TPACKET_V2) hands over a frame at once, where
// blocks (TPACKET_V3) wait a millisecond; and sendmmsg reads segments where they lie, which a
// transmit ring of fixed slots does not, and is faster on veth than that ring.
//
// What the kernel does to frames, and what is done about it here:
//
//     VLAN tag taken off on receipt       put back where it was, with its type
//     checksum not ready (local sender)   the header says `.partial`; filled in before it is sent
//     sum verified                        the header says `.verified`
//     longer than a slot                  read whole from the socket, into as many clusters
//     no free slot                        counted as a drop, as the kernel counts it
//
//     arrived == input.packets + input.drops + input.errors

import CLinux
public import Interfaces
import Wire

#if os(Linux)
  /// A network interface of this host, frame by frame.
  ///
  /// Linux: packet(7) with `PACKET_RX_RING` and `PACKET_QDISC_BYPASS`. BSD: bpf(4).
  public struct PacketSocket: PacketSource, PacketSink, ~Copyable {
    /// Frames moved by one system call at most.
    public static var batchCount: Int { 64 }

    /// Bytes kept free in front of a received frame, for a header of a tunnel.
    static var headroom: Int { 64 }
    /// Bytes of the longest frame: a segment of 64 KiB that is not cut into packets yet, with headers.
    static var longestFrameByteCount: Int { 65_536 + 256 }

    /// What the socket is for.
    public enum Direction: Sendable {
      /// Frames are only sent, and none are received.
      case sending
      /// Frames that arrive are received too; those sent by this host are not.
      case both
      /// Frames that arrive and those that this host sends are received, as who listens to a link
      /// wants it; what is sent by this socket itself is not among them.
      case listening
    }

    /// The interface's name.
    public let name: String
    /// Link type and MTU of the interface as it was when opened.
    public let traits: LinkTraits
    /// Frames received and sent; frames that found no free slot, or no memory, are drops.
    public internal(set) var statistics = InterfaceStatistics()
    var ring: SlotRing
    let batch: MessageBatch
    let filter: LinkFilter
    /// Since when frames found no room.
    var stall = Stall()
    /// Room for a frame that is longer than a slot; empty until one came.
    var longFrame: [UInt8] = []
    /// Bytes read there and not yet copied.
    var longByteCount = 0
    /// Whether frames came since drops were last asked for.
    var hasReceived = false
    /// Frames that found no free slot; they are among the drops.
    public internal(set) var ringDropCount = 0
    /// Whether no more frames come into the ring.
    var isStopping = false

    /// Opens an interface.
    ///
    /// - Parameters:
    ///   - name: the interface's, such as "eth0".
    ///   - direction: whether frames are received too.
    ///   - slotCount: frames that the ring holds, a power of two; 2 KiB each at an MTU of 1,500.
    ///   - isPromiscuous: whether frames for others on the same link are received too.
    ///   - fanOut: a group of sockets among which the frames are shared out; nil for all of them.
    /// - Throws: `InterfaceError` of kind `.system` if it is not there or not allowed, or the group is of
    ///   another make, `.unsupported` if its link type is unknown; nothing stays open.
    public init(
      _ name: String, _ direction: Direction = .both, slotCount: Int = 4_096,
      isPromiscuous: Bool = false, fanOut: FanOut? = nil
    ) throws(InterfaceError) {
      precondition(
        fanOut == nil || direction != .sending, "a group of sockets of which one only sends")
      let hearing: UInt32 =
        (direction == .listening ? mbuma_hears_outgoing.rawValue : 0)
        | (isPromiscuous ? mbuma_hears_others.rawValue : 0)
      let opened = try Self.open(
        name, slotCount: direction == .sending ? 0 : slotCount, mbuma_hearing(hearing), fanOut)
      guard let linkType = opened.linkType else {
        throw InterfaceError(
          .unsupported, "cannot open \(name)", why: "its hardware type is \(opened.hardwareType)",
          advice: "give an Ethernet, loopback or tunnel interface")
      }
      traits = LinkTraits(
        linkType: linkType, mtu: opened.mtu, capabilities: [.leavesChecksums, .completesChecksums])
      ring = opened
      self.name = name
      batch = MessageBatch(slotCount: Self.batchCount)
      filter = LinkFilter(traits, segmentLimit: MessageBatch.vectorsPerSlot)
    }

    private static func open(
      _ name: String, slotCount: Int, _ hearing: mbuma_hearing, _ fanOut: FanOut?
    ) throws(InterfaceError) -> SlotRing {
      do throws(SystemError) {
        return try SlotRing(
          interface: name, slotCount: slotCount, hearing: hearing, fanOut: fanOut)
      } catch {
        throw InterfaceError(error)
      }
    }

    /// The socket; readable when frames are there.
    public var descriptor: Int32? { ring.descriptor }

    /// Throws the error that waits at the socket, if one does.
    func throwWaitingError() throws(InterfaceError) {
      let code = mbuma_socket_error(ring.descriptor)
      if code != 0 { throw InterfaceError(SystemError("use \(name)", code)) }
    }
  }
#endif
