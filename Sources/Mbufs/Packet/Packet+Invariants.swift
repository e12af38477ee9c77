// SPDX-License-Identifier: BSD-2-Clause

extension Packet {
  /// Traps if the chain is not what every operation promises.
  ///
  /// There is nothing to put right, as BSD does for a length that has gone wrong: no operation lets
  /// a caller set it.
  ///
  /// BSD: `m_sanity`, `m_fixhdr`.
  public borrowing func checkInvariants() {
    if let broken = brokenInvariant() { preconditionFailure(broken) }
  }

  /// The first rule that the chain breaks, in a sentence with the numbers; nil if it keeps them all.
  ///
  /// - Complexity: O(segments).
  ///
  /// BSD: `m_sanity`, which prints it.
  public borrowing func brokenInvariant() -> String? {
    var sum = 0
    var isFirst = true
    var mbuf: Mbuf? = head
    while let here = mbuf {
      if let broken = here.brokenRule(isFirstOfPacket: isFirst) { return broken }
      sum += here.byteCount
      isFirst = false
      mbuf = here.next
    }
    return sum == byteCount ? nil : "\(sum) bytes in segments, \(byteCount) in the header"
  }
}

extension Mbuf {
  /// Traps if this is no mbuf that may stand in a chain.
  func checkSegment(isFirstOfPacket: Bool) {
    if let broken = brokenRule(isFirstOfPacket: isFirstOfPacket) { preconditionFailure(broken) }
  }

  /// What keeps this mbuf from standing in a chain, or nil.
  func brokenRule(isFirstOfPacket: Bool) -> String? {
    if flags.contains(.packetHeader) != isFirstOfPacket {
      return "a packet header is on the first mbuf of a packet and no other"
    }
    if nextPacket != nil { return "what is not queued has no next packet" }
    if endsRecord, next != nil { return "a record's end is marked on the last mbuf and no other" }
    if byteCount < 0 { return "\(byteCount) bytes in a segment" }
    if isExternal != (kind != .inner) { return "kind \(kind), flags \(flags)" }
    let before = unsafe data - start
    if before < 0 || before + byteCount > capacity {
      return "bytes \(before)..<\(before + byteCount) of a storage of \(capacity)"
    }
    return nil
  }
}
