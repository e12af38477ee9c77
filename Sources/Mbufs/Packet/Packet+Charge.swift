// SPDX-License-Identifier: BSD-2-Clause

extension Packet {
  /// Bytes of memory that the packet holds, used or not: what a queue with a limit is charged.
  ///
  ///     256 per mbuf + the whole of its cluster or lent storage, if it has one
  ///
  /// Storage that several packets share is charged to each of them in full.
  ///
  /// - Complexity: O(segments).
  ///
  /// BSD: `sballoc`, which adds MSIZE and `ext_size` to `sb_mbcnt`.
  @inlinable
  public var storageByteCount: Int {
    var sum = 0
    for mbuf in head.chain { sum += mbuf.charge }
    return sum
  }
}
