// SPDX-License-Identifier: BSD-2-Clause
//
// How bytes come to stand behind others. Each new mbuf, in order:
//
//     no bytes                         freed, unless it alone could carry the end of the record
//     at most 512 bytes that fit       copied behind those of the mbuf before it, and freed:
//       there, types equal, storage    they cost no storage
//       writable, no end in between
//     else                             linked

extension RecordQueue {
  /// Bytes that are worth copying rather than keeping an mbuf for.
  ///
  /// A quarter of a cluster.
  static let mostCopiedByteCount = MbufLayout.clusterByteCount / 4

  /// Puts a chain behind an mbuf, and counts what is linked.
  ///
  /// - Parameters:
  ///   - chain: the new mbufs.
  ///   - tail: the last mbuf of a record, or nil if the chain begins one.
  /// - Returns: the first mbuf of a new record, unless nothing of it is left, and the last mbuf.
  ///
  /// BSD: `sbcompress`.
  mutating func compress(_ chain: Mbuf?, behind tail: Mbuf?) -> (first: Mbuf?, last: Mbuf?) {
    var first: Mbuf?
    var last = tail
    var isEnded = false
    for here in MbufWalk(chain) {
      let next = here.next
      // Only the last mbuf of a chain has the mark.
      isEnded = here.endsRecord
      if here.byteCount == 0, !isEnded || (next ?? last)?.type == here.type {
        here.freeOne()
      } else if let last, takes(here, behind: last) {
        // In bounds: `takes` has seen that they fit.
        last.append(here)
        countBytes(of: here, here.byteCount)
        here.freeOne()
      } else {
        if let last { last.next = here } else { first = here }
        here.endsRecord = false
        here.next = nil
        charge(here)
        last = here
      }
    }
    if isEnded { last?.endsRecord = true }
    return (first, last)
  }

  /// Makes a chain a record: its first mbuf as it is, the others compressed behind it.
  mutating func compressRecord(_ first: Mbuf) -> (first: Mbuf, last: Mbuf) {
    let rest = first.next
    first.next = nil
    charge(first)
    return (first, compress(rest, behind: first).last ?? first)
  }

  private func takes(_ mbuf: Mbuf, behind last: Mbuf) -> Bool {
    coalesces && mbuf.byteCount <= Self.mostCopiedByteCount && mbuf.byteCount <= last.tailroom
      && mbuf.type == last.type && !last.endsRecord
  }
}
