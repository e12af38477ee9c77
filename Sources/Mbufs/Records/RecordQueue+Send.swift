// SPDX-License-Identifier: BSD-2-Clause
//
// A stream is sent from the middle: what was sent stays until it is acknowledged. The place where
// the last send ended is kept, so that the next one does not walk past all that is in flight.
//
//     | sent, not acknowledged ............ | to be sent ...... |
//     first                                 send               tail

package import UMA

extension RecordQueue {
  /// The nearest known place at or before a byte of the stream, and how far that byte is from it.
  ///
  /// Then the place moves to where `byteCount` bytes from `offset` on end. A byte before the place
  /// is looked for from the first on, and the place stays.
  ///
  /// - Precondition: the bytes are in the queue, which has one record.
  /// - Complexity: O(segments of the bytes), if they begin where those asked for last end.
  ///
  /// BSD: `sbsndptr`.
  mutating func sendPosition(_ offset: Int, _ byteCount: Int) -> (mbuf: Mbuf, offset: Int) {
    guard let first = ends?.first else { preconditionFailure("nothing to send") }
    let start = send ?? SendPosition(mbuf: first, before: 0)
    guard start.before <= offset else { return (first, offset) }
    var next = start
    var rest = offset - start.before + byteCount - 1
    while rest > 0, rest >= next.mbuf.byteCount, let following = next.mbuf.next {
      rest -= next.mbuf.byteCount
      next = SendPosition(mbuf: following, before: next.before + next.mbuf.byteCount)
    }
    send = next.before == 0 ? nil : next
    return (start.mbuf, offset - start.before)
  }

  private func checkSend(_ offset: Int, _ byteCount: Int) {
    precondition(recordCount <= 1, "a stream of \(recordCount) records")
    precondition(
      offset >= 0 && byteCount >= 0 && offset <= self.byteCount - byteCount,
      "bytes \(offset)..<\(offset + byteCount) of \(self.byteCount)")
  }

  /// Shows the pieces of bytes to be sent, in order, until `body` throws.
  ///
  /// - Precondition: the bytes are in the queue, which has one record or none.
  package mutating func forEachSegmentToSend<Failure: Error>(
    _ offset: Int, byteCount: Int, _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    checkSend(offset, byteCount)
    if byteCount == 0 { return }
    let start = sendPosition(offset, byteCount)
    for piece in start.mbuf.pieces(start.offset, byteCount) { try body(piece.bytes) }
  }

  /// A packet of bytes to be sent, which stay in the queue: it shares their external storage.
  ///
  /// - Throws: `MbufError.exhausted`; the queue is unchanged.
  /// - Precondition: there is at least one, and they are in the queue, which has one record.
  ///
  /// BSD: `sbsndptr` and `m_copym`.
  package mutating func copyToSend(
    _ offset: Int, byteCount: Int, _ site: CallSite
  ) throws(MbufError) -> Packet {
    checkSend(offset, byteCount)
    precondition(byteCount > 0, "a copy of no bytes")
    let before = send
    let start = sendPosition(offset, byteCount)
    let copies: (first: Mbuf, last: Mbuf)?
    do throws(MbufError) {
      copies = try start.mbuf.pieces(start.offset, byteCount).copies(site)
    } catch {
      send = before
      throw error
    }
    guard let copies else { preconditionFailure("a copy has a first mbuf") }
    if offset + byteCount == self.byteCount, let tail = ends?.tail, tail.endsRecord {
      copies.last.endsRecord = true
    }
    copies.first.setPacketByteCount(byteCount)
    return Packet(copies.first)
  }
}
