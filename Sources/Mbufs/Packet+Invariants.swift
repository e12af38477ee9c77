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
      precondition(
        here.flags.contains(.packetHeader) == isFirst,
        "a packet header is on the first mbuf and no other")
      precondition(here.nextPacket == nil, "a packet that is not queued has no next packet")
      precondition(here.byteCount >= 0, "\(here.byteCount) bytes in a segment")
      let before = unsafe here.data - here.start
      precondition(
        before >= 0 && before + here.byteCount <= here.capacity,
        "bytes \(before)..<\(before + here.byteCount) of a storage of \(here.capacity)")
      precondition(
        here.isExternal == (here.kind != .inner), "kind \(here.kind), flags \(here.flags)")
      sum += here.byteCount
      isFirst = false
      mbuf = here.next
    }
    precondition(sum == byteCount, "\(sum) bytes in segments, \(byteCount) in the header")
  }
}
