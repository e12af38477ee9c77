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
    for (number, first) in ListWalk(ends?.first).enumerated() {
      for mbuf in first.chain {
        let place = RecordSegment(
          recordNumber: number, type: mbuf.type, endsRecord: mbuf.endsRecord)
        try body(place, mbuf.bytes)
      }
    }
  }

  /// Shows the first record's segments that are neither address nor control information in front,
  /// in order, until `body` says no.
  package borrowing func forEachPayloadSegment(_ body: (RawSpan) -> Bool) {
    let payload = MbufWalk(ends?.first).first { $0.type.isPayload }
    for mbuf in MbufWalk(payload) where !body(mbuf.bytes) { return }
  }
}
