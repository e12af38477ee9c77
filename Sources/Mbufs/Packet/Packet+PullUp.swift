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
      pushFront(try unsafe head.pool.mbuf(holding: byteCount, .packetHeader, site))
    } else if head.byteCount + head.tailroom < byteCount {
      // In bounds: the storage is ours and large enough; the ranges may overlap.
      let start = unsafe head.start
      unsafe start.copyMemory(from: head.data, byteCount: head.byteCount)
      unsafe head.data = start
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
    // First the copies, all or none; then the exchange, which cannot fail. Whoever shares a
    // segment may let go at any time, so each copy is kept with the segment it was made from.
    var mbuf: Mbuf? = head
    var offset = 0
    while let here = mbuf, offset < range.upperBound {
      if here.mustBeCopied(offset, range) {
        do throws(MbufError) {
          here.nextPacket = try here.privateCopy(CallSite(file, line))
        } catch {
          dropCopies()
          throw error
        }
      }
      offset += here.byteCount
      mbuf = here.next
    }
    exchangeForCopies()
  }

  private func dropCopies() {
    var mbuf: Mbuf? = head
    while let here = mbuf {
      here.nextPacket?.freeChain()
      here.nextPacket = nil
      mbuf = here.next
    }
  }

  /// Puts each private copy in the place of the segment that it hangs on.
  private mutating func exchangeForCopies() {
    var previous: Mbuf?
    var mbuf: Mbuf? = head
    while let here = mbuf {
      let next = here.next
      if let copy = here.nextPacket {
        here.nextPacket = nil
        let last = copy.last
        last.next = next
        if let previous {
          previous.next = copy
        } else {
          here.movePacketHeader(to: copy)
          head = copy
        }
        here.freeOne()
        previous = last
      } else {
        previous = here
      }
      mbuf = next
    }
  }
}

extension Mbuf {
  /// Takes the next `count` bytes of the chain behind its own, and frees the mbufs this empties.
  ///
  /// The tailroom is at least `count`, and so many bytes follow.
  func absorb(_ count: Int) {
    var left = count
    while left > 0, let next {
      let piece = Swift.min(left, next.byteCount)
      // In bounds: the tailroom holds all that is left, and next has piece bytes.
      unsafe end.copyMemory(from: next.data, byteCount: piece)
      byteCount += piece
      unsafe next.data += piece
      next.byteCount -= piece
      left -= piece
      if next.byteCount == 0 {
        next.moveEndOfRecord(to: self)
        self.next = next.next
        next.freeOne()
      }
    }
  }

  /// Takes the type of an mbuf whose bytes it holds now, or stands before.
  func takeType(of other: Mbuf) {
    if type != other.type { type = other.type }
  }

  /// The same for each mbuf from here on.
  func takeTypeInChain(of other: Mbuf) {
    var mbuf: Mbuf? = self
    while let here = mbuf {
      here.takeType(of: other)
      mbuf = here.next
    }
  }

  func mustBeCopied(_ offset: Int, _ range: Range<Int>) -> Bool {
    !isWritable && byteCount > 0 && offset < range.upperBound
      && offset + byteCount > range.lowerBound
  }

  /// A chain of its own with the same bytes, that can stand in this mbuf's place.
  func privateCopy(_ site: CallSite) throws(MbufError) -> Mbuf {
    // Room for a packet header in any case, should this be the first mbuf.
    let copy = try unsafe pool.roomForCopy(byteCount, longest: byteCount, site)
    var writer = ChainWriter(copy)
    unsafe writer.write(UnsafeRawBufferPointer(start: data, count: byteCount))
    copy.dropPacketHeader()
    // The copy's mark is its own: if the exchange is off, this mbuf keeps its.
    copy.last.endsRecord = endsRecord
    copy.takeTypeInChain(of: self)
    return copy
  }
}
