// SPDX-License-Identifier: BSD-2-Clause
//
//     first --> [address] -> [control] -> [data] -> [data]
//                   | next packet
//               [data] -> [data, end of record]
//                   | next packet
//     last  --> [data] -> [data] <-- tail
//
// A record is a chain linked by `next`; records are linked by the next packet of their first mbufs.
// Address, control and data of a record come in as packets of their own and keep their packet
// headers inside the record, so that they leave it as packets again, time stamp and all, without
// an allocation.
//
//     ends == nil  <=>  recordCount == 0  <=>  segmentCount == 0  <=>  storageByteCount == 0
//     byteCount        == sum of the mbufs' bytes
//     controlByteCount == sum of those that are neither data nor out-of-band
//     storageByteCount == 256 for each mbuf + the whole of its external storage
//     segmentCount     == mbufs;   externalCount == those with external storage
//     ends.tail is the last mbuf of ends.lastRecord, which is the last record
//     only the last mbuf of a record has .endOfRecord
//     send.before      == bytes of the first record in front of send.mbuf, an mbuf of it
//
// FreeBSD keeps its three pointers beside each other, and once stopped with "empty but mbuf still
// attached" when one of them was stale. Here they exist together or not at all: an empty queue has
// no place for an mbuf. That a queue with pointers has true ones is what `checkInvariants` walks for.

/// Records of typed mbufs, first in first out: what a socket buffer holds.
///
/// It knows no limits. Nothing but `appendAddress`, `cut`, `copyToSend` and `takeRecord` ever
/// allocates, and these leave the queue as it was when they fail.
///
/// BSD: the chains and counters of `struct sockbuf` (sys/sys/sockbuf.h).
@usableFromInline
@safe
package struct RecordQueue: ~Copyable, @unchecked Sendable {
  /// The pointers of a queue that is not empty.
  @usableFromInline
  struct Ends {
    /// First mbuf of the first record.
    @usableFromInline var first: Mbuf
    /// First mbuf of the last record.
    var lastRecord: Mbuf
    /// Last mbuf of the last record.
    var tail: Mbuf
  }

  /// A place in the first record.
  struct SendPosition: Equatable {
    var mbuf: Mbuf
    /// Bytes of the record in front of it.
    var before: Int
  }

  @usableFromInline var ends: Ends?
  /// Where the next send will probably begin; nil is the record's first byte.
  var send: SendPosition?
  /// Bytes in all records.
  ///
  /// BSD: `sb_cc`.
  package internal(set) var byteCount = 0
  /// Bytes that are neither data nor out-of-band.
  ///
  /// BSD: `sb_ctl`.
  package internal(set) var controlByteCount = 0
  /// Bytes of memory that the records hold, used or not; shared storage counts in full.
  ///
  /// BSD: `sb_mbcnt`.
  package internal(set) var storageByteCount = 0
  /// Records in the queue.
  package internal(set) var recordCount = 0
  /// Mbufs in all records.
  ///
  /// BSD: `sb_mcnt`.
  package internal(set) var segmentCount = 0
  /// Mbufs with external storage.
  ///
  /// BSD: `sb_ccnt`.
  package internal(set) var externalCount = 0
  /// Whether appended bytes are copied into room behind the last ones.
  ///
  /// BSD: `SB_NOCOALESCE`, the other way round.
  package var coalesces = true

  /// An empty queue.
  package init() {}

  /// Frees the records.
  deinit {
    for first in ListWalk(ends?.first) { first.freeChain() }
  }

  /// Whether there is no record.
  @inlinable
  package var isEmpty: Bool { ends == nil }

  /// Whether the first record has neither address nor control information in front; false in an
  /// empty queue.
  @inlinable
  package var beginsWithData: Bool { ends?.first.type == .data }

  // MARK: Counting

  /// Counts an mbuf in.
  ///
  /// BSD: `sballoc`.
  @inline(__always)
  mutating func charge(_ mbuf: Mbuf) { count(mbuf, 1) }

  /// Counts an mbuf out.
  ///
  /// BSD: `sbfree`.
  @inline(__always)
  mutating func discharge(_ mbuf: Mbuf) { count(mbuf, -1) }

  @inline(__always)
  private mutating func count(_ mbuf: Mbuf, _ sign: Int) {
    countBytes(of: mbuf, sign * mbuf.byteCount)
    storageByteCount += sign * mbuf.charge
    segmentCount += sign
    if mbuf.isExternal { externalCount += sign }
  }

  /// Counts bytes that an mbuf of the queue got or lost.
  @inline(__always)
  mutating func countBytes(of mbuf: Mbuf, _ change: Int) {
    byteCount += change
    if !mbuf.type.isPayload { controlByteCount += change }
  }

  /// Links a chain in as the last record; its mbufs are counted already.
  mutating func link(_ first: Mbuf, _ tail: Mbuf) {
    if let ends {
      ends.lastRecord.nextPacket = first
      self.ends = Ends(first: ends.first, lastRecord: first, tail: tail)
    } else {
      ends = Ends(first: first, lastRecord: first, tail: tail)
    }
    recordCount += 1
  }
}

extension MbufType {
  /// The part of a record that it belongs to: address, control information, the rest.
  var part: Int {
    switch self {
    case .address: 0
    case .control: 1
    case .data, .outOfBand, .tag: 2
    }
  }
}
