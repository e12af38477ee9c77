// SPDX-License-Identifier: BSD-2-Clause
//
// How an mbuf is got: alone, with the cluster that the packet zone keeps on it, or with a cluster
// of another zone. The fast paths are `mbuf` and `clusterMbuf`, one bucket pop each.

import UMA

extension PoolCore {
  /// An item of one of the zones.
  @inlinable @inline(__always)
  func item(from zone: Zone, _ site: CallSite) throws(MbufError) -> UnsafeMutableRawPointer {
    do throws(ZoneError) {
      return unsafe try zone.allocateItem(file: site.file, line: site.line)
    } catch {
      throw .exhausted(error)
    }
  }

  /// An empty mbuf with inner storage.
  ///
  /// BSD: `m_get`, `m_gethdr`.
  @inlinable @inline(__always)
  func mbuf(_ flags: MbufFlags, _ site: CallSite) throws(MbufError) -> Mbuf {
    let mbuf = unsafe Mbuf(try item(from: zones.mbufs, site))
    mbuf.reset(flags, .inner)
    return mbuf
  }

  /// An empty mbuf with a cluster.
  ///
  /// BSD: `m_getcl`.
  @inlinable @inline(__always)
  func clusterMbuf(_ flags: MbufFlags, _ site: CallSite) throws(MbufError) -> Mbuf {
    do throws(MbufError) {
      let mbuf = unsafe Mbuf(try item(from: zones.packets, site))
      mbuf.reset(flags.union(.external), .packet)
      return mbuf
    } catch {
      return try clusterMbufSlow(flags, site)
    }
  }

  /// The same without the packet zone, so that a denial names the zone that is short.
  @usableFromInline
  @inline(never)
  func clusterMbufSlow(_ flags: MbufFlags, _ site: CallSite) throws(MbufError) -> Mbuf {
    try mbuf(with: .standard, flags, site)
  }

  /// An empty mbuf with a cluster of any size, not from the packet zone.
  ///
  /// BSD: `m_getjcl`.
  func mbuf(with size: ClusterSize, _ flags: MbufFlags, _ site: CallSite) throws(MbufError)
    -> Mbuf
  {
    let mbuf = try mbuf(flags, site)
    do throws(MbufError) {
      try attachCluster(mbuf, size, site)
    } catch {
      mbuf.giveBack()
      throw error
    }
    return mbuf
  }

  /// Gives an mbuf with inner storage a cluster of its own, its bytes at the same place in it.
  ///
  /// BSD: `m_clget`, `m_cljget`.
  func attachCluster(_ mbuf: Mbuf, _ size: ClusterSize, _ site: CallSite) throws(MbufError) {
    let zone = zones.clusters(of: size)
    let cluster = unsafe try item(from: zone, site)
    let offset = mbuf.offset
    // In bounds: every cluster is larger than inner storage. The bytes go first, since what tells
    // of the cluster is written over them.
    unsafe (cluster + offset).copyMemory(from: mbuf.data, byteCount: mbuf.byteCount)
    unsafe mbuf.attach(cluster, of: zone, size.byteCount, size.kind)
    mbuf.flags.insert(.external)
    mbuf.place(headroom: offset)
  }

  /// The smallest mbuf that holds `byteCount` bytes, or else one with the largest cluster allowed.
  ///
  /// BSD: `m_get2`.
  func piece(
    _ byteCount: Int, _ largest: ClusterSize, _ flags: MbufFlags, _ site: CallSite
  ) throws(MbufError) -> Mbuf {
    let inner =
      flags.contains(.packetHeader) ? MbufLayout.packetDataByteCount : MbufLayout.dataByteCount
    if byteCount <= inner { return try mbuf(flags, site) }
    if largest == .standard || byteCount <= MbufLayout.clusterByteCount {
      return try clusterMbuf(flags, site)
    }
    return try jumboMbufSlow(byteCount, largest, flags, site)
  }

  @inline(never)
  private func jumboMbufSlow(
    _ byteCount: Int, _ largest: ClusterSize, _ flags: MbufFlags, _ site: CallSite
  ) throws(MbufError) -> Mbuf {
    let fitting = ClusterSize.holding(byteCount) ?? largest
    let size = fitting.rawValue < largest.rawValue ? fitting : largest
    return try mbuf(with: size, flags, site)
  }

  /// An empty mbuf with room for `byteCount` bytes in one piece: the smallest that there is.
  ///
  /// - Throws: `MbufError.tooLong` too.
  ///
  /// BSD: `m_get2`.
  func mbuf(holding byteCount: Int, _ flags: MbufFlags, _ site: CallSite) throws(MbufError)
    -> Mbuf
  {
    let limit = MbufLayout.largestContiguousByteCount
    guard byteCount <= limit else { throw .tooLong(wanted: byteCount, limit: limit) }
    return try piece(byteCount, .jumbo16, flags, site)
  }
}

extension Mbuf {
  /// Points this mbuf at a cluster that is now its own.
  func attach(
    _ cluster: UnsafeMutableRawPointer, of zone: Zone, _ byteCount: Int, _ kind: StorageKind
  ) {
    storage = unsafe ExternalStorage(
      cluster, byteCount, counter: zone.referenceCounter(of: cluster))
    self.kind = kind
  }
}
