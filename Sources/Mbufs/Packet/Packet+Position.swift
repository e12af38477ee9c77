// SPDX-License-Identifier: BSD-2-Clause

/// Where a byte of a packet lies.
///
/// Good until the packet is changed.
public struct SegmentPosition: Equatable, Sendable {
  /// Segments before the one that has the byte, empty ones included.
  public var segmentIndex: Int
  /// Bytes of that segment before it.
  public var offset: Int
}

extension Packet {
  /// The segment that has byte `offset`, and where in it, or nil if the packet has no such place.
  ///
  ///     [ 6 ]->[ 0 ]->[ 40 ]     position(of: 5)    0, 5
  ///                              position(of: 6)    2, 0
  ///                              position(of: 46)   2, 40: the end of the last segment
  ///
  /// - Parameter offset: bytes from the packet's start; `byteCount` is the end.
  /// - Complexity: O(segments).
  ///
  /// BSD: `m_getptr`.
  public borrowing func position(of offset: Int) -> SegmentPosition? {
    guard offset >= 0, let place = head.locate(offset) else { return nil }
    return SegmentPosition(segmentIndex: place.index, offset: place.offset)
  }

  /// The bytes of one segment, which may be none.
  ///
  /// - Precondition: `index` is within 0..<`segmentCount`.
  /// - Complexity: O(`index`).
  @_lifetime(borrow self)
  public borrowing func bytes(ofSegment index: Int) -> RawSpan {
    precondition(index >= 0, "segment \(index)")
    var left = index
    for mbuf in head.chain {
      // The mbuf lives as long as the packet that lends the span.
      if left == 0 { return unsafe _overrideLifetime(mbuf.bytes, borrowing: self) }
      left -= 1
    }
    preconditionFailure("segment \(index) of \(segmentCount)")
  }

  /// The bytes of a range in place, or nil if they are not contiguous.
  ///
  /// `pullDown(_:)` makes them so.
  ///
  /// - Precondition: the range is inside the packet.
  /// - Complexity: O(segments).
  @_lifetime(borrow self)
  public borrowing func bytes(in range: Range<Int>) -> RawSpan? {
    let place = locate(range)
    guard place.offset + range.count <= place.mbuf.byteCount else { return nil }
    // The segment has the range, and lives as long as the packet that lends the span.
    let span = place.mbuf.bytes(place.offset, range.count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// The bytes of a range, to be written in place, or nil if they are not contiguous or not ours.
  ///
  /// `makeWritable(_:)` and then `pullDown(_:)`, in this order, make them both.
  ///
  /// - Precondition: the range is inside the packet.
  /// - Complexity: O(segments).
  @_lifetime(&self)
  public mutating func mutableBytes(in range: Range<Int>) -> MutableRawSpan? {
    let place = locate(range)
    guard place.offset + range.count <= place.mbuf.byteCount,
      range.isEmpty || place.mbuf.isWritable
    else { return nil }
    // The segment has the range; the packet is held exclusively, as is its storage.
    let span = place.mbuf.mutableBytes(place.offset, range.count)
    return unsafe _overrideLifetime(span, mutating: &self)
  }

  private borrowing func locate(_ range: Range<Int>) -> Mbuf.Place {
    guard range.lowerBound >= 0, range.upperBound <= byteCount,
      let place = head.locate(range.lowerBound)
    else { preconditionFailure("bytes \(range) of \(byteCount)") }
    return place
  }
}
