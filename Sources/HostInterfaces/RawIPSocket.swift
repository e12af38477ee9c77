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
public struct RawIPSocket: ~Copyable {
  /// Datagrams moved by one system call at most.
  public static var batchCount: Int { 32 }

  let descriptor: Int32
  private let portHolder: Int32
  let batch: MessageBatch
  /// Datagrams given up because the pool had no packet for them.
  public private(set) var denied = 0

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
    descriptor = raw
    portHolder = holder
    batch = MessageBatch(slotCount: Self.batchCount)
  }

  deinit {
    close(descriptor)
    close(portHolder)
  }

  /// Waits until a datagram is there.
  ///
  /// - Parameter milliseconds: the longest wait; 0 only looks, -1 waits forever.
  /// - Returns: whether there is one; false also when a signal came.
  public borrowing func wait(milliseconds: Int32) -> Bool {
    mbuma_wait_readable(descriptor, milliseconds) > 0
  }

  /// Receives what is there, up to a batch, into packets that begin with their IPv4 header.
  ///
  /// - Parameters:
  ///   - queue: the packets go to its end.
  ///   - pool: where they come from; if it is exhausted, datagrams are given up and counted.
  /// - Returns: datagrams taken from the socket.
  /// - Throws: `SystemError`.
  public mutating func receive(into queue: inout PacketQueue, from pool: MbufPool)
    throws(SystemError) -> Int
  {
    var waiting = PacketQueue()
    while waiting.packetCount < Self.batchCount, var packet = try? pool.packet() {
      unsafe batch.describe(waiting.packetCount, receivingInto: packet.unsafeTail())
      waiting.enqueue(packet)
    }
    if waiting.isEmpty { return try giveUpOne() }
    let count = unsafe mbuma_receive_batch(
      descriptor, batch.messages, UInt32(waiting.packetCount))
    if count < 0 { return try nothing() }
    for slot in 0..<Int(count) {
      guard var packet = waiting.dequeue() else { break }
      if finish(&packet, slot) { queue.enqueue(packet) } else { denied += 1 }
    }
    return Int(count)
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
  private mutating func giveUpOne() throws(SystemError) -> Int {
    if mbuma_discard_datagram(descriptor) < 0 { return try nothing() }
    denied += 1
    return 1
  }

  private func nothing() throws(SystemError) -> Int {
    guard errno == EAGAIN || errno == EINTR else {
      throw SystemError("receive from the raw socket")
    }
    return 0
  }

  /// Sends packets that begin with their IPv4 header, to the destination it names.
  ///
  /// - Parameter queue: is emptied.
  /// - Returns: datagrams the kernel took, and those it refused (too long, no route, no room).
  public mutating func transmit(_ queue: inout PacketQueue) -> (sent: Int, refused: Int) {
    var sent = 0
    var refused = 0
    while !queue.isEmpty {
      var waiting = PacketQueue()
      while waiting.packetCount < Self.batchCount, let packet = queue.dequeue() {
        if batch.describe(waiting.packetCount, sending: packet) {
          waiting.enqueue(packet)
        } else {
          refused += 1
        }
      }
      let count = send(waiting.packetCount)
      sent += count
      refused += waiting.packetCount - count
    }
    return (sent, refused)
  }

  /// Has the kernel send the first messages of the batch, each once; how many it took.
  ///
  /// A call ends early where the next message cannot be sent, and only the call after it says why.
  private func send(_ messageCount: Int) -> Int {
    var sent = 0
    var first = 0
    while first < messageCount {
      let count = unsafe mbuma_send_batch(
        descriptor, batch.messages + first, UInt32(messageCount - first))
      if count > 0 {
        sent += Int(count)
        first += Int(count)
      } else if count == 0 || errno != EINTR {
        first += 1
      }
    }
    return sent
  }
}
