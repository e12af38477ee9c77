// SPDX-License-Identifier: BSD-2-Clause
//
// A datagram of which fragments are missing:
//
//     pieces   [ 0 ..< 1480 ]   [ 2960 ..< 4440 ][ 4440 ..< 4980 ]      sorted; none touches another's bytes
//              with its headers     data alone
//                                                              4980     totalByteCount, once the last came
//
//     receivedByteCount == sum of the pieces' ranges
//     every range is inside 0 ..< totalByteCount, and the one that ends there is the last fragment
//     whole  <=>  receivedByteCount == totalByteCount
//     refusal != nil  =>  there are no pieces, and none will be taken
//
// A range that was there already is a duplicate, as networks make them, and does no harm. Any other
// overlap is an attack or an error: which bytes should count depends on who looks, so none do (RFC 5722,
// and for IPv4 by the same argument, RFC 1858 and 3128). The data of duplicates is not compared.

import BasicContainers
import Mbufs
import Wire

/// A fragment that is held.
struct HeldPiece: ~Copyable, Sendable {
  let start: Int
  let end: Int
  var packet: Packet
}

/// A datagram of which fragments are held, or refused.
struct HeldDatagram: ~Copyable, Sendable {
  /// Where a fragment belongs.
  enum Place: Equatable {
    case at(Int)
    case duplicate
    case overlap
  }

  var key: Fragment.Key
  var hash: UInt64
  /// When the first fragment came.
  var began: Int64
  /// Counts datagrams, so that of two the older is known.
  var serial: UInt64
  /// Who sends it, by its slot.
  var source: Int32
  private(set) var pieces = UniqueArray<HeldPiece>()
  /// What `Packet.storageByteCount` says of the pieces.
  private(set) var storageByteCount = 0
  private(set) var receivedByteCount = 0
  private(set) var totalByteCount: Int?
  /// The fragment with offset 0, once it is held.
  private(set) var first: Fragment?
  /// A bit for each congestion mark that a piece has.
  private(set) var marks: UInt8 = 0
  /// Why no more fragments are taken; nil if they are.
  private(set) var refusal: FragmentDrop?

  init(_ key: Fragment.Key, hash: UInt64, began: Int64, serial: UInt64, source: Int32) {
    self.key = key
    self.hash = hash
    self.began = began
    self.serial = serial
    self.source = source
  }

  /// Takes the slot for another datagram; the memory for pieces stays.
  mutating func reset(
    _ key: Fragment.Key, hash: UInt64, began: Int64, serial: UInt64, source: Int32
  ) {
    precondition(pieces.isEmpty, "\(pieces.count) fragments of another datagram")
    self.key = key
    self.hash = hash
    self.began = began
    self.serial = serial
    self.source = source
    refusal = nil
    forget()
  }

  private mutating func forget() {
    storageByteCount = 0
    receivedByteCount = 0
    totalByteCount = nil
    first = nil
    marks = 0
  }

  // MARK: Pieces

  /// Where a fragment that is well formed belongs among those that are held.
  ///
  /// - Complexity: O(1) behind all others, O(log pieces) between.
  func place(of fragment: Fragment) -> Place {
    let (start, end) = (fragment.offset, fragment.end)
    if pieces.isEmpty { return .at(0) }
    let lastEnd = pieces[pieces.count - 1].end
    if lastEnd <= start, totalByteCount == nil { return .at(pieces.count) }
    let index = indexOfFirst(from: start)
    if index < pieces.count, pieces[index].start == start, pieces[index].end == end,
      fragment.moreFragments == (totalByteCount != end)
    {
      return .duplicate
    }
    if let totalByteCount, end > totalByteCount || !fragment.moreFragments { return .overlap }
    if !fragment.moreFragments, lastEnd > end { return .overlap }
    if index > 0, pieces[index - 1].end > start { return .overlap }
    if index < pieces.count, pieces[index].start < end { return .overlap }
    return .at(index)
  }

  /// The first piece that begins at `start` or behind.
  private func indexOfFirst(from start: Int) -> Int {
    var (low, high) = (0, pieces.count)
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].start < start { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether the datagram is whole once it has this fragment, which overlaps none.
  func isWhole(with fragment: Fragment) -> Bool {
    let total = fragment.moreFragments ? totalByteCount : fragment.end
    return receivedByteCount + fragment.payloadByteCount == total
  }

  /// Takes a fragment in where `place(of:)` says; one that is not the first is its data alone.
  ///
  /// - Complexity: O(pieces) words moved; allocates only if the slot never had so many.
  mutating func insert(
    _ packet: consuming Packet, _ fragment: Fragment, at index: Int, storageByteCount: Int
  ) {
    self.storageByteCount += storageByteCount
    receivedByteCount += fragment.payloadByteCount
    if !fragment.moreFragments { totalByteCount = fragment.end }
    if fragment.offset == 0 { first = fragment }
    marks |= 1 << fragment.congestion
    pieces.insert(
      HeldPiece(start: fragment.offset, end: fragment.end, packet: packet), at: index)
  }

  /// Takes the fragment with offset 0 out, to speak of it, and frees the rest.
  mutating func removeAllButFirst() -> Packet? {
    if first == nil {
      removeAll()
      return nil
    }
    let piece = pieces.remove(at: 0)
    removeAll()
    return piece.packet
  }

  /// Frees what is held.
  mutating func removeAll() {
    pieces.removeAll(keepingCapacity: true)
    forget()
  }

  /// Frees what is held and takes no more.
  mutating func refuse(_ reason: FragmentDrop) {
    removeAll()
    refusal = reason
  }

  /// Joins the pieces of a whole datagram, the last to the last but one and so on: nothing is walked
  /// twice.
  ///
  /// - Precondition: it is whole.
  /// - Complexity: O(segments).
  mutating func join() -> Packet {
    precondition(
      receivedByteCount == totalByteCount, "\(receivedByteCount) bytes of a datagram are not all")
    let last = pieces.removeLast()
    var joined = last.packet
    while let piece = pieces.popLast() {
      var packet = piece.packet
      packet.join(joined)
      joined = packet
    }
    forget()
    return joined
  }

  /// Traps if a piece touches another, or a sum is wrong.
  func checkInvariants() {
    var (end, received, storage) = (0, 0, 0)
    for index in pieces.indices {
      let (start, next) = (pieces[index].start, pieces[index].end)
      precondition(start >= end && next > start, "bytes \(start)..<\(next) behind \(end)")
      let headerByteCount = start == 0 ? first?.headerByteCount ?? -1 : 0
      precondition(
        pieces[index].packet.byteCount == next - start + headerByteCount,
        "\(pieces[index].packet.byteCount) bytes of \(start)..<\(next) behind \(headerByteCount)")
      pieces[index].packet.checkInvariants()
      end = next
      received += next - start
      storage += pieces[index].packet.storageByteCount
    }
    precondition(
      received == receivedByteCount && storage == storageByteCount,
      "\(received) of \(receivedByteCount) bytes in \(storage) of \(storageByteCount)")
    precondition(end <= totalByteCount ?? 65_535, "bytes up to \(end) of \(totalByteCount ?? -1)")
    precondition(received != totalByteCount, "a whole datagram of \(received) bytes is held")
    precondition(
      totalByteCount == nil || end == totalByteCount, "the last fragment is not the last held")
    precondition(refusal == nil || pieces.isEmpty, "\(pieces.count) fragments, refused")
  }
}
