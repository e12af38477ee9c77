// SPDX-License-Identifier: BSD-2-Clause

/// The first bytes of a frame that lies in pieces, copied together so that its headers can be read.
///
///     pieces   [ 6 ]  [ 40 ]  [ 1400 .................. ]
///     prefix   [ 6  40  110 ]                                capacity 156
///
/// Up to 256 bytes are held in place; more, which only long IPv6 extension headers ask for, are
/// allocated.
package struct FramePrefix: ~Copyable {
  private var short = InlineArray<256, UInt8>(repeating: 0)
  private var long: [UInt8] = []
  /// Bytes that are wanted.
  package let capacity: Int
  /// Bytes that are there.
  package private(set) var byteCount = 0

  /// Nothing yet of the first `capacity` bytes.
  ///
  /// - Parameter capacity: bytes wanted, 0 or more.
  package init(capacity: Int) {
    precondition(capacity >= 0, "a prefix of \(capacity) bytes")
    self.capacity = capacity
    if capacity > short.count { long.reserveCapacity(capacity) }
  }

  /// Copies what is still wanted of the next piece.
  package mutating func append(_ piece: RawSpan) {
    let count = min(piece.byteCount, capacity - byteCount)
    for index in 0..<count {
      let byte = FixedBytes<1>(piece, at: index).uint8(at: 0)
      if capacity > short.count {
        long.append(byte)
      } else {
        short[byteCount + index] = byte
      }
    }
    byteCount += count
  }

  /// The bytes that are there, in one piece.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      capacity > short.count ? long.bytes : short.bytes.extracting(first: byteCount)
    }
  }
}
