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
  @usableFromInline private(set) var head: Mbuf?
  private var tail: Mbuf?
  /// Packets in the queue.
  public private(set) var packetCount = 0
  /// Bytes in all of them.
  public private(set) var byteCount = 0

  /// An empty queue.
  public init() {}

  /// Frees the packets.
  deinit {
    for packet in ListWalk(head) { packet.freeChain() }
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

  /// Puts a packet at the front, where it was taken from.
  public mutating func putBack(_ packet: consuming Packet) {
    byteCount += packet.byteCount
    packetCount += 1
    let mbuf = packet.release()
    mbuf.nextPacket = head
    head = mbuf
    if tail == nil { tail = mbuf }
  }

  /// Puts the packets of another queue behind ours, in order; that one is empty then.
  ///
  /// - Complexity: O(1).
  public mutating func append(_ other: inout PacketQueue) {
    guard let first = other.head else { return }
    if let tail { tail.nextPacket = first } else { head = first }
    tail = other.tail
    packetCount += other.packetCount
    byteCount += other.byteCount
    (other.head, other.tail) = (nil, nil)
    (other.packetCount, other.byteCount) = (0, 0)
  }

  /// Shows each packet in order, until `body` throws; what it throws is thrown on.
  @inlinable
  public borrowing func forEach<Failure: Error>(
    _ body: (borrowing Packet) throws(Failure) -> Void
  ) throws(Failure) {
    for mbuf in ListWalk(head) {
      // The queue owns the packet: it is lent here, and handed over again unfreed.
      let packet = Packet(mbuf)
      do throws(Failure) {
        try body(packet)
      } catch {
        _ = packet.release()
        throw error
      }
      _ = packet.release()
    }
  }

  /// Traps if the counts do not match the packets.
  public borrowing func checkInvariants() {
    var packets = 0
    var bytes = 0
    var last: Mbuf?
    for packet in ListWalk(head) {
      packets += 1
      bytes += packet.packetByteCount
      last = packet
    }
    precondition(packets == packetCount, "\(packets) packets, \(packetCount) counted")
    precondition(bytes == byteCount, "\(bytes) bytes, \(byteCount) counted")
    precondition(last == tail, "the tail is not the last packet")
  }
}
