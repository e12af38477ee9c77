// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension Packet {
  /// A packet with the same bytes, sharing clusters and lent storage instead of copying them.
  ///
  /// Neither packet may write what they share until the other has let go. Inner data is copied.
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
    var first: Mbuf?
    var last: Mbuf?
    var mbuf: Mbuf? = head
    var seen = head
    var offset = 0
    do throws(MbufError) {
      while let here = mbuf, offset < range.upperBound {
        let from = Swift.max(0, range.lowerBound - offset)
        let to = Swift.min(here.byteCount, range.upperBound - offset)
        if from < to {
          let copy = try here.copyOfPiece(from..<to, isFirst: first == nil, site)
          if let last { last.next = copy } else { first = copy }
          last = copy
        }
        offset += here.byteCount
        seen = here
        mbuf = here.next
      }
      if first == nil { first = try unsafe head.pool.mbuf(.packetHeader, site) }
      guard let front = first else { preconditionFailure("a copy has a first mbuf") }
      if range.upperBound == byteCount, !range.isEmpty || byteCount == 0 {
        (last ?? front).endsRecord = seen.last.endsRecord
      }
      try front.takeHeader(of: head, range, site)
      return Packet(front)
    } catch {
      first?.freeChain()
      throw error
    }
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
    let chain = try unsafe head.pool.roomForCopy(
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
    unsafe destination.withUnsafeMutableBytes { target in
      var done = 0
      forEachSegment(from: offset, byteCount: byteCount) { piece in
        unsafe piece.withUnsafeBytes { source in
          // In bounds: the pieces add up to byteCount.
          unsafe UnsafeMutableRawBufferPointer(rebasing: target[done..<done + source.count])
            .copyMemory(from: source)
          done += source.count
        }
      }
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
        if let room = last.next {
          room.last.moveEndOfRecord(to: last)
          room.freeChain()
          last.next = nil
        }
        throw error
      }
      // The exchange may have replaced the mbuf that the new bytes go behind.
      if end > byteCount { writer = try makeRoom(end - byteCount, site) }
    }
    unsafe bytes.withUnsafeBytes { source in
      unsafe overwrite(UnsafeRawBufferPointer(rebasing: source[..<inside]), at: offset)
      if end > byteCount {
        writer?.writeZeroes(gap)
        unsafe writer?.write(UnsafeRawBufferPointer(rebasing: source[inside...]))
        head.packetByteCount = end
      }
    }
  }

  private func overwrite(_ source: UnsafeRawBufferPointer, at offset: Int) {
    var skip = offset
    var done = 0
    var mbuf: Mbuf? = head
    while done < source.count, let here = mbuf {
      if skip < here.byteCount, let base = source.baseAddress {
        let count = Swift.min(source.count - done, here.byteCount - skip)
        // In bounds: count is within the segment and the source.
        unsafe (here.data + skip).copyMemory(from: base + done, byteCount: count)
        done += count
        skip = 0
      } else {
        skip -= here.byteCount
      }
      mbuf = here.next
    }
  }
}

extension Mbuf {
  /// Makes this the first mbuf of a packet that holds a range of another packet's bytes.
  ///
  /// Only a range from the first byte on keeps what the header says of offsets and wire length,
  /// and has copies of the tags.
  ///
  /// - Throws: `MbufError.exhausted` for want of a tag; this mbuf is unchanged.
  func takeHeader(of other: Mbuf, _ range: Range<Int>, _ site: CallSite) throws(MbufError) {
    let tags = range.lowerBound == 0 ? try other.copyOfTags(site) : nil
    takeHeaderFields(of: other, range)
    if tags != nil { firstTag = tags }
  }

  /// The same without tags.
  func takeHeaderFields(of other: Mbuf, _ range: Range<Int>) {
    var header = other.packetHeader
    header.tags = 0
    if range.lowerBound != 0 {
      header.wireBytes = .max
      header.networkOffset = 0
      header.transportOffset = 0
    }
    header.packetByteCount = Int32(range.count)
    packetHeader = header
    flags.formUnion(other.flags.intersection(.ofPacket))
  }

  /// Copies every byte from here on into the room of an empty chain, which has enough.
  func copyChain(into chain: Mbuf) {
    var writer = ChainWriter(chain)
    var last = self
    var mbuf: Mbuf? = self
    while let here = mbuf {
      unsafe writer.write(UnsafeRawBufferPointer(start: here.data, count: here.byteCount))
      last = here
      mbuf = here.next
    }
    chain.takeTypeInChain(of: self)
    if last.endsRecord { chain.last.endsRecord = true }
  }

  /// One mbuf with a piece of this one's bytes, without the mark of a record's end: shared if they
  /// are in storage, else copied.
  func copyOfPiece(_ range: Range<Int>, isFirst: Bool, _ site: CallSite) throws(MbufError)
    -> Mbuf
  {
    let flags: MbufFlags = isFirst ? .packetHeader : []
    if isExternal {
      let copy = try unsafe pool.mbuf(flags, site)
      share(with: copy, from: range.lowerBound, byteCount: range.count)
      copy.takeType(of: self)
      return copy
    }
    let copy = try unsafe pool.chain(range.count, flags, site)
    // In bounds: inner data always fits one new mbuf, since a cluster is larger than any of it.
    unsafe copy.data.copyMemory(from: data + range.lowerBound, byteCount: range.count)
    copy.byteCount = range.count
    copy.takeType(of: self)
    return copy
  }
}
