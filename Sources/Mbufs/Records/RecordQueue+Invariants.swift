// SPDX-License-Identifier: BSD-2-Clause

extension RecordQueue {
  /// Traps if an equation at the top of RecordQueue.swift does not hold.
  ///
  /// BSD: `sbcheck`, `sblastrecordchk`, `sblastmbufchk`.
  package borrowing func checkInvariants() {
    var found = RecordCounts()
    var lastRecord: Mbuf?
    var tail: Mbuf?
    var isSendFound = send == nil
    for first in ListWalk(ends?.first) {
      found.records += 1
      var before = 0
      for here in first.chain {
        if here == send?.mbuf, found.records == 1 {
          precondition(before == send?.before, "\(before) bytes before the place to send from")
          isSendFound = true
        }
        if let broken = here.brokenBounds { preconditionFailure(broken) }
        precondition(here == first || here.nextPacket == nil, "a next record inside of a record")
        precondition(here.next == nil || !here.endsRecord, "a record goes on behind its end")
        found.add(here)
        before += here.byteCount
        tail = here
      }
      lastRecord = first
    }
    precondition(isSendFound, "the place to send from is not in the first record")
    precondition(
      lastRecord == ends?.lastRecord && tail == ends?.tail, "the last record or mbuf is another")
    let counted = RecordCounts(
      records: recordCount, segments: segmentCount, externals: externalCount, bytes: byteCount,
      controlBytes: controlByteCount, storageBytes: storageByteCount)
    precondition(found == counted, "found \(found), counted \(counted)")
  }
}

/// What a walk over the records counts.
private struct RecordCounts: Equatable {
  var records = 0
  var segments = 0
  var externals = 0
  var bytes = 0
  var controlBytes = 0
  var storageBytes = 0

  mutating func add(_ mbuf: Mbuf) {
    segments += 1
    if mbuf.isExternal { externals += 1 }
    bytes += mbuf.byteCount
    if !mbuf.type.isPayload { controlBytes += mbuf.byteCount }
    storageBytes += mbuf.charge
  }
}
