// SPDX-License-Identifier: BSD-2-Clause
//
// Every loop over mbufs is one of these walks:
//
//     chain       [first] --next--> [ ] --next--> [ ]                   of one packet or record
//     list        [first] --next packet--> [ ] --next packet--> [ ]     packets, records or tags
//     pieces      the parts of a range of bytes, mbuf by mbuf; none is empty
//
// A walk has read where to go on before it shows an mbuf, so the mbuf may be freed or linked
// elsewhere by the loop's body; an mbuf that is linked behind it is not visited.

/// The mbufs of a chain, from one on.
@frozen
@usableFromInline
struct MbufWalk: Sequence, IteratorProtocol {
  @usableFromInline var following: Mbuf?

  @inlinable @inline(__always)
  init(_ first: Mbuf?) { following = first }

  @inlinable @inline(__always)
  mutating func next() -> Mbuf? {
    guard let here = following else { return nil }
    following = here.next
    return here
  }
}

/// The first mbufs of the packets, records or tags of a list.
@frozen
@usableFromInline
struct ListWalk: Sequence, IteratorProtocol {
  @usableFromInline var following: Mbuf?

  @inlinable @inline(__always)
  init(_ first: Mbuf?) { following = first }

  @inlinable @inline(__always)
  mutating func next() -> Mbuf? {
    guard let here = following else { return nil }
    following = here.nextPacket
    return here
  }
}

/// The pieces that a range of a chain's bytes is in; it ends early if the chain does.
@frozen
@usableFromInline
struct PieceWalk: Sequence, IteratorProtocol {
  /// `byteCount` bytes, at least one, from `offset` on in the data of an mbuf.
  @frozen
  @usableFromInline
  struct Piece {
    @usableFromInline let mbuf: Mbuf
    @usableFromInline let offset: Int
    @usableFromInline let byteCount: Int

    @inlinable @inline(__always)
    init(_ mbuf: Mbuf, _ offset: Int, _ byteCount: Int) {
      self.mbuf = mbuf
      self.offset = offset
      self.byteCount = byteCount
    }

    @inlinable @inline(__always)
    var bytes: RawSpan {
      @_lifetime(borrow self)
      get { unsafe _overrideLifetime(mbuf.bytes(offset, byteCount), borrowing: self) }
    }
  }

  @usableFromInline var following: Mbuf?
  @usableFromInline var skip: Int
  @usableFromInline var left: Int

  @inlinable @inline(__always)
  init(_ first: Mbuf?, _ offset: Int, _ byteCount: Int) {
    following = first
    skip = offset
    left = byteCount
  }

  @inlinable @inline(__always)
  mutating func next() -> Piece? {
    while left > 0, let here = following {
      following = here.next
      let byteCount = Swift.min(left, here.byteCount &- skip)
      if byteCount > 0 {
        let piece = Piece(here, skip, byteCount)
        left &-= byteCount
        skip = 0
        return piece
      }
      // Cannot wrap: all bytes of this mbuf are skipped.
      skip &-= here.byteCount
    }
    return nil
  }
}

extension Mbuf {
  /// This mbuf and those behind it.
  @inlinable @inline(__always)
  var chain: MbufWalk { MbufWalk(self) }

  /// The pieces of `byteCount` bytes from `offset` on.
  @inlinable @inline(__always)
  func pieces(_ offset: Int, _ byteCount: Int) -> PieceWalk { PieceWalk(self, offset, byteCount) }

  /// The last mbuf of the chain.
  var last: Mbuf {
    var last = self
    while let next = last.next { last = next }
    return last
  }

  /// Mbufs from here to the end of the chain.
  var chainMbufCount: Int { chain.reduce(0) { count, _ in count + 1 } }

  /// Bytes of the longest segment from here to the end of the chain.
  var longestSegment: Int { chain.reduce(0) { Swift.max($0, $1.byteCount) } }

  /// Bytes of data from here to the end of the chain.
  var chainByteCount: Int { chain.reduce(0) { $0 + $1.byteCount } }

  /// The first mbuf from here on that has bytes.
  var firstWithData: Mbuf? { chain.first { $0.byteCount > 0 } }

  /// Where byte `offset` of the chain is; the end of the last mbuf if that many bytes are all of
  /// it, nil beyond.
  func locate(_ offset: Int) -> Place? {
    var place = Place(mbuf: self, previous: nil, index: 0, offset: offset)
    while place.offset >= place.mbuf.byteCount {
      guard let next = place.mbuf.next else {
        return place.offset == place.mbuf.byteCount ? place : nil
      }
      place.offset -= place.mbuf.byteCount
      place.previous = place.mbuf
      place.mbuf = next
      place.index += 1
    }
    return place
  }

  /// A place in a chain: `offset` bytes into the data of `mbuf`.
  struct Place {
    var mbuf: Mbuf
    var previous: Mbuf?
    var index: Int
    var offset: Int
  }
}
