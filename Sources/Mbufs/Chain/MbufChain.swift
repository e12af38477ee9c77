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
// itself as a packet (MbufChain+Packet.swift), since a header costs at most one empty mbuf in front.

import UMA

/// Mbufs in a row without a packet header, and their totals, with one owner.
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
  init(_ head: Mbuf?) { setHead(head) }

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
      first.trimFront(count)
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
    guard byteCount > 0, let head else { return }
    head.trimChain(to: self.byteCount - byteCount)
    setHead(head)
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
    guard offset > 0, let head else {
      defer { setHead(nil) }
      return MbufChain(head)
    }
    let (here, before) = head.boundary(offset)
    let rest: Mbuf?
    if before < here.byteCount {
      let front = try here.splitOff(from: before, CallSite(file, line))
      front.dropPacketHeader()
      rest = front
    } else {
      rest = here.next
      here.next = nil
    }
    setHead(head)
    return MbufChain(rest)
  }

  // MARK: Inspecting

  /// Shows each segment that has bytes, in order, until `body` throws.
  ///
  /// BSD: `m_apply`.
  public borrowing func forEachSegment<Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    for mbuf in MbufWalk(head) where mbuf.byteCount > 0 { try body(mbuf.bytes) }
  }

  /// Traps if the totals are not those of the mbufs, or an mbuf is not what a chain may hold.
  ///
  /// BSD: `m_sanity`.
  public borrowing func checkInvariants() {
    var (bytes, storage, segments) = (0, 0, 0)
    var last: Mbuf?
    for mbuf in MbufWalk(head) {
      mbuf.checkSegment(isFirstOfPacket: false)
      bytes += mbuf.byteCount
      storage += mbuf.charge
      segments += 1
      last = mbuf
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

  /// Has the chain begin with an mbuf, or be empty, and adds up its totals.
  mutating func setHead(_ first: Mbuf?) {
    head = first
    (tail, byteCount, storageByteCount, segmentCount) = (nil, 0, 0, 0)
    for mbuf in MbufWalk(first) {
      byteCount += mbuf.byteCount
      storageByteCount += mbuf.charge
      segmentCount += 1
      tail = mbuf
    }
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
    MbufChain(try core.chain(byteCount, upTo: largest, [], CallSite(file, line)))
  }
}
