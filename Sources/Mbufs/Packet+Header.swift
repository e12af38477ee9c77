// SPDX-License-Identifier: BSD-2-Clause

// The packet header between two packets. Its length stays with the bytes that it counts.

extension Packet {
  /// Makes what is known of `other` known of this packet too; what was known before is forgotten.
  ///
  /// The bytes and their number stay.
  ///
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  ///
  /// BSD: `m_dup_pkthdr`, which also copies the length and the storage's read-only mark.
  public mutating func copyHeader(from other: borrowing Packet) throws(MbufError) {
    head.flags.subtract(.ofPacket)
    head.takeHeader(of: other.head, 0..<byteCount)
  }

  /// Takes over what is known of `other`, of which nothing is known any more.
  ///
  /// The bytes of both, and their numbers, stay.
  ///
  /// BSD: `m_move_pkthdr`, which also moves the length.
  public mutating func moveHeader(from other: inout Packet) {
    head.flags.subtract(.ofPacket)
    head.takeHeader(of: other.head, 0..<byteCount)
    other.head.flags.subtract(.ofPacket)
    other.header = PacketHeader()
  }
}
