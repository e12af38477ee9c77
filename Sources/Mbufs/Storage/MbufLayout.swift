// SPDX-License-Identifier: BSD-2-Clause

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
  @inlinable public static var clusterByteCount: Int { ClusterSize.standard.byteCount }
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
