// SPDX-License-Identifier: BSD-2-Clause

/// Where a byte of a packet lies.
///
/// Good until the packet is changed.
public struct SegmentPosition: Equatable, Sendable {
  /// Segments before the one that has the byte, empty ones included.
  public var segmentIndex: Int
  /// Bytes of that segment before it.
  public var offset: Int

  /// A position from its parts.
  public init(segmentIndex: Int, offset: Int) {
    self.segmentIndex = segmentIndex
    self.offset = offset
  }
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
    var mbuf = head
    for number in 0..<index {
      guard let next = mbuf.next else {
        preconditionFailure("segment \(index) of \(number + 1)")
      }
      mbuf = next
    }
    // The mbuf lives as long as the packet that lends the span.
    let span = unsafe RawSpan(_unsafeStart: mbuf.data, byteCount: mbuf.byteCount)
    return unsafe _overrideLifetime(span, borrowing: self)
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
    // In bounds: the segment has the range, and lives as long as the packet that lends the span.
    let span = unsafe RawSpan(
      _unsafeStart: place.mbuf.data + place.offset, byteCount: range.count)
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
    // In bounds: the segment has the range; the packet is held exclusively, as is its storage.
    let span = unsafe MutableRawSpan(
      _unsafeStart: place.mbuf.data + place.offset, byteCount: range.count)
    return unsafe _overrideLifetime(span, mutating: &self)
  }

  private borrowing func locate(_ range: Range<Int>) -> Mbuf.Place {
    guard range.lowerBound >= 0, range.upperBound <= byteCount,
      let place = head.locate(range.lowerBound)
    else { preconditionFailure("bytes \(range) of \(byteCount)") }
    return place
  }
}

extension Mbuf {
  /// A place in a chain: `offset` bytes into the data of `mbuf`.
  struct Place {
    var mbuf: Mbuf
    var previous: Mbuf?
    var index: Int
    var offset: Int
  }

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
}
