// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension PoolCore {
  /// A chain of empty mbufs with room for `byteCount` bytes, all or nothing.
  ///
  /// Whole clusters of the largest size allowed, then the smallest mbuf that holds the rest.
  ///
  /// BSD: `m_getm2`.
  func chain(
    _ byteCount: Int, upTo largest: ClusterSize = .standard, _ flags: MbufFlags, _ site: CallSite
  ) throws(MbufError) -> Mbuf {
    precondition(
      (0...MbufLayout.largestPacketByteCount).contains(byteCount),
      "room for \(byteCount) bytes, at most \(MbufLayout.largestPacketByteCount)")
    let first = try piece(byteCount, largest, flags, site)
    var room = first.capacity
    var tail = first
    while room < byteCount {
      do throws(MbufError) {
        let next = try piece(byteCount - room, largest, [], site)
        tail.next = next
        tail = next
        room += next.capacity
      } catch {
        first.freeChain()
        throw error
      }
    }
    return first
  }

  /// Room for a copy of a chain: in clusters as large as its longest segment needs, so that what was
  /// in one piece can be so again, or in standard ones if there are none of that size.
  func roomForCopy(
    _ byteCount: Int, longest: Int, _ site: CallSite
  ) throws(MbufError) -> Mbuf {
    if longest > MbufLayout.clusterByteCount {
      let largest = ClusterSize.holding(longest) ?? .jumbo16
      if let chain = try? chain(byteCount, upTo: largest, .packetHeader, site) { return chain }
    }
    return try chain(byteCount, .packetHeader, site)
  }
}
