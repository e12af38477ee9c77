// SPDX-License-Identifier: BSD-2-Clause

extension Packet {
  /// Removes `byteCount` bytes from the front.
  ///
  /// Segments emptied behind the first are freed; the first stays, for the header.
  ///
  /// - Precondition: `byteCount` is within 0...`self.byteCount`.
  ///
  /// BSD: `m_adj` with a positive count; that one takes any count and stops at nothing left.
  @inlinable
  public mutating func trimFront(_ byteCount: Int) {
    precondition(
      byteCount >= 0 && byteCount <= self.byteCount, "trim \(byteCount) of \(self.byteCount)")
    head.packetByteCount -= byteCount
    guard byteCount <= head.byteCount else { return trimFrontSlow(byteCount) }
    head.trimFront(byteCount)
  }

  @usableFromInline
  @inline(never)
  func trimFrontSlow(_ byteCount: Int) {
    let here = head.byteCount
    head.trimFront(here)
    head.trimNext(byteCount - here)
  }

  /// Removes `byteCount` bytes from the back, and frees the segments behind the new end.
  ///
  /// - Precondition: `byteCount` is within 0...`self.byteCount`.
  ///
  /// BSD: `m_adj` with a negative count.
  @inlinable
  public mutating func trimBack(_ byteCount: Int) {
    precondition(
      byteCount >= 0 && byteCount <= self.byteCount, "trim \(byteCount) of \(self.byteCount)")
    head.packetByteCount -= byteCount
    guard head.next != nil else {
      head.byteCount -= byteCount
      return
    }
    trimBackSlow()
  }

  @usableFromInline
  @inline(never)
  func trimBackSlow() {
    head.trimChain(to: head.packetByteCount)
  }
}
