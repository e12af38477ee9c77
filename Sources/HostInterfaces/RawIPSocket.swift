// SPDX-License-Identifier: BSD-2-Clause
//
// A raw IPv4 socket that carries UDP, headers included. What the kernel does behind it:
//
//     in    datagrams arrive with their IPv4 header, already reassembled; a sender on this host may
//           leave the UDP checksum partial, and nothing tells that it did
//     out   the kernel writes total length and header checksum, and the identification if it is 0;
//           the UDP checksum is ours; more than the MTU is refused with EMSGSIZE
//     also  it answers "port unreachable" itself for a port that no socket owns, so a bound and
//           never read UDP socket holds the port we answer on
//
// Batches both ways: one call receives up to `batchCount` datagrams straight into clusters; what
// a cluster cannot hold goes to a spill of 64 KiB per slot and is appended from there.
//
//     slot i     message i: [ cluster of packet i, 2 KiB ][ spill i, 64 KiB ]

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

/// An interface to the IPv4 network of this host, for UDP.
///
/// BSD: `socket(AF_INET, SOCK_RAW, IPPROTO_UDP)` with `IP_HDRINCL`; raw(7), ip(4).
@safe
public struct RawIPSocket: PacketSource, PacketSink, ~Copyable {
  /// Datagrams moved by one system call at most.
  public static var batchCount: Int { 32 }

  private let socket: Int32
  private let portHolder: Int32
  var batch: MessageBatch
  /// Datagrams received and sent; those that the pool had no packet for are drops.
  public private(set) var statistics = InterfaceStatistics()

  /// Opens the socket and holds `port`, so that the kernel does not answer for it.
  ///
  /// - Parameters:
  ///   - port: the UDP port that will be answered on.
  ///   - address: of this host; 0.0.0.0 for all of them.
  /// - Throws: `SystemError`; nothing stays open.
  public init(holding port: UInt16, on address: IPv4Address) throws(SystemError) {
    let holder = mbuma_hold_udp_port(address.bits, port)
    guard holder >= 0 else { throw SystemError("hold UDP port \(port) of \(address)") }
    let raw = mbuma_open_raw_udp()
    guard raw >= 0 else {
      let error = SystemError("open a raw IPv4 socket")
      close(holder)
      throw error
    }
    socket = raw
    portHolder = holder
    batch = MessageBatch(slotCount: Self.batchCount)
  }

  deinit {
    close(socket)
    close(portHolder)
  }

  /// Raw IP; the MTU is the route's, which the kernel knows.
  public var traits: LinkTraits { LinkTraits(linkType: .raw) }

  private static var refusal: InterfaceError {
    InterfaceError(
      .unfit, "cannot send a packet from the raw socket",
      why: "it does not begin with an IPv4 header, or has more than "
        + "\(MessageBatch.vectorsPerSlot) segments")
  }

  /// The socket.
  public var descriptor: Int32? { socket }

  /// Waits until a datagram is there.
  ///
  /// - Parameter milliseconds: the longest wait; 0 only looks, -1 waits forever.
  /// - Returns: whether there is one; false also when a signal came.
  public borrowing func wait(milliseconds: Int32) -> Bool {
    mbuma_wait_readable(socket, milliseconds) > 0
  }

  /// Receives what is there, up to a batch, into packets that begin with their IPv4 header.
  ///
  /// - Throws: `InterfaceError` of kind `.system`; nothing was received.
  public mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) throws(InterfaceError) -> SourceState {
    precondition(packetLimit > 0, "\(packetLimit) packets wanted")
    return try batch.receive(
      upTo: packetLimit, into: &queue, from: pool, headroom: 0, linkType: .raw, on: socket,
      named: "the raw socket", counting: &statistics.input)
  }

  /// Sends packets that begin with their IPv4 header, to the destination it names.
  ///
  /// Datagrams that the kernel refuses (too long, no route) are counted as errors.
  ///
  /// - Parameters:
  ///   - packets: those left in it had no room in the socket's buffer.
  ///   - due: is not kept.
  /// - Throws: `InterfaceError` of kind `.unfit` for a packet without an IPv4 header, or with more
  ///   segments than a message takes.
  public mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
    var sent = PacketQueue()
    let end = batch.transmit(
      &packets, keeping: &sent, on: socket, hasInterface: false, counting: &statistics.output
    ) { slot, packet in
      batch.describe(slot, sendingToItsDestination: packet)
    } prepare: { _ in
      false
    }
    if case .refused = end { throw Self.refusal }
  }
}
