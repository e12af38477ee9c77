// SPDX-License-Identifier: BSD-2-Clause

/// A header read in place: a window on its bytes, checked once for length, and a property per field.
///
///     bytes   [ . . . . . . . . . . . . . . . . . . ]
///                       ^ offset
///     view              [ byteCount bytes ]            fields are read when they are asked for
///
/// A view may hold nonsense: only that the bytes are there is certain. Each view has the offsets of
/// its fields, and nothing else has them.
public protocol HeaderView: ~Escapable {
  /// Bytes of the header without options.
  static var byteCount: Int { get }

  /// What errors call the header.
  static var layer: ParseError.Layer { get }

  /// Reads the header that begins at `offset`; for those who know that it is there.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int)
}

extension HeaderView where Self: ~Escapable {
  /// Reads the header that the first bytes are.
  ///
  /// - Throws: `ParseError` `.tooShort` if there are fewer than `byteCount`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan) throws(ParseError) {
    guard bytes.byteCount >= Self.byteCount else {
      throw .tooShort(Self.layer, wanted: Self.byteCount, available: bytes.byteCount)
    }
    self.init(bytes, at: 0)
  }
}
