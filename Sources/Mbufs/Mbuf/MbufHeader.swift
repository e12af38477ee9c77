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
//                     72 network offset (16), transport offset (16), record number (32)
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
// `pool` is written once, when the memory becomes an mbuf, and stays. The storage of an mbuf in the
// packet zone is written when the mbuf enters that zone and stays until it leaves it.

import UMA

/// What every mbuf begins with; only `Mbuf` reads and writes it.
///
/// BSD: `struct m_hdr`, `struct pkthdr`, `struct m_ext` (sys/sys/mbuf.h).
@frozen
@usableFromInline
@safe
struct MbufHeader {
  @usableFromInline var next: Mbuf?
  @usableFromInline var nextPacket: Mbuf?
  @usableFromInline var data: UnsafeMutableRawPointer
  @usableFromInline var byteCount: Int32 = 0
  @usableFromInline var flags: MbufFlags = []
  @usableFromInline var type = MbufType.data
  @usableFromInline var kind = StorageKind.inner
  @usableFromInline let pool: PoolCore

  init(pool: PoolCore, data: UnsafeMutableRawPointer) {
    unsafe self.data = data
    self.pool = pool
  }
}
