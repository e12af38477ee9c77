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
  let batch: MessageBatch
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
    let wanted = Swift.min(packetLimit, Self.batchCount)
    var waiting = PacketQueue()
    while waiting.packetCount < wanted, var packet = try? pool.packet() {
      unsafe batch.describe(waiting.packetCount, receivingInto: packet.unsafeTail())
      waiting.enqueue(packet)
    }
    if waiting.isEmpty { return try giveUpOne() }
    let count = unsafe mbuma_receive_batch(
      socket, batch.messages, UInt32(waiting.packetCount))
    if count < 0 { return try nothing() }
    for slot in 0..<Int(count) {
      guard var packet = waiting.dequeue() else { break }
      if finish(&packet, slot) {
        statistics.input.count(bytes: packet.byteCount)
        queue.enqueue(packet)
      } else {
        statistics.input.drops += 1
      }
    }
    // Those left are packets that nothing came into.
    return waiting.isEmpty ? .more : .idle
  }

  /// Brings the received bytes of a slot into its packet; false if there was no room for a spill.
  private func finish(_ packet: inout Packet, _ slot: Int) -> Bool {
    let (inPlace, spilled) = batch.received(slot)
    // The kernel has written that many bytes into the tail that describe() gave it.
    unsafe packet.extend(by: inPlace)
    packet.header.linkType = LinkType.raw.rawValue
    return spilled == 0 || (try? packet.append(batch.spill(slot, spilled))) != nil
  }

  /// Reads one datagram to nowhere, so that an exhausted pool does not stall the socket.
  private mutating func giveUpOne() throws(InterfaceError) -> SourceState {
    if mbuma_discard_datagram(socket) < 0 { return try nothing() }
    statistics.input.drops += 1
    return .more
  }

  private func nothing() throws(InterfaceError) -> SourceState {
    guard errno == EAGAIN || errno == EINTR else {
      throw InterfaceError(SystemError("receive from the raw socket"))
    }
    return .idle
  }

  /// Sends packets that begin with their IPv4 header, to the destination it names.
  ///
  /// Datagrams that the kernel refuses (too long, no route) are counted as errors.
  ///
  /// - Parameters:
  ///   - queue: those left in it had no room in the socket's buffer.
  ///   - due: is not kept.
  /// - Throws: `InterfaceError` of kind `.unfit` for a packet without an IPv4 header, or with more
  ///   segments than a message takes.
  public mutating func transmit(_ queue: inout PacketQueue, due: Int64) throws(InterfaceError) {
    var isUnfit = false
    var isFull = false
    while !queue.isEmpty, !isUnfit, !isFull {
      var waiting = PacketQueue()
      while waiting.packetCount < Self.batchCount, !isUnfit, let packet = queue.dequeue() {
        if batch.describe(waiting.packetCount, sending: packet) {
          waiting.enqueue(packet)
        } else {
          queue.putBack(packet)
          isUnfit = true
        }
      }
      isFull = !send(&waiting)
      waiting.append(&queue)
      swap(&waiting, &queue)
    }
    if isUnfit, !isFull {
      throw InterfaceError(
        .unfit, "cannot send a packet from the raw socket",
        why: "it does not begin with an IPv4 header, or has more than "
          + "\(MessageBatch.vectorsPerSlot) segments")
    }
  }

  /// Has the kernel send the messages of the batch, each once; false if there was no room for all.
  ///
  /// A call ends early where the next message cannot be sent, and only the call after it says why.
  ///
  /// - Parameter packets: those that the messages are of, in order; those without room are left.
  private mutating func send(_ packets: inout PacketQueue) -> Bool {
    let messageCount = packets.packetCount
    var first = 0
    while first < messageCount {
      let count = unsafe mbuma_send_batch(
        socket, batch.messages + first, UInt32(messageCount - first))
      if count > 0 {
        for _ in 0..<count {
          guard let packet = packets.dequeue() else { break }
          statistics.output.count(bytes: packet.byteCount)
        }
        first += Int(count)
      } else if count < 0, errno == EAGAIN {
        return false
      } else if count == 0 || errno != EINTR {
        _ = packets.dequeue()
        statistics.output.errors += 1
        first += 1
      }
    }
    return true
  }
}

extension InterfaceError {
  /// What a system call's error is to those who move packets.
  public init(_ error: SystemError) {
    self.init(
      error.code == ENETDOWN ? .down : .system(call: error.what, errno: error.code),
      "cannot \(error.what)", why: error.why, advice: error.advice)
  }
}
