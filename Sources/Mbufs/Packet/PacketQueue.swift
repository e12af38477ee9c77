// SPDX-License-Identifier: BSD-2-Clause
//
//     head --> packet --next packet--> packet --next packet--> packet <-- tail
//
//     packets == packets on the list;  bytes == sum of theirs
//     head == nil  <=>  tail == nil  <=>  packets == 0
//
// Neither sum can wrap: each packet is an mbuf of 256 bytes in memory, and has less than 2^31 bytes.

/// Packets in order, first in first out, linked through their own mbufs: it never allocates.
///
/// BSD: `struct ifqueue`, `m_nextpkt`.
@safe
public struct PacketQueue: ~Copyable, @unchecked Sendable {
  @usableFromInline var head: Mbuf?
  @usableFromInline var tail: Mbuf?
  @usableFromInline var packets = 0
  @usableFromInline var bytes = 0

  /// An empty queue.
  public init() {}

  /// Frees the packets.
  deinit {
    for packet in ListWalk(head) { packet.freeChain() }
  }

  /// Packets in the queue.
  @inlinable
  public var packetCount: Int { packets }

  /// Bytes in all of them.
  @inlinable
  public var byteCount: Int { bytes }

  /// Whether no packet is queued.
  @inlinable
  public var isEmpty: Bool { head == nil }

  /// Puts a packet at the end.
  ///
  /// BSD: `IF_ENQUEUE`.
  @inlinable
  public mutating func enqueue(_ packet: consuming Packet) {
    bytes &+= packet.byteCount
    packets &+= 1
    let mbuf = packet.release()
    if let tail { tail.nextPacket = mbuf } else { head = mbuf }
    tail = mbuf
  }

  /// Takes the first packet out, or nil.
  ///
  /// BSD: `IF_DEQUEUE`.
  @inlinable
  public mutating func dequeue() -> Packet? {
    guard let mbuf = head else { return nil }
    head = mbuf.nextPacket
    if head == nil { tail = nil }
    mbuf.nextPacket = nil
    packets &-= 1
    let packet = Packet(mbuf)
    bytes &-= packet.byteCount
    return packet
  }

  /// Puts a packet at the front, where it was taken from.
  public mutating func putBack(_ packet: consuming Packet) {
    bytes += packet.byteCount
    packets += 1
    let mbuf = packet.release()
    mbuf.nextPacket = head
    head = mbuf
    if tail == nil { tail = mbuf }
  }

  /// Puts the packets of another queue at the front, in order; that one is empty then.
  ///
  /// - Complexity: O(1).
  public mutating func putBack(_ other: inout PacketQueue) {
    other.append(&self)
    swap(&self, &other)
  }

  /// Puts the packets of another queue behind ours, in order; that one is empty then.
  ///
  /// - Complexity: O(1).
  public mutating func append(_ other: inout PacketQueue) {
    guard let first = other.head else { return }
    if let tail { tail.nextPacket = first } else { head = first }
    tail = other.tail
    packets += other.packets
    bytes += other.bytes
    (other.head, other.tail) = (nil, nil)
    (other.packets, other.bytes) = (0, 0)
  }

  /// Puts the first packets, at most so many, behind those of another queue.
  ///
  /// - Returns: the bytes in them.
  /// - Complexity: O(packets moved).
  @discardableResult
  public mutating func moveFirst(_ packetLimit: Int, to other: inout PacketQueue) -> Int {
    guard packetLimit > 0, let first = head else { return 0 }
    var last = first
    var moved = (packets: 1, bytes: first.packetByteCount)
    while moved.packets < packetLimit, let next = last.nextPacket {
      moved.packets &+= 1
      moved.bytes &+= next.packetByteCount
      last = next
    }
    head = last.nextPacket
    if head == nil { tail = nil }
    last.nextPacket = nil
    if let end = other.tail { end.nextPacket = first } else { other.head = first }
    other.tail = last
    packets &-= moved.packets
    bytes &-= moved.bytes
    other.packets &+= moved.packets
    other.bytes &+= moved.bytes
    return moved.bytes
  }

  /// Shows packets in order while `body` returns true.
  @inlinable
  public borrowing func forEach(while body: (borrowing Packet) -> Bool) {
    for mbuf in ListWalk(head) {
      // The queue owns the packet: it is lent here, and handed over again unfreed.
      let packet = Packet(mbuf)
      let goesOn = body(packet)
      _ = packet.release()
      if !goesOn { return }
    }
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
    var there = (packets: 0, bytes: 0)
    var last: Mbuf?
    for packet in ListWalk(head) {
      there.packets += 1
      there.bytes += packet.packetByteCount
      last = packet
    }
    precondition(there == (packets, bytes), "\(there) on the list, \(packets), \(bytes) counted")
    precondition(last == tail, "the tail is not the last packet")
  }
}
