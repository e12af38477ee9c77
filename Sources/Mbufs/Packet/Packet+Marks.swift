// SPDX-License-Identifier: BSD-2-Clause
//
// What is marked on mbufs, and where it goes when packets are cut, joined and copied.
//
// The mark of a record's end has one rule: **the part with the record's last byte has it.** A packet
// is a record or a part of one, and its last byte is the last of the record if it is marked. So the
// mark says something of the bytes and never of how they lie:
//
//     split         the rest has it; the front keeps it if the rest has no bytes
//     copy          has it if it reaches the last byte; or the packet has none, and all is copied
//     trim          the record loses bytes, and what is left of it still ends it
//     grow          added bytes belong to the record, in front and behind
//     join          the record goes on with the other's bytes, and ends if they end it;
//                   if there are none, with ours
//     rearrange     (pull, collapse, defragment, make writable) stays
//
// In the chain that is one equation, which `checkInvariants()` checks:
//
//     .endOfRecord on an mbuf  =>  it is the last of its chain
//
// Code that links mbufs behind one that may be marked moves the mark to the new last one.

extension Packet {
  /// What the first segment holds; setting it sets that of every segment.
  ///
  /// The pool counts its mbufs by type.
  ///
  /// BSD: `m_chtype`, `MCHTYPE`.
  public var type: MbufType {
    @inlinable
    get { head.type }
    set {
      for mbuf in head.chain { mbuf.type = newValue }
    }
  }

  /// Whether a record ends with this packet.
  ///
  /// It stays with the last byte, however the bytes lie: of a packet that is split the rest has the
  /// mark, of copies those that reach the end. Trimmed, the packet still ends its record; joined with
  /// more bytes, it ends one if these do. In a socket buffer, what is appended behind a record that
  /// has ended is another one, unless it is appended as a stream, which goes on and drops the mark.
  ///
  /// - Complexity: O(segments).
  ///
  /// BSD: M_EOR on an mbuf of it, MSG_EOR. There the mark stays on some mbuf or is lost, as the bytes
  /// happen to lie.
  public var endsRecord: Bool {
    get { head.last.endsRecord }
    set { head.last.endsRecord = newValue }
  }

  /// Marks the storage of every segment as not to be written, for as long as it is a packet's.
  ///
  /// Shared copies made from now on have the mark; private copies do not.
  ///
  /// BSD: `M_RDONLY`.
  public mutating func markReadOnly() {
    for mbuf in head.chain { mbuf.flags.insert(.readOnly) }
  }
}
