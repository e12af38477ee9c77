// SPDX-License-Identifier: BSD-2-Clause
//
//     append --> [record] --> [record] --> [record] --> receive
//                   a record is a packet: addresses, then the datagram
//
//     byteCount        == sum of the records' bytes, addresses included        sb_cc
//     storageByteCount == sum of the memory the records hold                   sb_mbcnt
//     recordCount == 0  <=>  byteCount == 0  <=>  storageByteCount == 0
//     space == min(limit - byteCount, storageLimit - storageByteCount)         sbspace
//     appended == received + dropped from here + recordCount
//
// The records are owned by one queue, linked through their own mbufs, and the queue knows how many
// there are. FreeBSD keeps three pointers into the chain beside the counters; when they went out
// of step the kernel stopped with "empty but mbuf still attached". Here there is one owner and no
// second account of whether it is empty.

public import Mbufs

/// Datagrams that wait for their reader, under a limit in bytes of data and one in bytes of memory.
///
/// BSD: `struct sockbuf` (sys/sys/socketvar.h), as far as datagrams use it.
public struct SocketBuffer: ~Copyable, Sendable {
  private var records = PacketQueue()
  /// Bytes of memory that the records hold.
  ///
  /// BSD: `sb_mbcnt`.
  public private(set) var storageByteCount = 0
  /// The most bytes of records, addresses included.
  ///
  /// BSD: `sb_hiwat`.
  public private(set) var limit: Int
  /// Bytes of memory at which appending stops; the record that reaches it may go beyond.
  ///
  /// BSD: `sb_mbmax`.
  public private(set) var storageLimit: Int
  /// Datagrams refused so far, for want of space or of an mbuf.
  public private(set) var drops: UInt64 = 0

  /// What became of an appended datagram.
  @frozen
  public enum AppendResult: UInt8, Sendable {
    /// It is in the buffer.
    case appended
    /// There was no space for it; it was dropped and counted.
    case full
    /// There was no mbuf for its addresses; it was dropped and counted.
    case noMemory
  }

  /// An empty buffer.
  ///
  /// - Parameters:
  ///   - limit: the most bytes of records, addresses included.
  ///   - storageLimit: bytes of memory at which appending stops. Left out it is eight times `limit`:
  ///     a datagram in a cluster holds 2,304 bytes, so datagrams of 288 bytes and more reach `limit`
  ///     first, and smaller ones are held to a count.
  ///
  public init(limit: Int, storageLimit: Int? = nil) {
    self.limit = 0
    self.storageLimit = 0
    reserve(limit: limit, storageLimit: storageLimit)
  }

  /// Changes the limits, as `init(limit:storageLimit:)` sets them; what is in the buffer stays.
  ///
  /// BSD: `sbreserve`, with `sockbuf_waste_factor` 8.
  public mutating func reserve(limit: Int, storageLimit: Int? = nil) {
    precondition(limit >= 0 && limit <= 1 << 40, "a socket buffer of \(limit) bytes")
    self.limit = limit
    self.storageLimit = Swift.max(0, storageLimit ?? 8 * limit)
  }

  // MARK: Looking

  /// Bytes of the records, addresses included.
  ///
  /// BSD: `sb_cc`.
  public var byteCount: Int { records.byteCount }

  /// Datagrams in the buffer.
  public var recordCount: Int { records.packetCount }

  /// Whether there is nothing to receive.
  public var isEmpty: Bool { records.isEmpty }

  /// Bytes that may be appended; below 0 where the last record went beyond the storage limit.
  ///
  /// BSD: `sbspace`.
  public var space: Int {
    Swift.min(limit - records.byteCount, storageLimit - storageByteCount)
  }

  /// Whether a datagram of `byteCount` bytes between these two would be taken.
  public func hasSpace(for byteCount: Int, from source: Endpoint, to destination: Endpoint) -> Bool
  {
    // Cannot wrap: limits are not negative, and what is charged fits an Int.
    byteCount <= space - source.recordByteCount - destination.recordByteCount
  }

  // MARK: Records

  /// Adds a datagram at the end; its header, time stamp and all, stays with it.
  ///
  /// A refused datagram ends here, since the caller of a full buffer has nothing better to do with
  /// it; one who has asks `hasSpace(for:from:to:)` before. The buffer is then as it was.
  ///
  /// - Parameters:
  ///   - packet: the datagram, any number of bytes.
  ///   - source: who sent it.
  ///   - destination: to whom it was sent.
  /// - Complexity: O(segments). Allocates an mbuf only if there is no headroom for the addresses.
  ///
  /// BSD: `sbappendaddr`.
  public mutating func append(
    _ packet: consuming Packet, from source: Endpoint, to destination: Endpoint
  ) -> AppendResult {
    guard hasSpace(for: packet.byteCount, from: source, to: destination) else {
      drops += 1
      return .full
    }
    do throws(MbufError) {
      try packet.prepend(source, destination)
    } catch {
      drops += 1
      return .noMemory
    }
    storageByteCount += packet.storageByteCount
    records.enqueue(packet)
    return .appended
  }

  /// Takes the first datagram out, or nil.
  ///
  /// BSD: `soreceive_dgram`.
  public mutating func receive() -> Datagram? {
    guard let packet = records.dequeue() else { return nil }
    storageByteCount -= packet.storageByteCount
    return packet.datagram()
  }

  /// Frees the first datagram; false if there is none.
  ///
  /// BSD: `sbdroprecord`.
  @discardableResult
  public mutating func dropFirst() -> Bool {
    guard let packet = records.dequeue() else { return false }
    storageByteCount -= packet.storageByteCount
    return true
  }

  /// Frees every datagram.
  ///
  /// BSD: `sbflush`.
  public mutating func flush() {
    records = PacketQueue()
    storageByteCount = 0
  }

  /// Stops if the counts do not match the records.
  ///
  /// It mutates because it takes each record out and puts it back at the end, once round.
  ///
  /// BSD: `sbcheck`.
  public mutating func checkInvariants() {
    records.checkInvariants()
    var storage = 0
    for _ in 0..<records.packetCount {
      guard let packet = records.dequeue() else { preconditionFailure("a record is missing") }
      packet.checkInvariants()
      storage += packet.storageByteCount
      records.enqueue(packet)
    }
    precondition(
      storage == storageByteCount, "records hold \(storage) bytes, \(storageByteCount) counted")
    precondition(
      (recordCount == 0) == (byteCount == 0) && (recordCount == 0) == (storageByteCount == 0),
      "\(recordCount) records, \(byteCount) bytes, \(storageByteCount) bytes of storage")
  }
}
