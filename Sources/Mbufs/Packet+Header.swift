// SPDX-License-Identifier: BSD-2-Clause
import UMA

// The packet header between two packets. Its length stays with the bytes that it counts.

extension Packet {
  /// Makes what is known of `other`, tags and all, known of this packet too; what was known before
  /// is forgotten.
  ///
  /// The bytes and their number stay.
  ///
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  ///
  /// BSD: `m_dup_pkthdr`, which also copies the length and the storage's read-only mark.
  public mutating func copyHeader(
    from other: borrowing Packet, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    let tags = try other.head.copyOfTags(CallSite(file, line))
    head.takeHeader(of: other.head, byteCount, tags)
  }

  /// Takes over what is known of `other`, tags and all, of which nothing is known any more.
  ///
  /// The bytes of both, and their numbers, stay.
  ///
  /// BSD: `m_move_pkthdr`, which also moves the length.
  public mutating func moveHeader(from other: inout Packet) {
    let tags = other.head.firstTag
    if tags != nil { other.head.firstTag = nil }
    head.takeHeader(of: other.head, byteCount, tags)
    other.head.flags.subtract(.ofPacket)
    other.header = PacketHeader()
  }
}

extension Mbuf {
  /// Forgets what is known of the packet and takes another's header, with tags for it.
  fileprivate func takeHeader(of other: Mbuf, _ byteCount: Int, _ tags: Mbuf?) {
    dropTags()
    flags.subtract(.ofPacket)
    takeHeaderFields(of: other, 0..<byteCount)
    if tags != nil { firstTag = tags }
  }
}
