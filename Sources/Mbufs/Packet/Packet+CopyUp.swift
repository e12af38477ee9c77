// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension Packet {
  /// Moves the first `byteCount` bytes into a new first segment, `headroom` bytes into its storage.
  ///
  ///     before  [ 6 ]->[ 40 ]->[ 1400 ]                     copyUp(28, headroom: 64)
  ///     after   [..64 free..| 28 ]->[ 18 ]->[ 1400 ]
  ///
  /// The segment is new even if the bytes were contiguous: they are aligned as `headroom` says, and
  /// there is writable room in front of them.
  ///
  /// - Parameters:
  ///   - byteCount: bytes to move, at least 0.
  ///   - headroom: bytes kept free in front, at least 0.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.tooShort` if the packet has fewer bytes, `.tooLong` if no storage holds
  ///   headroom and bytes, `.exhausted`; the packet is unchanged.
  /// - Complexity: O(`byteCount`) bytes copied, one mbuf allocated.
  ///
  /// BSD: `m_copyup`, which frees the chain on failure.
  public mutating func copyUp(
    _ byteCount: Int, headroom: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    precondition(
      byteCount >= 0 && headroom >= 0, "copy up of \(byteCount) bytes behind \(headroom)")
    guard byteCount <= self.byteCount else {
      throw .tooShort(wanted: byteCount, available: self.byteCount)
    }
    let (room, isOver) = byteCount.addingReportingOverflow(headroom)
    let front = try head.pool.mbuf(
      holding: isOver ? .max : room, .packetHeader, CallSite(file, line))
    front.place(headroom: headroom)
    pushFront(front)
    front.absorb(byteCount)
  }
}
