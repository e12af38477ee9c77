// SPDX-License-Identifier: BSD-2-Clause
import UMA

// The packet header between two packets. Its length stays with the bytes that it counts.

extension Packet {
  /// Makes what is known of `other` known of this packet too, by copies of its tags as well; what
  /// was known before is forgotten, and its tags end.
  ///
  /// The bytes and their number stay.
  ///
  /// - Throws: `MbufError.exhausted` if no mbuf is free for a tag; the packet is unchanged.
  ///
  /// BSD: `m_dup_pkthdr`, which also copies the length and the storage's read-only mark.
  public mutating func copyHeader(
    from other: borrowing Packet, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    replaceHeader(by: other.head, try other.head.copyOfTags(CallSite(file, line)))
  }

  /// Takes over what is known of `other`, tags and all; the other's header is then as new.
  ///
  /// The bytes of both, and their numbers, stay.
  ///
  /// BSD: `m_move_pkthdr`, which also moves the length.
  public mutating func moveHeader(from other: inout Packet) {
    let tags = other.head.firstTag
    if tags != nil { other.head.firstTag = nil }
    replaceHeader(by: other.head, tags)
    other.head.flags.subtract(.ofPacket)
    other.header = PacketHeader()
  }

  private func replaceHeader(by other: Mbuf, _ tags: Mbuf?) {
    head.dropTags()
    head.flags.subtract(.ofPacket)
    head.takeHeaderFields(of: other, 0..<byteCount)
    if tags != nil { head.firstTag = tags }
  }
}
