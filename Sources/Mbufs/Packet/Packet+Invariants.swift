// SPDX-License-Identifier: BSD-2-Clause

extension Packet {
  /// Traps if the chain is not what every operation promises.
  ///
  /// BSD also repairs a wrong length; here no operation lets a caller set it.
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
    for mbuf in head.chain {
      if let broken = mbuf.brokenRule(isFirstOfPacket: mbuf == head) { return broken }
      sum += mbuf.byteCount
    }
    return sum == byteCount ? nil : "\(sum) bytes in segments, \(byteCount) in the header"
  }
}
