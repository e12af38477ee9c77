// SPDX-License-Identifier: BSD-2-Clause
//
// A link to one peer over UDP: every packet is the payload of one datagram, whole and unchanged.
//
//     transmit   packets --sendmmsg--> datagrams to the peer, out of the segments
//     receive    datagrams of the peer --recvmmsg--> clusters, with a spill of 64 KiB per slot
//
// The peer may not be there: the host then says "port unreachable" at the next call, which costs the
// datagram that call was about, and no more.
//
//     arrived == input.packets + input.drops      as far as the socket's buffer held them

import CLinux
public import Interfaces
public import Mbufs
public import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A link over UDP between two hosts, as a tunnel has one.
///
/// RFC 768; udp(7), connected.
public struct UDPLink: PacketSource, PacketSink, ~Copyable {
  /// Datagrams moved by one system call at most.
  public static var batchCount: Int { 32 }

  /// Datagrams received and sent; those that the pool had no room for are drops.
  public private(set) var statistics = InterfaceStatistics()
  /// What packets are that come from the link and go to it.
  public let traits: LinkTraits
  private let socket: Int32
  private let name: String
  private var batch = MessageBatch(slotCount: Self.batchCount)
  private let filter: LinkFilter

  /// Bytes kept free in front of a received packet.
  private static var headroom: Int { 64 }
  /// The longest payload of a datagram over IPv4.
  private static var longestPayload: Int { 65_507 }

  /// Binds a socket and connects it to its peer.
  ///
  /// - Parameters:
  ///   - local: this side's address as a number, IPv4 or IPv6.
  ///   - localPort: this side's port.
  ///   - remote: the peer's address, of the same family.
  ///   - remotePort: the peer's port.
  ///   - linkType: what the payload of a datagram is.
  /// - Throws: `InterfaceError` of kind `.system`; nothing stays open.
  public init(
    from local: String, port localPort: UInt16, to remote: String, port remotePort: UInt16,
    carrying linkType: LinkType = .raw
  ) throws(InterfaceError) {
    socket = unsafe mbuma_udp_link_open(local, localPort, remote, remotePort)
    guard socket >= 0 else {
      throw InterfaceError(
        SystemError("open a link from \(local):\(localPort) to \(remote):\(remotePort)"))
    }
    name = "the link to \(remote):\(remotePort)"
    traits = LinkTraits(linkType: linkType, mtu: Self.longestPayload)
    filter = LinkFilter(traits, segmentLimit: MessageBatch.vectorsPerSlot)
  }

  deinit { close(socket) }

  /// The socket; readable when datagrams are there.
  public var descriptor: Int32? { socket }

  /// Waits until a datagram is there, or an error.
  ///
  /// - Parameter milliseconds: the longest wait; 0 only looks, -1 waits forever.
  /// - Returns: whether there is something; false also when a signal came.
  public func wait(milliseconds: Int32) -> Bool { mbuma_wait_readable(socket, milliseconds) > 0 }

  /// Receives the datagrams that are there, up to a batch.
  ///
  /// - Throws: `InterfaceError` of kind `.system`; nothing was received.
  public mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) throws(InterfaceError) -> SourceState {
    precondition(packetLimit > 0, "\(packetLimit) packets wanted")
    return try batch.receive(
      upTo: packetLimit, into: &queue, from: pool, headroom: Self.headroom,
      linkType: traits.linkType ?? .raw, on: socket, named: name, counting: &statistics.input)
  }

  /// Sends each packet as a datagram.
  ///
  /// What the peer's host refuses is counted as an error.
  ///
  /// - Parameters:
  ///   - packets: those left in it had no room in the socket's buffer.
  ///   - due: is not kept.
  /// - Throws: `InterfaceError`: `.wrongLinkType`, `.tooLong`, or `.unfit` (more segments than a
  ///   message takes) about the first packet left.
  public mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
    var sent = PacketQueue()
    let filter = filter
    let end = batch.transmit(
      &packets, keeping: &sent, on: socket, hasInterface: false, counting: &statistics.output
    ) { slot, packet in
      filter.passes(packet) && batch.describe(slot, sending: packet)
    } prepare: {
      filter.prepare(&$0, upTo: Self.batchCount)
    }
    if case .refused = end { throw filter.refusal(ofFirst: packets, at: name) }
  }
}
