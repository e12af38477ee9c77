// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension Packet {
  /// A packet with the same bytes, sharing clusters and lent storage instead of copying them.
  ///
  /// Neither packet may write what they share while the other has it. Inner data is copied.
  ///
  /// - Parameters:
  ///   - range: the bytes wanted; the whole packet if left out. Only a copy from the
  ///     first byte on keeps what the header says of offsets and wire length.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  /// - Precondition: the range is inside the packet.
  /// - Complexity: O(segments), one mbuf each.
  ///
  /// BSD: `m_copym`, `m_copypacket`. It mutates because the packet's storage becomes shared.
  public mutating func sharedCopy(
    _ range: Range<Int>? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    let site = CallSite(file, line)
    let range = range ?? 0..<byteCount
    precondition(
      range.lowerBound >= 0 && range.upperBound <= byteCount, "bytes \(range) of \(byteCount)")
    let copies = try head.pieces(range.lowerBound, range.count).copies(site)
    let front: Mbuf
    if let copies { front = copies.first } else { front = try head.pool.mbuf(.packetHeader, site) }
    do throws(MbufError) {
      try front.takeHeader(of: head, range, site)
    } catch {
      front.freeChain()
      throw error
    }
    if range.upperBound == byteCount, !range.isEmpty || byteCount == 0 {
      (copies?.last ?? front).endsRecord = endsRecord
    }
    return Packet(front)
  }

  /// A packet with a copy of every byte, in as few segments as they fit; all of it writable.
  ///
  /// - Throws: `MbufError.exhausted`; nothing was allocated.
  /// - Complexity: O(bytes).
  ///
  /// BSD: `m_dup`; that one copies a read-only mark onto the private copy.
  public borrowing func duplicate(
    file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    let site = CallSite(file, line)
    let chain = try head.pool.roomForCopy(
      byteCount, longest: head.longestSegment, site)
    do throws(MbufError) {
      try chain.takeHeader(of: head, 0..<byteCount, site)
    } catch {
      chain.freeChain()
      throw error
    }
    head.copyChain(into: chain)
    return Packet(chain)
  }

  /// Copies bytes out of the packet.
  ///
  /// - Parameters:
  ///   - offset: of the first byte to copy.
  ///   - destination: is filled to its end.
  /// - Throws: `MbufError.tooShort` if the packet ends before; `destination` is unchanged.
  ///
  /// BSD: `m_copydata`.
  public borrowing func copyOut(_ offset: Int, into destination: inout MutableRawSpan)
    throws(MbufError)
  {
    let byteCount = destination.byteCount
    precondition(offset >= 0, "copy out at \(offset)")
    try checkEnd(offset, byteCount)
    if offset + byteCount <= contiguousByteCount {
      return destination.replace(at: 0, with: bytes.extracting(offset..<offset + byteCount))
    }
    var done = 0
    for piece in head.pieces(offset, byteCount) {
      destination.replace(at: done, with: piece.bytes)
      done += piece.byteCount
    }
  }

  /// Overwrites bytes of the packet, and lengthens it if they go beyond its end.
  ///
  /// Bytes that are shared or read-only are made private first, so nobody else sees the change.
  /// A gap between the end and `offset` is filled with zeroes. Copying no bytes changes nothing.
  ///
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  /// - Complexity: O(bytes + segments).
  ///
  /// BSD: `m_copyback`; that one writes through shared storage, and stops half-way on failure.
  public mutating func copyIn(
    _ bytes: RawSpan, at offset: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    precondition(
      (0...MbufLayout.largestPacketByteCount).contains(offset), "copy in at \(offset)")
    if bytes.isEmpty { return }
    let site = CallSite(file, line)
    let end = offset + bytes.byteCount
    let inside = Swift.max(0, Swift.min(end, byteCount) - offset)
    let gap = Swift.max(0, offset - byteCount)
    // First whatever may fail, then what cannot.
    let last = head.last
    var writer: ChainWriter?
    if end > byteCount { writer = try makeRoom(end - byteCount, site) }
    if inside > 0 {
      do throws(MbufError) {
        try makeWritable(offset..<offset + inside, file: file, line: line)
      } catch {
        last.freeRest()
        throw error
      }
      // The exchange may have replaced the mbuf that the new bytes go behind.
      if end > byteCount { writer = try makeRoom(end - byteCount, site) }
    }
    overwrite(bytes.extracting(first: inside), at: offset)
    if end > byteCount {
      writer?.writeZeroes(gap)
      writer?.write(bytes.extracting(droppingFirst: inside))
      head.packetByteCount = end
    }
  }

  private func overwrite(_ source: RawSpan, at offset: Int) {
    var done = 0
    for piece in head.pieces(offset, source.byteCount) {
      piece.mbuf.overwrite(piece.offset, source.extracting(done..<done + piece.byteCount))
      done += piece.byteCount
    }
  }
}
