// SPDX-License-Identifier: BSD-2-Clause
//
// Mbufs in a row without a packet header, for data that is on its way into a packet or out of one:
//
//     head --> [inner] --> [cluster] --> ... --> [cluster] <-- tail
//
//     byteCount        == sum of the segments' bytes
//     storageByteCount == sum of 256 per mbuf + the whole of its external storage
//     segmentCount     == mbufs in the chain
//     head == nil  <=>  tail == nil  <=>  segmentCount == 0
//
// The totals change with the chain, never apart from it. FreeBSD's plain chains have none, and its
// callers add up lengths by hand; `struct mchain` mended that there as this does here.
//
// A chain offers what is done to the whole of it and to its ends. For everything else it lends
// itself as a packet, since a header costs at most one empty mbuf in front.

import UMA

/// Mbufs in a row without a packet header, and their totals; owned by whoever holds it.
///
/// BSD: `struct mchain`; an mbuf chain whose first mbuf has no M_PKTHDR.
@safe
public struct MbufChain: ~Copyable, @unchecked Sendable {
  private(set) var head: Mbuf?
  private(set) var tail: Mbuf?
  /// Bytes of data in all segments.
  public private(set) var byteCount = 0
  /// Bytes of memory that the chain holds, used or not.
  ///
  /// BSD: `mc_mlen`.
  public private(set) var storageByteCount = 0
  /// Mbufs in the chain, empty ones included.
  public private(set) var segmentCount = 0

  /// A chain of no mbufs.
  ///
  /// BSD: `MCHAIN_INITIALIZER`.
  public init() {}

  /// Takes over mbufs that nobody else holds; none of them has a packet header.
  init(_ head: Mbuf?) {
    self.head = head
    tally()
  }

  /// Frees the mbufs.
  ///
  /// BSD: `mc_freem`.
  deinit { head?.freeChain() }

  /// Whether there is no mbuf; a chain of empty mbufs is not empty.
  public var isEmpty: Bool { head == nil }

  /// Hands the mbufs over without freeing them.
  consuming func release() -> Mbuf? {
    let head = head
    discard self
    return head
  }

  // MARK: Growing

  /// Links another chain's mbufs behind ours.
  ///
  /// - Precondition: both together have at most `MbufLayout.largestPacketByteCount` bytes.
  /// - Complexity: O(1).
  ///
  /// BSD: `mc_concat`.
  public mutating func append(_ other: consuming MbufChain) {
    guard let first = other.head else { return }
    precondition(
      other.byteCount <= MbufLayout.largestPacketByteCount - byteCount,
      "\(other.byteCount) more bytes in a chain of \(byteCount), at most "
        + "\(MbufLayout.largestPacketByteCount)")
    if let tail {
      // The record goes on with the other's bytes; without any, it still ends.
      if other.byteCount > 0 { tail.endsRecord = false }
      if let last = other.tail { tail.moveEndOfRecord(to: last) }
      tail.next = first
    } else {
      head = first
    }
    tail = other.tail
    byteCount += other.byteCount
    storageByteCount += other.storageByteCount
    segmentCount += other.segmentCount
    _ = other.release()
  }

  /// Links a packet's mbufs behind ours; its header ends.
  ///
  /// - Precondition: as for a chain.
  /// - Complexity: O(segments of the packet).
  ///
  /// BSD: `m_demote`, `mc_append`.
  public mutating func append(_ packet: consuming Packet) { append(packet.demoted()) }

  // MARK: Trimming

  /// Removes `byteCount` bytes from the front and frees the mbufs that this empties, but for the
  /// last if it marks the end of a record.
  ///
  /// - Precondition: `byteCount` is within 0...`self.byteCount`.
  ///
  /// BSD: `m_adj` with a positive count.
  public mutating func trimFront(_ byteCount: Int) {
    checkRange(byteCount, "trim")
    self.byteCount -= byteCount
    var left = byteCount
    while left > 0, let first = head {
      let count = Swift.min(left, first.byteCount)
      // In bounds: the segment has at least that many bytes.
      unsafe first.data += count
      first.byteCount -= count
      left -= count
      if first.byteCount == 0 {
        if first.endsRecord { return }
        dropFirst()
      }
    }
  }

  /// Removes `byteCount` bytes from the back and frees the mbufs behind the new end.
  ///
  /// - Precondition: `byteCount` is within 0...`self.byteCount`.
  ///
  /// BSD: `m_adj` with a negative count.
  public mutating func trimBack(_ byteCount: Int) {
    checkRange(byteCount, "trim")
    if byteCount == 0 { return }
    var left = self.byteCount - byteCount
    var mbuf = head
    while let here = mbuf, here.byteCount < left, let next = here.next {
      left -= here.byteCount
      mbuf = next
    }
    mbuf?.byteCount = left
    if let mbuf, let rest = mbuf.next {
      rest.last.moveEndOfRecord(to: mbuf)
      rest.freeChain()
      mbuf.next = nil
    }
    tally()
  }

  /// Cuts the chain in two: keeps the first `offset` bytes and returns the rest.
  ///
  /// At the boundary of two segments the chain is only unlinked. Inside one, its bytes are copied
  /// if they are few, else its storage is shared and neither part may write it. A rest of no bytes
  /// is a chain of no mbufs.
  ///
  /// - Parameters:
  ///   - offset: bytes to keep.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.tooShort`, `.exhausted`; the chain is unchanged.
  /// - Complexity: O(segments).
  ///
  /// BSD: `m_split` without M_PKTHDR, `mc_split`.
  public mutating func split(
    at offset: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> MbufChain {
    precondition(offset >= 0, "split at \(offset)")
    guard offset < byteCount else {
      if offset == byteCount { return MbufChain() }
      throw .tooShort(wanted: offset, available: byteCount)
    }
    var previous: Mbuf?
    var mbuf = head
    var before = offset
    while let here = mbuf, before >= here.byteCount, before > 0 {
      before -= here.byteCount
      previous = here
      mbuf = here.next
    }
    let rest: Mbuf?
    if before > 0, let here = mbuf {
      let front = try here.splitOff(from: before, CallSite(file, line))
      front.dropPacketHeader()
      rest = front
    } else {
      rest = mbuf
      if let previous { previous.next = nil } else { head = nil }
    }
    tally()
    return MbufChain(rest)
  }

  // MARK: Looking

  /// Shows each segment that has bytes, in order, until `body` throws.
  ///
  /// BSD: `m_apply`.
  public borrowing func forEachSegment<Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    var mbuf = head
    while let here = mbuf {
      if here.byteCount > 0 {
        // The mbuf lives as long as the chain, which is borrowed.
        try body(unsafe RawSpan(_unsafeStart: here.data, byteCount: here.byteCount))
      }
      mbuf = here.next
    }
  }

  /// Traps if the totals are not those of the mbufs, or an mbuf is not what a chain may hold.
  ///
  /// BSD: `m_sanity`.
  public borrowing func checkInvariants() {
    var (bytes, storage, segments) = (0, 0, 0)
    var last: Mbuf?
    var mbuf = head
    while let here = mbuf {
      here.checkSegment(isFirstOfPacket: false)
      bytes += here.byteCount
      storage += here.charge
      segments += 1
      last = here
      mbuf = here.next
    }
    precondition(bytes == byteCount, "\(bytes) bytes in segments, \(byteCount) counted")
    precondition(storage == storageByteCount, "\(storage) of storage, \(storageByteCount) counted")
    precondition(segments == segmentCount, "\(segments) segments, \(segmentCount) counted")
    precondition(last == tail, "the tail is not the last mbuf")
  }

  // MARK: Totals

  private func checkRange(_ count: Int, _ what: String) {
    precondition(count >= 0 && count <= byteCount, "\(what) \(count) of \(byteCount)")
  }

  private mutating func dropFirst() {
    guard let first = head else { return }
    head = first.next
    if head == nil { tail = nil }
    storageByteCount -= first.charge
    segmentCount -= 1
    first.freeOne()
  }

  /// Adds up the chain anew, after it was changed in more than one place.
  private mutating func tally() {
    (tail, byteCount, storageByteCount, segmentCount) = (nil, 0, 0, 0)
    var mbuf = head
    while let here = mbuf {
      byteCount += here.byteCount
      storageByteCount += here.charge
      segmentCount += 1
      tail = here
      mbuf = here.next
    }
  }
}

// MARK: Chains and packets

extension MbufChain {
  /// Takes everything out as a packet; nil if there is no mbuf to carry its header.
  ///
  /// - Throws: `MbufError.exhausted` if the first mbuf has data in the header's place and there is
  ///   no mbuf to put in front; the chain is unchanged.
  ///
  /// BSD: `M_MOVE_PKTHDR` onto a plain mbuf.
  public mutating func takePacket(
    file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet? {
    guard let first = head else { return nil }
    let front = try first.withHeader(byteCount, CallSite(file, line))
    head = nil
    tally()
    return Packet(front)
  }

  /// Lends the chain as a packet, so that any of a packet's operations can be done to it.
  ///
  /// What `body` says of the packet in its header ends with it.
  ///
  /// - Returns: what `body` returns; nil, without a call, if there is no mbuf.
  /// - Throws: what `body` throws; `MbufError.exhausted` as `takePacket(file:line:)` does.
  /// - Complexity: O(segments), for the totals.
  public mutating func withPacket<Result: ~Copyable>(
    file: StaticString = #fileID, line: UInt = #line,
    _ body: (inout Packet) throws(MbufError) -> Result
  ) throws(MbufError) -> Result? {
    guard let first = head else { return nil }
    var packet = Packet(try first.withHeader(byteCount, CallSite(file, line)))
    head = nil
    do throws(MbufError) {
      let result = try body(&packet)
      takeBack(packet, lentFrom: first)
      return result
    } catch {
      takeBack(packet, lentFrom: first)
      throw error
    }
  }

  private mutating func takeBack(_ packet: consuming Packet, lentFrom first: Mbuf) {
    var front = packet.release()
    front.dropPacketHeader()
    // The mbuf that only carried the header has done its work.
    if front != first, front.byteCount == 0, let next = front.next {
      front.freeOne()
      front = next
    }
    head = front
    tally()
  }
}

extension Packet {
  /// The packet's mbufs as a chain; its header ends, tags and all.
  ///
  /// - Complexity: O(segments).
  ///
  /// BSD: `m_demote`.
  public consuming func demoted() -> MbufChain {
    let first = release()
    first.dropPacketHeader()
    return MbufChain(first)
  }
}

extension MbufPool {
  /// A chain of empty mbufs with room for at least `byteCount` bytes.
  ///
  /// - Parameters:
  ///   - byteCount: bytes of room, 0...`MbufLayout.largestPacketByteCount`.
  ///   - largest: the largest clusters to take; each piece is the smallest that holds the rest.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; nothing was allocated.
  ///
  /// BSD: `m_getm2` without M_PKTHDR; `m_get`.
  public func chain(
    byteCount: Int, upTo largest: ClusterSize = .standard, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(MbufError) -> MbufChain {
    return MbufChain(try unsafe core.chain(byteCount, upTo: largest, [], CallSite(file, line)))
  }
}

extension Mbuf {
  /// Bytes of memory that this mbuf holds.
  ///
  /// BSD: `sballoc`: MSIZE and `ext_size`.
  @inlinable
  var charge: Int { MbufLayout.mbufByteCount + (isExternal ? capacity : 0) }

  /// This chain with a packet header: on its first mbuf if the place is free there, else on a new
  /// empty one in front.
  func withHeader(_ byteCount: Int, _ site: CallSite) throws(MbufError) -> Mbuf {
    let front = try frontForHeader(self, site)
    front.packetHeader = PacketHeader()
    front.packetByteCount = byteCount
    return front
  }
}
