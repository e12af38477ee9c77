// SPDX-License-Identifier: BSD-2-Clause
//
// Bytes of the whole packet as values. A span borrows its packet, and the compiler lets nobody
// consume a `let` packet that a span has borrowed; a value borrows nothing, so the packet can be
// handed on afterwards. <doc:LookThenHandOn> has the rule.
//
//     [ 14 20 ]->[ 0 ]->[ 6 1400 ]      uint16(at: 33)  crosses segments: byte by byte
//                                       uint16(at: 12)  one load from the first segment

extension Packet {
  /// The byte at an offset.
  ///
  /// - Parameter offset: bytes from the packet's start, at least 0.
  /// - Throws: `MbufError.tooShort` if the packet ends before it.
  /// - Complexity: O(1) in the first segment, else O(segments).
  @inlinable
  public borrowing func uint8(at offset: Int) throws(MbufError) -> UInt8 {
    precondition(offset >= 0, "a byte at \(offset)")
    guard offset < head.byteCount else {
      return UInt8(truncatingIfNeeded: try numberSlow(at: offset, 1))
    }
    // In bounds: compared above.
    return unsafe head.data.load(fromByteOffset: offset, as: UInt8.self)
  }

  /// The 16-bit number at an offset, most significant byte first.
  ///
  /// - Parameter offset: bytes from the packet's start, at least 0.
  /// - Throws: `MbufError.tooShort` if the packet ends before its last byte.
  /// - Complexity: O(1) in the first segment, else O(segments).
  @inlinable
  public borrowing func uint16(at offset: Int) throws(MbufError) -> UInt16 {
    precondition(offset >= 0, "2 bytes at \(offset)")
    guard offset <= head.byteCount - 2 else {
      return UInt16(truncatingIfNeeded: try numberSlow(at: offset, 2))
    }
    // In bounds: compared above.
    return unsafe UInt16(
      bigEndian: head.data.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  /// The 32-bit number at an offset, most significant byte first.
  ///
  /// - Parameter offset: bytes from the packet's start, at least 0.
  /// - Throws: `MbufError.tooShort` if the packet ends before its last byte.
  /// - Complexity: O(1) in the first segment, else O(segments).
  @inlinable
  public borrowing func uint32(at offset: Int) throws(MbufError) -> UInt32 {
    precondition(offset >= 0, "4 bytes at \(offset)")
    guard offset <= head.byteCount - 4 else { return try numberSlow(at: offset, 4) }
    // In bounds: compared above.
    return unsafe UInt32(
      bigEndian: head.data.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The number of up to 4 bytes that does not lie in the first segment alone.
  @usableFromInline
  @inline(never)
  borrowing func numberSlow(at offset: Int, _ byteCount: Int) throws(MbufError) -> UInt32 {
    try checkEnd(offset, byteCount)
    var number: UInt32 = 0
    for piece in head.pieces(offset, byteCount) {
      for index in 0..<piece.byteCount {
        let byte = unsafe piece.bytes.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
        number = number << 8 | UInt32(byte)
      }
    }
    return number
  }

  /// A copy of the bytes in a range.
  ///
  /// - Throws: `MbufError.tooShort` if the packet ends before the range.
  /// - Precondition: the range begins at 0 or behind.
  ///
  /// BSD: `m_copydata`.
  public borrowing func copyBytes(in range: Range<Int>) throws(MbufError) -> [UInt8] {
    precondition(range.lowerBound >= 0, "a copy of bytes \(range)")
    try checkEnd(range.lowerBound, range.count)
    var copy: [UInt8] = []
    copy.reserveCapacity(range.count)
    for piece in head.pieces(range.lowerBound, range.count) {
      unsafe piece.bytes.withUnsafeBytes { bytes in unsafe copy.append(contentsOf: bytes) }
    }
    return copy
  }

  /// Throws if the packet ends before `byteCount` bytes from `offset` on.
  borrowing func checkEnd(_ offset: Int, _ byteCount: Int) throws(MbufError) {
    guard offset <= self.byteCount - byteCount else {
      let (wanted, isOver) = offset.addingReportingOverflow(byteCount)
      throw .tooShort(wanted: isOver ? .max : wanted, available: self.byteCount)
    }
  }
}

extension [UInt8] {
  /// A copy of all bytes of a packet.
  ///
  /// - Complexity: O(bytes).
  public init(copying packet: borrowing Packet) {
    do throws(MbufError) {
      self = try packet.copyBytes(in: 0..<packet.byteCount)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
