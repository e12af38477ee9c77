// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension Packet {
  /// Makes the bytes of a range contiguous, and leaves those before it where they are.
  ///
  ///     before  [ 14 20 | 6 ]->[ 2 ]->[ 1400 ]       pullDown(34..<54)
  ///     after   [ 14 20 ]->[ 20 ]->[ 1388 ]          or in the room behind the 6, if there is any
  ///
  /// The first segment stays the first. Bytes that are contiguous already stay where they are, also
  /// if they are shared or read-only; others end in storage of the packet's own, or in a segment
  /// that was writable before. `bytes(in:)` reads them.
  ///
  /// - Parameters:
  ///   - range: the bytes wanted in one piece; none is fine.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Returns: where the range begins now.
  /// - Throws: `MbufError.tooShort` if the packet ends before the range, `.tooLong` if no storage
  ///   has so many bytes, `.exhausted`; the packet is unchanged.
  /// - Complexity: O(segments + range), at most one mbuf allocated.
  ///
  /// BSD: `m_pulldown`, which frees the chain on failure; earlier ones gave a region that was not
  /// contiguous, or none at all where a large segment held it.
  @discardableResult
  public mutating func pullDown(
    _ range: Range<Int>, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> SegmentPosition {
    precondition(range.lowerBound >= 0, "pull down of bytes \(range)")
    guard range.upperBound <= byteCount, let place = head.locate(range.lowerBound) else {
      throw .tooShort(wanted: range.upperBound, available: byteCount)
    }
    let here = place.mbuf
    let present = here.byteCount - place.offset
    if range.count > present {
      try here.gather(
        range.count - present, behind: place.offset, previous: place.previous,
        CallSite(file, line))
    }
    guard let position = position(of: range.lowerBound) else {
      preconditionFailure("no byte \(range.lowerBound) of \(byteCount)")
    }
    return position
  }
}

extension Mbuf {
  /// Brings the data from `offset` on and the `missing` bytes behind this mbuf together: here, in
  /// the next mbuf, or in a new one between.
  ///
  /// There is at least one byte from `offset` on. On failure nothing has changed.
  fileprivate func gather(
    _ missing: Int, behind offset: Int, previous: Mbuf?, _ site: CallSite
  ) throws(MbufError) {
    if tailroom >= missing { return absorb(missing) }
    let count = byteCount - offset
    let target: Mbuf
    if let next = next?.firstWithData, next.byteCount >= missing, next.headroom >= count {
      next.growFront(count)
      next.overwrite(0, bytes(offset, count))
      target = next
    } else {
      target = try pool.mbuf(holding: count + missing, [], site)
      target.append(self, offset, count)
      target.takeType(of: self)
      target.next = next
      next = target
      target.absorb(missing)
    }
    byteCount = offset
    // An mbuf that has nothing left goes, unless it is the first.
    if offset == 0, let previous {
      previous.next = next
      freeOne()
    }
  }
}
