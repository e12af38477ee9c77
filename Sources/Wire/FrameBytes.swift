// SPDX-License-Identifier: BSD-2-Clause

/// The bytes of a frame while its headers are walked: the first piece, and how long the rest is.
///
///     | contiguous ............. | further pieces ... | cut by the capture ... |
///     0                  contiguous.byteCount    capturedByteCount       wireByteCount
struct FrameBytes: ~Escapable {
  let contiguous: RawSpan
  let capturedByteCount: Int
  // Where the link's own payload ends on the wire; an IEEE 802.3 length brings it forward.
  var wireByteCount: Int

  @_lifetime(copy contiguous)
  init(_ contiguous: RawSpan, capturedByteCount: Int, wireByteCount: Int) {
    precondition(
      contiguous.byteCount <= capturedByteCount,
      "\(contiguous.byteCount) contiguous bytes of \(capturedByteCount)")
    self.contiguous = contiguous
    // Places are kept in 32 bits; what lies beyond 4 GiB is not looked at.
    self.capturedByteCount = min(capturedByteCount, Int(UInt32.max))
    self.wireByteCount = min(max(wireByteCount, capturedByteCount), Int(UInt32.max))
  }

  /// Checks that a header can be read.
  ///
  /// - Throws: `ParseError` `.tooShort`, limited by the network layer if that ends first, by the
  ///   capture if that does, else by the first piece.
  @inline(__always)
  func require(
    _ byteCount: Int, at offset: Int, before end: Int, _ layer: ParseError.Layer
  ) throws(ParseError) {
    guard offset &+ byteCount <= min(end, contiguous.byteCount) else {
      throw tooShort(byteCount, at: offset, before: end, layer)
    }
  }

  /// Reads a header, once it is certain that it can be read.
  ///
  /// - Throws: `ParseError` as `require` does.
  @_lifetime(copy self)
  @inline(__always)
  func view<Header: HeaderView & ~Escapable>(
    _ header: Header.Type, at offset: Int, before end: Int
  ) throws(ParseError) -> Header {
    try require(Header.byteCount, at: offset, before: end, Header.layer)
    return Header(contiguous, at: offset)
  }

  @inline(never)
  private func tooShort(
    _ byteCount: Int, at offset: Int, before end: Int, _ layer: ParseError.Layer
  ) -> ParseError {
    let needed = offset + byteCount
    let limit: (end: Int, by: ParseError.Limit) =
      if needed > end, end < wireByteCount {
        (end, .ipTotalLength)
      } else if needed > capturedByteCount || needed > end {
        (min(capturedByteCount, end), .capture)
      } else {
        (contiguous.byteCount, .segment)
      }
    return ParseError(
      layer, .tooShort, wanted: byteCount, available: max(min(limit.end, end) - offset, 0),
      limitedBy: limit.by, offset: offset)
  }
}
