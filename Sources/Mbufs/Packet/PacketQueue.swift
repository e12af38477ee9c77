// SPDX-License-Identifier: BSD-2-Clause
//
//     head --> packet --next packet--> packet --next packet--> packet <-- tail
//
//     packetCount == packets on the list;  byteCount == sum of theirs
//     head == nil  <=>  tail == nil  <=>  packetCount == 0

/// Packets in order, first in first out, linked through their own mbufs: it never allocates.
///
/// BSD: `struct ifqueue`, `m_nextpkt`.
@safe
public struct PacketQueue: ~Copyable, @unchecked Sendable {
  private var head: Mbuf?
  private var tail: Mbuf?
  /// Packets in the queue.
  public private(set) var packetCount = 0
  /// Bytes in all of them.
  public private(set) var byteCount = 0

  /// An empty queue.
  public init() {}

  /// Frees the packets.
  deinit {
    var packet = head
    while let here = packet {
      packet = here.nextPacket
      here.freeChain()
    }
  }

  /// Whether no packet is queued.
  public var isEmpty: Bool { head == nil }

  /// Puts a packet at the end.
  ///
  /// BSD: `IF_ENQUEUE`.
  public mutating func enqueue(_ packet: consuming Packet) {
    byteCount += packet.byteCount
    packetCount += 1
    let mbuf = packet.release()
    if let tail { tail.nextPacket = mbuf } else { head = mbuf }
    tail = mbuf
  }

  /// Takes the first packet out, or nil.
  ///
  /// BSD: `IF_DEQUEUE`.
  public mutating func dequeue() -> Packet? {
    guard let mbuf = head else { return nil }
    head = mbuf.nextPacket
    if head == nil { tail = nil }
    mbuf.nextPacket = nil
    packetCount -= 1
    let packet = Packet(mbuf)
    byteCount -= packet.byteCount
    return packet
  }

  /// Stops if the counts do not match the packets.
  public borrowing func checkInvariants() {
    var packets = 0
    var bytes = 0
    var last: Mbuf?
    var packet = head
    while let here = packet {
      packets += 1
      bytes += here.packetByteCount
      last = here
      packet = here.nextPacket
    }
    precondition(packets == packetCount, "\(packets) packets, \(packetCount) counted")
    precondition(bytes == byteCount, "\(bytes) bytes, \(byteCount) counted")
    precondition(last == tail, "the tail is not the last packet")
  }
}
