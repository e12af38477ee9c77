// SPDX-License-Identifier: BSD-2-Clause
//
// Chains cut, copied and moved together, with or without a packet header. The mark of a record's
// end goes where Packet+Marks.swift says.

import UMA

extension Mbuf {
  // MARK: Places

  /// The mbuf that the last of the first `byteCount` bytes from here on is in, and how many it has
  /// of them.
  func boundary(_ byteCount: Int) -> (mbuf: Mbuf, byteCount: Int) {
    var mbuf = self
    var left = byteCount
    while mbuf.byteCount < left, let next = mbuf.next {
      left -= mbuf.byteCount
      mbuf = next
    }
    return (mbuf, left)
  }

  /// The last mbuf with data, or this one: appended bytes go behind its data, then into the empty
  /// mbufs after it.
  var appendPosition: Mbuf {
    var position = self
    for mbuf in MbufWalk(next) where mbuf.byteCount > 0 { position = mbuf }
    return position
  }

  // MARK: Moving

  /// Takes the next `count` bytes of the chain behind its own, and frees the mbufs this empties.
  ///
  /// The tailroom is at least `count`, and so many bytes follow.
  func absorb(_ count: Int) { takeFromNext(count, keeps: true) }

  /// Removes the next `count` bytes of the chain, and frees the mbufs this empties.
  func trimNext(_ count: Int) { takeFromNext(count, keeps: false) }

  @inline(__always)
  private func takeFromNext(_ count: Int, keeps: Bool) {
    var left = count
    while left > 0, let next {
      let piece = Swift.min(left, next.byteCount)
      if keeps { append(next, 0, piece) }
      next.trimFront(piece)
      left -= piece
      if next.byteCount == 0 {
        next.moveEndOfRecord(to: self)
        self.next = next.next
        next.freeOne()
      }
    }
  }

  // MARK: Cutting

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
    if rest > MbufLayout.packetDataByteCount, isExternal {
      copy = try pool.mbuf(.packetHeader, site)
      share(with: copy, count, rest)
    } else {
      copy = try pool.piece(rest, .standard, .packetHeader, site)
      copy.append(self, count, rest)
    }
    copy.takeType(of: self)
    copy.next = next
    moveEndOfRecord(to: copy)
    next = nil
    byteCount = count
    return copy
  }

  // MARK: Copying

  /// Copies every byte from here on into the room of an empty chain, which has enough.
  func copyChain(into chain: Mbuf) {
    var writer = ChainWriter(chain)
    var last = self
    for mbuf in self.chain {
      writer.write(mbuf.bytes)
      last = mbuf
    }
    chain.takeTypeInChain(of: self)
    if last.endsRecord { chain.last.endsRecord = true }
  }

  /// One mbuf with a piece of this one's bytes, without the mark of a record's end: shared if they
  /// are in storage, else copied.
  func copyOfPiece(_ offset: Int, _ count: Int, isFirst: Bool, _ site: CallSite) throws(MbufError)
    -> Mbuf
  {
    let flags: MbufFlags = isFirst ? .packetHeader : []
    let copy: Mbuf
    if isExternal {
      copy = try pool.mbuf(flags, site)
      share(with: copy, offset, count)
    } else {
      // In bounds: inner data always fits one new mbuf, since a cluster is larger than any of it.
      copy = try pool.piece(count, .standard, flags, site)
      copy.append(self, offset, count)
    }
    copy.takeType(of: self)
    return copy
  }

  /// A chain of its own with the same bytes, that can stand in this mbuf's place.
  func privateCopy(_ site: CallSite) throws(MbufError) -> Mbuf {
    // Room for a packet header in any case, should this be the first mbuf.
    let copy = try pool.roomForCopy(byteCount, longest: byteCount, site)
    var writer = ChainWriter(copy)
    writer.write(bytes)
    copy.dropPacketHeader()
    // The copy's mark is its own: if the exchange is off, this mbuf keeps its.
    copy.last.endsRecord = endsRecord
    copy.takeTypeInChain(of: self)
    return copy
  }
}

extension PieceWalk {
  /// Copies of the pieces, linked, the first with a packet header; nil if there is no piece.
  ///
  /// - Throws: `MbufError.exhausted`; nothing is left of the copies.
  func copies(_ site: CallSite) throws(MbufError) -> (first: Mbuf, last: Mbuf)? {
    var linked: (first: Mbuf, last: Mbuf)?
    for piece in self {
      do throws(MbufError) {
        let copy = try piece.mbuf.copyOfPiece(
          piece.offset, piece.byteCount, isFirst: linked == nil, site)
        linked?.last.next = copy
        linked = (linked?.first ?? copy, copy)
      } catch {
        linked?.first.freeChain()
        throw error
      }
    }
    return linked
  }
}
