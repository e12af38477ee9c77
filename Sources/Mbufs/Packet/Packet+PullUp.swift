// SPDX-License-Identifier: BSD-2-Clause
public import UMA

extension Packet {
  /// Makes the first `byteCount` bytes of the packet contiguous, so that a header can be read in place.
  ///
  ///     before  [ 6 ]->[ 40 ]->[ 1400 ]        pullUp(28)
  ///     after   [ 28 ]->[ 18 ]->[ 1400 ]       bytes and order unchanged, segments may differ
  ///
  /// - Parameters:
  ///   - byteCount: bytes wanted, at least 0.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.tooShort` if the packet has fewer bytes, `.tooLong` if no storage has so
  ///   many, `.exhausted` if no mbuf is free; the packet is unchanged.
  /// - Complexity: O(`byteCount`) bytes copied, at most one mbuf allocated; nothing at all if the
  ///   bytes are contiguous already.
  ///
  /// BSD: `m_pullup` (sys/kern/uipc_mbuf.c); that one frees the chain on failure.
  @inlinable
  public mutating func pullUp(
    _ byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    if byteCount <= head.byteCount, byteCount >= 0 { return }
    try pullUpSlow(byteCount, CallSite(file, line))
  }

  @usableFromInline
  @inline(never)
  mutating func pullUpSlow(_ byteCount: Int, _ site: CallSite) throws(MbufError) {
    precondition(byteCount >= 0, "pull up of \(byteCount) bytes")
    guard byteCount <= self.byteCount else {
      throw .tooShort(wanted: byteCount, available: self.byteCount)
    }
    if !head.isWritable || head.capacity < byteCount {
      pushFront(try head.pool.mbuf(holding: byteCount, .packetHeader, site))
    } else if head.byteCount + head.tailroom < byteCount {
      head.moveData(toOffset: 0)
    }
    head.absorb(byteCount - head.byteCount)
  }

  /// Puts an empty mbuf in front, which then is the first of the packet.
  mutating func pushFront(_ front: Mbuf) {
    front.takeType(of: head)
    front.next = head
    head.movePacketHeader(to: front)
    head = front
  }

  /// Makes bytes of the packet writable in place: those shared or read-only are copied.
  ///
  /// - Parameters:
  ///   - range: the bytes that must be writable; the whole packet if left out.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  /// - Precondition: the range is inside the packet.
  ///
  /// BSD: `m_unshare`.
  public mutating func makeWritable(
    _ range: Range<Int>? = nil, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    let range = range ?? 0..<byteCount
    precondition(
      range.lowerBound >= 0 && range.upperBound <= byteCount, "bytes \(range) of \(byteCount)")
    if range.isEmpty { return }
    // First the copies, all or none; then the exchange, which cannot fail. The other holder of a
    // shared segment may end at any time, so each copy is kept with the segment it was made from.
    var hasCopies = false
    for piece in head.pieces(range.lowerBound, range.count) where !piece.mbuf.isWritable {
      hasCopies = true
      do throws(MbufError) {
        piece.mbuf.nextPacket = try piece.mbuf.privateCopy(CallSite(file, line))
      } catch {
        dropCopies()
        throw error
      }
    }
    if hasCopies { exchangeForCopies() }
  }

  private func dropCopies() {
    for mbuf in head.chain {
      mbuf.nextPacket?.freeChain()
      mbuf.nextPacket = nil
    }
  }

  /// Puts each private copy in the place of the segment that it hangs on.
  private mutating func exchangeForCopies() {
    var previous: Mbuf?
    for mbuf in head.chain {
      guard let copy = mbuf.nextPacket else {
        previous = mbuf
        continue
      }
      mbuf.nextPacket = nil
      let last = copy.last
      last.next = mbuf.next
      if let previous {
        previous.next = copy
      } else {
        mbuf.movePacketHeader(to: copy)
        head = copy
      }
      mbuf.freeOne()
      previous = last
    }
  }
}
