// SPDX-License-Identifier: BSD-2-Clause

extension Packet {
  /// Stops if the chain is not what every operation promises.
  ///
  /// BSD: `m_sanity`.
  public borrowing func checkInvariants() {
    var sum = 0
    var isFirst = true
    var mbuf: Mbuf? = head
    while let here = mbuf {
      here.checkSegment(isFirstOfPacket: isFirst)
      sum += here.byteCount
      isFirst = false
      mbuf = here.next
    }
    precondition(sum == byteCount, "\(sum) bytes in segments, \(byteCount) in the header")
  }
}

extension Mbuf {
  /// Stops if this is no mbuf that may stand in a chain.
  func checkSegment(isFirstOfPacket: Bool) {
    precondition(
      flags.contains(.packetHeader) == isFirstOfPacket,
      "a packet header is on the first mbuf of a packet and no other")
    precondition(nextPacket == nil, "what is not queued has no next packet")
    precondition(byteCount >= 0, "\(byteCount) bytes in a segment")
    let before = unsafe data - start
    precondition(
      before >= 0 && before + byteCount <= capacity,
      "bytes \(before)..<\(before + byteCount) of a storage of \(capacity)")
    precondition(isExternal == (kind != .inner), "kind \(kind), flags \(flags)")
  }
}
