// SPDX-License-Identifier: BSD-2-Clause

extension Packet {
  /// Stops if the chain is not what every operation promises.
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
      if here.flags.contains(.packetHeader) != isFirst {
        return "a packet header is on the first mbuf and no other"
      }
      if here.nextPacket != nil { return "a packet that is not queued has no next packet" }
      if here.byteCount < 0 { return "\(here.byteCount) bytes in a segment" }
      if here.isExternal != (here.kind != .inner) {
        return "kind \(here.kind), flags \(here.flags)"
      }
      let before = unsafe here.data - here.start
      if before < 0 || before + here.byteCount > here.capacity {
        return "bytes \(before)..<\(before + here.byteCount) of a storage of \(here.capacity)"
      }
      sum += here.byteCount
      isFirst = false
      mbuf = here.next
    }
    return sum == byteCount ? nil : "\(sum) bytes in segments, \(byteCount) in the header"
  }
}
