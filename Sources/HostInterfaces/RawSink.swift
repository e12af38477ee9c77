// SPDX-License-Identifier: BSD-2-Clause
//
// Two raw sockets that only send, headers included; the first half byte of a packet says by which:
//
//     4...   IPv4 socket     the kernel writes total length and header checksum, the identification if
//                            it is 0, and the source if it is 0.0.0.0
//     6...   IPv6 socket     every byte is sent as it is
//     other                  refused
//
// Either is routed by its destination, as what the host itself sends is, and may be sent in pieces of one
// family: order is kept within a family and, as far as the way out is the same, between them. A packet
// that the kernel does not take is an error in the counts and the next one follows: longer than the way's
// MTU (nothing is cut), no route, a link-local destination, which would need an interface. What a full
// queue of an interface drops is told to nobody, and counts as sent.
//
//     accepted == output.packets + output.errors

import CLinux
public import Interfaces
public import Mbufs
import Wire

#if os(Linux)
  import Glibc

  /// Sends IPv4 and IPv6 packets by the host's own routes.
  ///
  /// Linux: raw(7), ipv6(7), `IP_HDRINCL`, `IPV6_HDRINCL`.
  @safe
  public struct RawSink: PacketSink, ~Copyable {
    /// Packets that one system call sends at most.
    public static var batchCount: Int { 32 }

    private let ipv4: Int32
    /// -1 on a host without IPv6.
    let ipv6: Int32
    /// The one that sent last, or had no room.
    private var last: Int32
    private let batch: MessageBatch
    let filter: LinkFilter
    private var isFinished = false
    /// Packets sent; those that the kernel did not take are errors.
    public private(set) var statistics = InterfaceStatistics()

    /// Opens the sockets.
    ///
    /// - Throws: `InterfaceError` of kind `.system`; nothing stays open.
    public init() throws(InterfaceError) {
      let first = mbuma_raw_sender_open(4)
      guard first >= 0 else {
        throw InterfaceError(SystemError("open a raw IPv4 socket", needing: "cap_net_raw"))
      }
      let second = mbuma_raw_sender_open(6)
      if second < 0, errno != EAFNOSUPPORT {
        let error = SystemError("open a raw IPv6 socket", needing: "cap_net_raw")
        close(first)
        throw InterfaceError(error)
      }
      (ipv4, ipv6) = (first, second)
      last = ipv4
      batch = MessageBatch(slotCount: Self.batchCount)
      filter = LinkFilter(Self.traits, segmentLimit: MessageBatch.vectorsPerSlot)
    }

    deinit {
      close(ipv4)
      if ipv6 >= 0 { close(ipv6) }
    }

    /// Raw IP; the MTU is the route's, which the kernel knows.
    static var traits: LinkTraits {
      LinkTraits(linkType: .raw, capabilities: .completesChecksums)
    }

    /// Raw IP; the MTU is the route's, which the kernel knows.
    public var traits: LinkTraits { Self.traits }

    /// The socket that sent last; writable when it has room.
    public var descriptor: Int32? { last }

    /// Sends packets that begin with an IPv4 or IPv6 header, to the destination it names.
    ///
    /// - Parameters:
    ///   - packets: those left in it had no room in the socket's buffer.
    ///   - due: is not kept.
    /// - Throws: `InterfaceError`: `.wrongLinkType`, or `.unfit` (no IP header, more segments than a
    ///   message takes, or IPv6 on a host without it) about the first packet left; `.failed` if memory
    ///   is denied for a header or a checksum to be put in place; `.closed` after `finish()`.
    public mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
      var sent = PacketQueue()
      try transmit(&packets, keeping: &sent)
    }

    /// Sends packets, without freeing them, and throws as `transmit` does.
    ///
    /// A checksum that had to be filled in stays so.
    public mutating func transmit(
      _ packets: inout PacketQueue, keeping sent: inout PacketQueue
    ) throws(InterfaceError) {
      if isFinished { throw InterfaceError(.closed, "cannot send from the raw sockets") }
      while !packets.isEmpty {
        let version = Self.version(ofFirst: packets)
        let end = version == 6 ? sendIPv6(&packets, &sent) : sendIPv4(&packets, &sent)
        switch end {
        case .done, .noRoom, .failed: return
        case .refused:
          // Where the first is of the other family, it goes by the other socket.
          if Self.version(ofFirst: packets) == version { throw refusal(ofFirst: packets) }
        }
      }
    }

    private mutating func sendIPv4(
      _ packets: inout PacketQueue, _ sent: inout PacketQueue
    ) -> SendingEnd {
      last = ipv4
      let filter = filter
      return batch.transmit(
        &packets, keeping: &sent, on: ipv4, hasInterface: false, counting: &statistics.output
      ) { slot, packet in
        filter.passes(packet) && batch.describe(slot, sendingToItsDestination: packet)
      } prepare: {
        Self.prepare(&$0, filter, version: 4, headerByteCount: IPv4Header.byteCount)
      }
    }

    private mutating func sendIPv6(
      _ packets: inout PacketQueue, _ sent: inout PacketQueue
    ) -> SendingEnd {
      if ipv6 < 0 { return .refused }
      last = ipv6
      let filter = filter
      return batch.transmit(
        &packets, keeping: &sent, on: ipv6, hasInterface: false, counting: &statistics.output
      ) { slot, packet in
        filter.passes(packet) && batch.describe(slot, sendingToItsIPv6Destination: packet)
      } prepare: {
        Self.prepare(&$0, filter, version: 6, headerByteCount: IPv6Header.byteCount)
      }
    }

    /// Ends the output.
    public mutating func finish() { isFinished = true }
  }
#endif
