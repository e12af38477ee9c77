// SPDX-License-Identifier: BSD-2-Clause
//
// A packet is a chain of mbufs; the first has the packet header. It is one pointer, owned once:
//
//     Packet --> [header | packet header | data] --> [header | data] --> [header | storage] --> nil
//
// It ends with its scope, and its mbufs go back to their pool. Moving it moves the ownership, to
// another function or another thread. Two packets may share a cluster; then neither may write it.
//
//     byteCount == sum of the segments' bytes
//     a packet has at least one segment; any segment may have no bytes
//
// Operations that fail leave the packet as it was. Those that cannot be undone half-way allocate
// everything first.

/// A packet: a chain of mbufs with one owner.
///
/// BSD: an mbuf chain whose first mbuf has M_PKTHDR.
@frozen
@safe
public struct Packet: ~Copyable, @unchecked Sendable {
  @usableFromInline var head: Mbuf

  @inlinable @inline(__always)
  init(_ head: Mbuf) { self.head = head }

  /// Frees the chain.
  ///
  /// BSD: `m_freem`.
  @inlinable @inline(__always)
  deinit { head.freeChain() }

  /// Hands the chain over without freeing it.
  @inlinable @inline(__always)
  consuming func release() -> Mbuf {
    let head = head
    discard self
    return head
  }

  // MARK: Inspecting

  /// Bytes in the whole packet.
  ///
  /// BSD: `m_pkthdr.len`.
  @inlinable @inline(__always)
  public var byteCount: Int { head.packetByteCount }

  /// Mbufs in the chain, empty ones included.
  public var segmentCount: Int { head.chainMbufCount }

  /// Bytes in the first segment: what `bytes` shows.
  @inlinable
  public var contiguousByteCount: Int { head.byteCount }

  /// Bytes free to write before the first byte; 0 if the segment is shared or read-only.
  ///
  /// BSD: `M_LEADINGSPACE`.
  @inlinable
  public var headroom: Int { head.headroom }

  /// Bytes free to write behind the last byte; 0 if the segment is shared or read-only.
  ///
  /// BSD: `M_TRAILINGSPACE`.
  public var tailroom: Int { head.appendPosition.tailroom }

  /// Whether every byte may be written in place.
  ///
  /// BSD: `M_WRITABLE`, for each mbuf.
  public var isWritable: Bool {
    for mbuf in head.chain where mbuf.byteCount > 0 && !mbuf.isWritable { return false }
    return true
  }

  /// What is known of the packet as a whole.
  @inlinable
  public var header: PacketHeader {
    get {
      var header = head.packetHeader
      header.tags = 0
      return header
    }
    set {
      let (byteCount, tags) = (head.packetHeader.packetByteCount, head.packetHeader.tags)
      head.packetHeader = newValue
      head.packetHeader.packetByteCount = byteCount
      head.packetHeader.tags = tags
    }
  }

  /// When the packet was seen, in nanoseconds since 1970.
  @inlinable
  public var timestampInNanoseconds: Int64 {
    get { head.packetHeader.timestampInNanoseconds }
    set { head.packetHeader.timestampInNanoseconds = newValue }
  }

  /// The link type of the first byte, as libpcap numbers them; `UInt32.max` if nobody said.
  @inlinable
  public var linkType: UInt32 {
    get { head.packetHeader.linkType }
    set { head.packetHeader.linkType = newValue }
  }

  /// The number of the record that it came in, as its source counts them; 0 if nobody said.
  @inlinable
  public var recordNumber: UInt32 {
    get { head.packetHeader.recordNumber }
    set { head.packetHeader.recordNumber = newValue }
  }

  /// What is known of the checksums.
  @inlinable
  public var checksumState: PacketHeader.ChecksumState {
    get { head.packetHeader.checksumState }
    set { head.packetHeader.checksumState = newValue }
  }

  /// Bytes the frame had on the wire, as its source said, or `byteCount` if it said nothing.
  ///
  /// More than `byteCount` if the capture cut the frame.
  @inlinable
  public var wireByteCount: Int {
    get { head.packetHeader.wireByteCount ?? byteCount }
    set {
      head.packetHeader.wireBytes = Swift.min(UInt32(clamping: newValue), .max - 1)
    }
  }

  // MARK: Bytes in place

  /// The bytes of the first segment.
  @inlinable
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // The mbuf lives as long as the packet that lends the span.
      unsafe _overrideLifetime(head.bytes, borrowing: self)
    }
  }

  /// The bytes of the first segment, to be written.
  ///
  /// - Precondition: the first segment is writable; see `makeWritable(_:)`.
  @inlinable
  public var mutableBytes: MutableRawSpan {
    @_lifetime(&self)
    @inline(__always)
    mutating get {
      precondition(
        head.isWritable || head.byteCount == 0, "the first segment is shared or read-only")
      // The mbuf lives as long as the packet, which is held exclusively, as is its storage.
      let span = head.mutableBytes(0, head.byteCount)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// Shows each segment that has bytes, in order, until `body` throws; what it throws is thrown on.
  ///
  /// BSD: `m_apply`.
  @inlinable
  public borrowing func forEachSegment<Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    for mbuf in head.chain where mbuf.byteCount > 0 { try body(mbuf.bytes) }
  }

  /// Shows the pieces of `byteCount` bytes from `offset` on, in order, until `body` throws.
  ///
  /// No piece is empty, whatever segments are, and together they are the range; no bytes are no
  /// piece. What `body` throws is thrown on.
  ///
  /// - Precondition: the range is inside the packet.
  ///
  /// BSD: `m_apply`.
  @inlinable
  public borrowing func forEachSegment<Failure: Error>(
    from offset: Int, byteCount: Int, _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(
      offset >= 0 && byteCount >= 0 && offset <= self.byteCount - byteCount,
      "bytes \(offset)..<\(offset + byteCount) of \(self.byteCount)")
    for piece in head.pieces(offset, byteCount) { try body(piece.bytes) }
  }
}
