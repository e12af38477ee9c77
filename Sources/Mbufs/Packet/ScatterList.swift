// SPDX-License-Identifier: BSD-2-Clause
//
//     pieces   [ 20 ]  [ 0 ]  [ 1400 ]  [ 300 ]
//                                 ^ the next byte; remaining is the room from here on
//
//     remaining == bytes of all pieces - bytes written

/// Pieces of memory to be filled as one, with a place: what is filled next.
///
///     var list = ScatterList(byteCounts: [8, 1_472])
///     packet.scatter(into: &list)
///     let (header, payload) = (list.pieces[0], list.pieces[1])
///
/// BSD: `struct uio` of a read.
@safe
public struct ScatterList {
  /// The pieces, zero where nothing is written yet; none if the memory is the caller's.
  public private(set) var pieces: [[UInt8]]
  private let raw: [UnsafeMutableRawBufferPointer]
  private var index = 0
  private var offset = 0
  /// Bytes that may still be written.
  ///
  /// BSD: `uio_resid`.
  public private(set) var remaining: Int

  /// A list of new arrays of these lengths.
  public init(byteCounts: [Int]) {
    pieces = byteCounts.map { [UInt8](repeating: 0, count: $0) }
    unsafe raw = []
    remaining = byteCounts.reduce(0, +)
  }

  /// A list of the caller's memory, which must stay valid until all of it is written.
  ///
  /// BSD: `struct iovec`.
  @unsafe
  public init(unsafeWriting pieces: [UnsafeMutableRawBufferPointer]) {
    self.pieces = []
    unsafe raw = pieces
    remaining = unsafe pieces.reduce(0) { $0 + $1.count }
  }

  /// Writes all of `bytes`, for which there is room.
  ///
  /// BSD: `uiomove`.
  mutating func write(_ bytes: RawSpan) {
    precondition(bytes.byteCount <= remaining, "\(bytes.byteCount) of \(remaining)")
    var done = 0
    while done < bytes.byteCount {
      let rest = bytes.extracting(droppingFirst: done)
      let count: Int
      if unsafe raw.isEmpty {
        var piece = pieces[index].mutableSpan
        var room = unsafe piece.mutableBytes
        count = Self.fill(&room, offset, rest)
      } else {
        var room = unsafe raw[index].mutableBytes
        count = Self.fill(&room, offset, rest)
      }
      done += count
      remaining -= count
      offset += count
      // Where there is more to come, this piece is full.
      if done < bytes.byteCount {
        index += 1
        offset = 0
      }
    }
  }

  private static func fill(_ piece: inout MutableRawSpan, _ offset: Int, _ source: RawSpan) -> Int {
    let count = Swift.min(source.byteCount, piece.byteCount - offset)
    if count > 0 { piece.replace(at: offset, with: source.extracting(first: count)) }
    return count
  }
}
