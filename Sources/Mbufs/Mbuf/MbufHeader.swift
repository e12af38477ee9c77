// SPDX-License-Identifier: BSD-2-Clause
//
// An mbuf is 256 bytes, aligned to 256. Three overlays of the same bytes:
//
//      0        40                  88          120                        256
//      | header | data ............................................ (216) |   inner, plain
//      | header | packet header     | data ........................ (168) |   inner, first of packet
//      | header | (packet header)   | storage    | unused                |   external: data elsewhere
//
//     header           0 next mbuf of the packet
//                      8 next packet of the queue
//                     16 first byte of the data
//                     24 bytes of data (32 bits)
//                     28 flags (16), type (8), storage kind (8)
//                     32 pool
//     packet header   40 bytes in the packet (32), bytes on the wire (32)
//                     48 time stamp in ns (64)
//                     56 interface (32), link type (32)
//                     64 checksum state (8), 8 spare bits, VLAN tag (16), flow hash (32)
//                     72 network offset (16), transport offset (16), 4 spare bytes
//                     80 first tag
//     storage         88 first byte, 96 bytes (32), 104 reference counter, 112 owner
//
// The storage descriptor stands behind the packet header's place whether or not there is one, so
// an external mbuf can become the first of a packet without an allocation.
//
//     start <= data, data + byteCount <= start + capacity
//     packetByteCount == sum of byteCount over the chain
//     only the first mbuf has .packetHeader or a next packet
//
// `pool` is written once, when the memory becomes an mbuf, and stays. The storage of a mbuf in the
// packet zone is written when the mbuf enters that zone and stays until it leaves it.

import UMA

/// What every mbuf begins with, and the sizes that follow from it.
///
/// BSD: `struct m_hdr`, `struct pkthdr`, `struct m_ext` (sys/sys/mbuf.h).
@usableFromInline
@unsafe
struct MbufHeader {
  @usableFromInline var next: UnsafeMutablePointer<MbufHeader>?
  @usableFromInline var nextPacket: UnsafeMutablePointer<MbufHeader>?
  @usableFromInline var data: UnsafeMutableRawPointer
  @usableFromInline var byteCount: Int32
  @usableFromInline var flags: MbufFlags
  @usableFromInline var type: MbufType
  @usableFromInline var kind: StorageKind
  @usableFromInline var pool: UnsafeMutablePointer<PoolCore>

  @inlinable
  init(pool: UnsafeMutablePointer<PoolCore>, data: UnsafeMutableRawPointer) {
    unsafe next = nil
    unsafe nextPacket = nil
    unsafe self.data = data
    unsafe byteCount = 0
    unsafe flags = []
    unsafe type = .data
    unsafe kind = .inner
    unsafe self.pool = pool
  }
}

/// Sizes of mbufs and clusters in bytes.
///
/// BSD: `MSIZE`, `MLEN`, `MHLEN`, `MCLBYTES`, `MINCLSIZE` (sys/sys/param.h, mbuf.h).
public enum MbufLayout {
  /// A whole mbuf (MSIZE).
  @inlinable public static var mbufByteCount: Int { 256 }
  /// Data inside an mbuf that is not the first of its packet (MLEN).
  @inlinable public static var dataByteCount: Int { 216 }
  /// Data inside the first mbuf of a packet (MHLEN).
  @inlinable public static var packetDataByteCount: Int { 168 }
  /// Data in a cluster (MCLBYTES).
  @inlinable public static var clusterByteCount: Int { 2_048 }
  /// The most bytes that the pool's own storage holds in one piece.
  @inlinable public static var largestContiguousByteCount: Int { ClusterSize.jumbo16.byteCount }
  /// The most that operations let a packet grow to; its length has 32 bits.
  @inlinable public static var largestPacketByteCount: Int { 1 << 30 }
  /// The least that is worth a cluster (MINCLSIZE).
  @inlinable public static var leastClusterByteCount: Int { packetDataByteCount + 1 }

  @inlinable static var headerByteCount: Int { 40 }
  @inlinable static var packetHeaderByteCount: Int { 48 }
  @inlinable static var storageOffset: Int { 88 }
}

/// Marks on one mbuf.
///
/// BSD: `m_flags`. Whether data may be written belongs to its storage, so `.readOnly` is never
/// copied with a packet header, as it is there.
@frozen
public struct MbufFlags: OptionSet, Sendable {
  /// The marks as bits.
  public let rawValue: UInt16

  /// Marks from bits.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The data is in external storage (M_EXT).
  @inlinable public static var external: MbufFlags { MbufFlags(rawValue: 0x0001) }
  /// The mbuf is the first of a packet (M_PKTHDR).
  @inlinable public static var packetHeader: MbufFlags { MbufFlags(rawValue: 0x0002) }
  /// The record ends with this mbuf (M_EOR).
  @inlinable public static var endOfRecord: MbufFlags { MbufFlags(rawValue: 0x0004) }
  /// The storage must not be written (M_RDONLY).
  @inlinable public static var readOnly: MbufFlags { MbufFlags(rawValue: 0x0008) }
  /// Sent to the link's broadcast address (M_BCAST).
  @inlinable public static var broadcast: MbufFlags { MbufFlags(rawValue: 0x0010) }
  /// Sent to a multicast address of the link (M_MCAST).
  @inlinable public static var multicast: MbufFlags { MbufFlags(rawValue: 0x0020) }
  /// The storage was shared at some time, so its counter must be asked.
  ///
  /// Never set means sole owner.
  @inlinable static var shared: MbufFlags { MbufFlags(rawValue: 0x8000) }
  /// The packet has tags, which end with its header.
  @inlinable static var tagged: MbufFlags { MbufFlags(rawValue: 0x4000) }
  /// The type is not `.data`, so the mbuf is counted under it.
  @inlinable static var typed: MbufFlags { MbufFlags(rawValue: 0x2000) }

  /// The marks with which an mbuf takes more to free than giving it back to its zone.
  @inlinable static var heavy: MbufFlags { [.shared, .tagged, .typed] }

  /// The marks that move with a packet header.
  static var ofPacket: MbufFlags { [.broadcast, .multicast] }
}

/// What an mbuf holds.
///
/// BSD: `m_type` (MT_DATA, MT_SONAME, MT_CONTROL, MT_OOBDATA).
@frozen
public enum MbufType: UInt8, CaseIterable, Sendable {
  /// Packet data.
  case data = 1
  /// A tag of a packet.
  case tag = 3
  /// A socket address.
  case address = 8
  /// Control information.
  case control = 14
  /// Out-of-band data.
  case outOfBand = 15
}

/// Where an mbuf's data lies and to whom the storage goes back.
///
/// BSD: `ext_type`.
@frozen
public enum StorageKind: UInt8, Sendable {
  /// In the mbuf itself.
  case inner
  /// In the cluster that the packet zone keeps attached to this mbuf.
  case packet
  /// In a cluster held by reference.
  case cluster
  /// In a cluster of a page.
  case jumboPage
  /// In a cluster of 9,216 bytes.
  case jumbo9
  /// In a cluster of 16,384 bytes.
  case jumbo16
  /// In memory lent by somebody else.
  case lent
}
