// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension Packet {
  /// Makes room for `byteCount` more bytes, which can then be appended without an allocation.
  ///
  ///     before  [ 40 bytes |..free..]
  ///     after   [ 40 bytes |..free..]->[........]->[........]     no bytes in them yet
  ///
  /// The room is that of several segments, where `tailroom` tells of one. Joining frees what is
  /// still unused.
  /// - Parameters:
  ///   - byteCount: bytes of room behind the last one, at least 0.
  ///   - largest: the largest clusters to take; each piece is the smallest that holds the rest.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  /// - Precondition: the packet would not outgrow `MbufLayout.largestPacketByteCount`.
  /// - Complexity: O(segments); allocates only what the room behind the last byte lacks.
  ///
  /// BSD: `m_getm2` behind an mbuf.
  public mutating func reserveTailroom(
    _ byteCount: Int, upTo largest: ClusterSize = .standard, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(MbufError) {
    precondition(byteCount >= 0, "room for \(byteCount) bytes")
    _ = try makeRoom(byteCount, upTo: largest, CallSite(file, line))
  }

  /// Puts a cluster in the place of inner storage, for the segment that appended bytes go to.
  ///
  ///     before  [ 60 |..156..]      attachCluster()
  ///     after   [ 60 |..1988..]     bytes and headroom as they were, and its own to write
  ///
  /// - Parameters:
  ///   - size: of the cluster.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  /// - Precondition: the last segment that has bytes, or the first of none, has inner storage.
  ///
  /// BSD: `m_clget`, `m_cljget`, which forget the bytes.
  public mutating func attachCluster(
    _ size: ClusterSize = .standard, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    let mbuf = head.appendPosition
    precondition(!mbuf.isExternal, "the segment has \(mbuf.capacity) bytes of storage attached")
    try mbuf.pool.attachCluster(mbuf, size, CallSite(file, line))
    mbuf.flags.remove(.readOnly)
  }
}
