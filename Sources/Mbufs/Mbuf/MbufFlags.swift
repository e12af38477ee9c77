// SPDX-License-Identifier: BSD-2-Clause

/// Marks on one mbuf.
///
/// BSD: `m_flags`. Whether data may be written belongs to its storage, so `.readOnly` is never
/// copied with a packet header, as it is there.
@frozen
@usableFromInline
struct MbufFlags: OptionSet, Sendable {
  /// The marks as bits.
  @usableFromInline let rawValue: UInt16

  /// Marks from bits.
  @inlinable
  init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The data is in external storage (M_EXT).
  @inlinable static var external: MbufFlags { MbufFlags(rawValue: 0x0001) }
  /// The mbuf is the first of a packet (M_PKTHDR).
  @inlinable static var packetHeader: MbufFlags { MbufFlags(rawValue: 0x0002) }
  /// The record ends with this mbuf (M_EOR).
  @inlinable static var endOfRecord: MbufFlags { MbufFlags(rawValue: 0x0004) }
  /// The storage must not be written (M_RDONLY).
  @inlinable static var readOnly: MbufFlags { MbufFlags(rawValue: 0x0008) }
  /// Sent to the link's broadcast address (M_BCAST).
  @inlinable static var broadcast: MbufFlags { MbufFlags(rawValue: 0x0010) }
  /// Sent to a multicast address of the link (M_MCAST).
  @inlinable static var multicast: MbufFlags { MbufFlags(rawValue: 0x0020) }
  /// The storage was shared at some time, so its counter must be asked.
  ///
  /// Never set means sole owner.
  @inlinable static var shared: MbufFlags { MbufFlags(rawValue: 0x8000) }
  /// The packet has tags, which end with its header.
  @inlinable static var tagged: MbufFlags { MbufFlags(rawValue: 0x4000) }
  /// The type is not `.data`, so the mbuf is counted under it.
  @inlinable static var typed: MbufFlags { MbufFlags(rawValue: 0x2000) }

  /// The marks with which an mbuf takes more to free than giving it back to its zone: `.shared`,
  /// `.tagged`, `.typed`.
  @inlinable static var heavy: MbufFlags { MbufFlags(rawValue: 0xe000) }

  /// The marks with which the storage may not be the mbuf's alone to write: `.shared`, `.readOnly`.
  @inlinable static var guarded: MbufFlags { MbufFlags(rawValue: 0x8008) }

  /// The marks that move with a packet header: `.broadcast`, `.multicast`.
  static var ofPacket: MbufFlags { MbufFlags(rawValue: 0x0030) }
}
