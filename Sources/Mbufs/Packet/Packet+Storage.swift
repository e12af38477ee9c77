// SPDX-License-Identifier: BSD-2-Clause

// For system calls and libraries that read or fill a packet's storage by address. An address is
// good while the packet is alive and nothing else is done to it.

extension Packet {
  /// The free bytes behind the data of the last segment that has any, to be filled.
  ///
  /// What was filled becomes part of the packet by `extend(by:)`. The bytes are not zeroed.
  @unsafe
  public mutating func unsafeTail() -> UnsafeMutableRawBufferPointer {
    let mbuf = head.appendPosition
    return unsafe UnsafeMutableRawBufferPointer(start: mbuf.end, count: mbuf.tailroom)
  }

  /// Takes the first `byteCount` bytes of `unsafeTail()` into the packet.
  ///
  /// - Precondition: that many bytes are free there, and have been written.
  @unsafe
  public mutating func extend(by byteCount: Int) {
    let mbuf = head.appendPosition
    precondition(
      byteCount >= 0 && byteCount <= mbuf.tailroom, "extend \(byteCount) of \(mbuf.tailroom)")
    mbuf.byteCount += byteCount
    head.packetByteCount += byteCount
  }
}
