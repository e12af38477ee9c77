// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension MbufPool {
  /// An empty packet with room for at least `byteCount` bytes in one piece, in the smallest storage
  /// that has it.
  ///
  ///     ...168      in the mbuf
  ///     ...16,384   in a cluster of the smallest size that holds them
  ///
  /// - Parameters:
  ///   - byteCount: bytes of room, at least 0.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.tooLong` beyond `MbufLayout.largestContiguousByteCount`, `.exhausted`;
  ///   nothing was allocated.
  ///
  /// BSD: `m_get2`.
  public func packet(
    contiguous byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    precondition(byteCount >= 0, "room for \(byteCount) bytes")
    return Packet(
      try unsafe core.mbuf(holding: byteCount, .packetHeader, CallSite(file, line)))
  }
}

extension UnsafeMutablePointer<PoolCore> {
  /// An empty mbuf with room for `byteCount` bytes in one piece: the smallest that there is.
  ///
  /// BSD: `m_get2`.
  func mbuf(holding byteCount: Int, _ flags: MbufFlags, _ site: CallSite) throws(MbufError)
    -> Mbuf
  {
    let limit = MbufLayout.largestContiguousByteCount
    guard byteCount <= limit else { throw .tooLong(wanted: byteCount, limit: limit) }
    return try unsafe piece(byteCount, .jumbo16, flags, site)
  }
}
