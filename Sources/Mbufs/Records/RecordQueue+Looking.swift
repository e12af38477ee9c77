// SPDX-License-Identifier: BSD-2-Clause

/// Where bytes of a record stand.
public struct RecordSegment: Equatable, Sendable {
  /// The record, counted from 0.
  public let recordNumber: Int
  /// What the bytes are.
  public let type: MbufType
  /// Whether the record ends with them, unless it is gone on with as a stream.
  public let endsRecord: Bool
}

extension RecordQueue {
  /// Shows every mbuf of every record, in order, until `body` throws.
  package borrowing func forEachSegment<Failure: Error>(
    _ body: (RecordSegment, RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    var number = 0
    var record = ends?.first
    while let first = record {
      var mbuf: Mbuf? = first
      while let here = mbuf {
        let place = RecordSegment(
          recordNumber: number, type: here.type, endsRecord: here.endsRecord)
        try body(place, unsafe RawSpan(_unsafeStart: here.data, byteCount: here.byteCount))
        mbuf = here.next
      }
      number += 1
      record = first.nextPacket
    }
  }

  /// Shows the first record's segments that are neither address nor control information in front,
  /// in order, until `body` says no.
  package borrowing func forEachPayloadSegment(_ body: (RawSpan) -> Bool) {
    var mbuf = ends?.first
    while let here = mbuf, !here.type.isPayload { mbuf = here.next }
    while let here = mbuf {
      guard body(unsafe RawSpan(_unsafeStart: here.data, byteCount: here.byteCount)) else { return }
      mbuf = here.next
    }
  }
}
