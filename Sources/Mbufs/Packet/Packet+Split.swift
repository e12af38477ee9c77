// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension Packet {
  /// Cuts the packet in two; it keeps the first `offset` bytes and the rest is returned.
  ///
  ///     before  [ 100 ]->[ 1400 ]              split(at: 60)
  ///     self    [ 60 ]
  ///     result  [ 40 ]->[ 1400 ]               with a header like ours, less offsets into us and tags
  ///
  /// Where the cut goes through a cluster, up to 168 bytes are copied; beyond that both halves
  /// share the cluster and neither may write it.
  ///
  /// - Parameters:
  ///   - offset: bytes to keep.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.tooShort` if the packet has fewer bytes, `.exhausted`; the packet is
  ///   unchanged.
  /// - Complexity: O(segments).
  ///
  /// BSD: `m_split`.
  public mutating func split(
    at offset: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    precondition(offset >= 0, "split at \(offset)")
    guard offset <= byteCount else { throw .tooShort(wanted: offset, available: byteCount) }
    var mbuf = head
    var before = offset
    while before >= mbuf.byteCount, let next = mbuf.next {
      // At a boundary the cut is behind an mbuf, not before the next, unless that is the first.
      if before == mbuf.byteCount { break }
      before -= mbuf.byteCount
      mbuf = next
    }
    let tail = try mbuf.splitOff(from: before, CallSite(file, line))
    if offset == byteCount { tail.last.moveEndOfRecord(to: mbuf) }
    tail.takeHeaderFields(of: head, offset..<byteCount)
    head.packetByteCount = offset
    return Packet(tail)
  }
}

extension Mbuf {
  /// Cuts the chain behind this mbuf's first `count` bytes.
  ///
  /// The rest begins with an mbuf that has room for a packet header. On failure nothing has
  /// changed.
  func splitOff(from count: Int, _ site: CallSite) throws(MbufError) -> Mbuf {
    let rest = byteCount - count
    if rest == 0 {
      let front = try frontForHeader(next, site)
      next = nil
      return front
    }
    let copy: Mbuf
    if rest <= MbufLayout.packetDataByteCount {
      copy = try unsafe pool.mbuf(.packetHeader, site)
    } else if isExternal {
      copy = try unsafe pool.mbuf(.packetHeader, site)
      share(with: copy, from: count, byteCount: rest)
    } else {
      copy = try unsafe pool.clusterMbuf(.packetHeader, site)
    }
    if copy.byteCount == 0 {
      // In bounds: the copy has room for the rest.
      unsafe copy.data.copyMemory(from: data + count, byteCount: rest)
      copy.byteCount = rest
    }
    copy.takeType(of: self)
    copy.next = next
    moveEndOfRecord(to: copy)
    next = nil
    byteCount = count
    return copy
  }

  /// The mbuf that can carry the packet header of `chain`: its first if the header's place there
  /// is free, else a new empty one in front.
  func frontForHeader(_ chain: Mbuf?, _ site: CallSite) throws(MbufError) -> Mbuf {
    if let first = chain, first.hasRoomForHeader {
      if !first.isExternal, first.byteCount == 0 {
        // Without data its place is free, wherever it was said to begin.
        unsafe first.data = Swift.max(first.data, first.raw + MbufLayout.storageOffset)
      }
      first.flags.insert(.packetHeader)
      return first
    }
    let front = try unsafe pool.mbuf(.packetHeader, site)
    front.takeType(of: chain ?? self)
    front.next = chain
    return front
  }

  /// Whether a packet header would overwrite no data.
  private var hasRoomForHeader: Bool {
    // External data lies elsewhere; inner data may begin behind the header's place.
    unsafe isExternal || byteCount == 0 || data >= raw + MbufLayout.storageOffset
  }
}
