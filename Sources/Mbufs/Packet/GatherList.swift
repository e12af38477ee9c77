// SPDX-License-Identifier: BSD-2-Clause
//
//     pieces   [ 20 ]  [ 0 ]  [ 1400 ]  [ 300 ]
//                                 ^ the next byte; remaining counts from here on
//
//     remaining == bytes of all pieces - bytes read

/// Pieces of memory to be read as one, with a place: what is read next.
///
///     var list = GatherList([header, payload])
///     let packet = try pool.packet(gathering: &list)
///
/// BSD: `struct uio` of a write.
@safe
public struct GatherList {
  private let arrays: [[UInt8]]
  private let raw: [UnsafeRawBufferPointer]
  private var index = 0
  private var offset = 0
  /// Bytes that are not read yet.
  ///
  /// BSD: `uio_resid`.
  public private(set) var remaining: Int

  /// A list of arrays, which it keeps.
  public init(_ pieces: [[UInt8]]) {
    arrays = pieces
    unsafe raw = []
    remaining = pieces.reduce(0) { $0 + $1.count }
  }

  /// A list of the caller's memory, which must stay valid until all of it is read.
  ///
  /// BSD: `struct iovec`.
  @unsafe
  public init(unsafeReading pieces: [UnsafeRawBufferPointer]) {
    arrays = []
    unsafe raw = pieces
    remaining = unsafe pieces.reduce(0) { $0 + $1.count }
  }

  /// Reads `byteCount` bytes: `body` gets their pieces in order, none of them empty.
  ///
  /// BSD: `uiomove`.
  mutating func read(_ byteCount: Int, _ body: (RawSpan) -> Void) {
    precondition(byteCount >= 0 && byteCount <= remaining, "\(byteCount) of \(remaining)")
    var left = byteCount
    while left > 0 {
      let count: Int
      if unsafe raw.isEmpty {
        let array = arrays[index]
        count = unsafe show(array.span.bytes, left, body)
      } else {
        count = unsafe show(raw[index].bytes, left, body)
      }
      left -= count
      remaining -= count
      offset += count
      // Where there is more to come, this piece is at its end.
      if left > 0 {
        index += 1
        offset = 0
      }
    }
  }

  private func show(_ piece: RawSpan, _ most: Int, _ body: (RawSpan) -> Void) -> Int {
    let count = Swift.min(most, piece.byteCount - offset)
    if count > 0 { body(piece.extracting(offset..<offset + count)) }
    return count
  }
}
