// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension Packet {
  /// Lends the pieces of a range to `body` to be changed in place, in order, until it throws.
  ///
  /// No piece is empty, and together they are the range. What `body` throws is thrown on; the
  /// pieces before stay as it left them.
  ///
  /// - Parameters:
  ///   - range: the bytes to change; the whole packet if left out.
  ///   - body: gets each piece.
  /// - Precondition: the range is inside the packet and writable; see `makeWritable(_:)`.
  ///
  /// BSD: `m_apply`, which does not ask who else sees the storage.
  public mutating func forEachMutableSegment<Failure: Error>(
    in range: Range<Int>? = nil, _ body: (inout MutableRawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    let range = range ?? 0..<byteCount
    precondition(
      range.lowerBound >= 0 && range.upperBound <= byteCount, "bytes \(range) of \(byteCount)")
    for piece in head.pieces(range.lowerBound, range.count) {
      precondition(
        piece.mbuf.isWritable, "\(piece.byteCount) bytes of \(range) are shared or read-only")
      var bytes = piece.mbuf.mutableBytes(piece.offset, piece.byteCount)
      try body(&bytes)
    }
  }

  /// Places the data of an empty packet so that an object of `byteCount` bytes, once appended, ends
  /// at the end of the first segment's storage, or up to 7 bytes before.
  ///
  /// It begins a multiple of 8 bytes into the storage; all before it is headroom for headers.
  ///
  /// - Precondition: the packet has no bytes, and the storage has at least `byteCount`.
  ///
  /// BSD: `m_align`, `M_ALIGN`, `MH_ALIGN`.
  public mutating func alignToEnd(_ byteCount: Int) {
    precondition(self.byteCount == 0, "align a packet that has \(self.byteCount) bytes")
    precondition(
      byteCount >= 0 && byteCount <= head.capacity, "align \(byteCount) of \(head.capacity)")
    head.placeAtEnd(byteCount)
  }
}

extension MbufPool {
  /// A packet holding a copy of `bytes` that `transform` has changed, piece by piece in order.
  ///
  ///     let packet = try pool.packet(copying: frame) { piece in cipher.decrypt(&piece) }
  ///
  /// - Parameters:
  ///   - bytes: what to copy, any number.
  ///   - headroom: bytes kept free in front, 0...2,048; more segments are used if need be.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  ///   - transform: gets each piece of the copy, to be changed in place; none is empty.
  /// - Throws: `MbufError.exhausted`; nothing was allocated, and `transform` not called.
  ///
  /// BSD: `m_devget` with a copy function.
  public func packet(
    copying bytes: RawSpan, headroom: Int = 0, file: StaticString = #fileID, line: UInt = #line,
    transform: (inout MutableRawSpan) -> Void
  ) throws(MbufError) -> Packet {
    var packet = try packet(copying: bytes, headroom: headroom, file: file, line: line)
    packet.forEachMutableSegment(transform)
    return packet
  }
}
