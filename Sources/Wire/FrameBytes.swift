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
    self.capturedByteCount = capturedByteCount
    self.wireByteCount = max(wireByteCount, capturedByteCount)
  }

  /// Checks that a header can be read.
  ///
  /// - Throws: `ParseError` `.tooShort`, limited by the network layer if that ends first, by the
  ///   capture if that does, else by the first piece.
  func require(
    _ byteCount: Int, at offset: Int, before end: Int, _ layer: ParseError.Layer
  ) throws(ParseError) {
    guard offset + byteCount > min(end, contiguous.byteCount) else { return }
    let limit: (Int, ParseError.Limit) =
      if offset + byteCount > end, end < wireByteCount {
        (end, .ipTotalLength)
      } else if offset + byteCount > capturedByteCount {
        (capturedByteCount, .capture)
      } else if offset + byteCount > end {
        (end, .capture)
      } else {
        (contiguous.byteCount, .segment)
      }
    throw ParseError(
      layer, .tooShort, wanted: byteCount, available: max(min(limit.0, end) - offset, 0),
      limitedBy: limit.1, offset: offset)
  }

  /// Checks that a header can be read, and opens a window on it.
  @_lifetime(copy self)
  func window<let byteCount: Int>(
    at offset: Int, before end: Int, _ layer: ParseError.Layer
  ) throws(ParseError) -> FixedBytes<byteCount> {
    try require(byteCount, at: offset, before: end, layer)
    return FixedBytes<byteCount>(contiguous, at: offset)
  }
}
