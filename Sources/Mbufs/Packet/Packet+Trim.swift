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
    // In bounds: the data has at least that many bytes.
    unsafe head.data += byteCount
    head.byteCount -= byteCount
  }

  @usableFromInline
  @inline(never)
  func trimFrontSlow(_ byteCount: Int) {
    var left = byteCount - head.byteCount
    unsafe head.data += head.byteCount
    head.byteCount = 0
    while left > 0, let next = head.next {
      let count = Swift.min(left, next.byteCount)
      unsafe next.data += count
      next.byteCount -= count
      left -= count
      if next.byteCount == 0 {
        next.moveEndOfRecord(to: head)
        head.next = next.next
        next.freeOne()
      }
    }
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
    var left = head.packetByteCount
    var mbuf = head
    while mbuf.byteCount < left, let next = mbuf.next {
      left -= mbuf.byteCount
      mbuf = next
    }
    mbuf.byteCount = left
    if let rest = mbuf.next {
      rest.last.moveEndOfRecord(to: mbuf)
      rest.freeChain()
      mbuf.next = nil
    }
  }
}
