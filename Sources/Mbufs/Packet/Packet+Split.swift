// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension Packet {
  /// Cuts the packet in two; it keeps the first `offset` bytes and the rest is returned.
  ///
  ///     before  [ 100 ]->[ 1400 ]              split(at: 60)
  ///     self    [ 60 ]
  ///     result  [ 40 ]->[ 1400 ]               with a header like ours, less offsets into us and tags
  ///
  /// Where the cut goes through a cluster, up to 168 bytes are copied; beyond that both halves
  /// share the cluster and neither may write it.
  ///
  /// - Parameters:
  ///   - offset: bytes to keep.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.tooShort` if the packet has fewer bytes, `.exhausted`; the packet is
  ///   unchanged.
  /// - Complexity: O(segments).
  ///
  /// BSD: `m_split`.
  public mutating func split(
    at offset: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    precondition(offset >= 0, "split at \(offset)")
    guard offset <= byteCount else { throw .tooShort(wanted: offset, available: byteCount) }
    // At a boundary the cut is behind an mbuf, not before the next, unless that is the first.
    let (mbuf, before) = head.boundary(offset)
    let tail = try mbuf.splitOff(from: before, CallSite(file, line))
    if offset == byteCount { tail.last.moveEndOfRecord(to: mbuf) }
    tail.takeHeaderFields(of: head, offset..<byteCount)
    head.packetByteCount = offset
    return Packet(tail)
  }
}
