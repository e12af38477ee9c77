// SPDX-License-Identifier: BSD-2-Clause
//
//        packet()          smallPacket()            packet(byteCount:)
//           |                    |                    |        |
//     [packet zone] ------> [mbuf zone]               |        |
//       secondary:  a           |                     |        |
//       cluster is attached     |                     |        |
//           |      \________ mbuf keg (256 B) ________/        |
//           v                                                  |
//     [cluster zone] <-----------------------------------------'
//           |
//       cluster keg (2 KiB, a reference counter per item)
//
// Two kegs, two primary zones and one secondary. A packet from the packet zone costs one bucket
// pop: its cluster was attached when the mbuf entered that zone, and stays until it leaves. Beside
// them stand a keg and a zone for each larger size of clusters, and one for the records of lent
// memory.
//
// Which way an mbuf goes back follows from its storage kind:
//
//     inner, cluster, jumbo…,
//     lent                      came from the mbuf zone       -> mbuf zone, storage released
//     packet, sole owner        came from the packet zone     -> packet zone, cluster attached
//     packet, shared            the cluster lives on with another mbuf -> the keg, stripped

import Synchronization
import UMA

/// The zones, at an address that every mbuf of theirs knows.
@usableFromInline
@unsafe
struct PoolCore: ~Copyable {
  @usableFromInline let mbufZone: Zone
  @usableFromInline let packetZone: Zone
  @usableFromInline let clusterZone: Zone
  let pageZone: Zone
  let jumbo9Zone: Zone
  let jumbo16Zone: Zone
  /// Who lent lent storage.
  ///
  /// BSD: `mbuf_ext_refcnt`.
  let recordZone: Zone
  /// Mbufs by type; those of `.data` are what the zones have out beyond these.
  let tagCount = Atomic<Int>(0)
  let addressCount = Atomic<Int>(0)
  let controlCount = Atomic<Int>(0)
  let outOfBandCount = Atomic<Int>(0)

  /// The zone of clusters of a size.
  func zone(of size: ClusterSize) -> Zone {
    switch size {
    case .standard: unsafe clusterZone
    case .page: unsafe pageZone
    case .jumbo9: unsafe jumbo9Zone
    case .jumbo16: unsafe jumbo16Zone
    }
  }
}

extension UnsafeMutablePointer<PoolCore> {
  /// Counts mbufs of a type.
  ///
  /// BSD: `mbtypes`.
  func count(_ type: MbufType, _ change: Int) {
    switch type {
    case .data: break
    case .tag: unsafe pointee.tagCount.wrappingAdd(change, ordering: .relaxed)
    case .address: unsafe pointee.addressCount.wrappingAdd(change, ordering: .relaxed)
    case .control: unsafe pointee.controlCount.wrappingAdd(change, ordering: .relaxed)
    case .outOfBand: unsafe pointee.outOfBandCount.wrappingAdd(change, ordering: .relaxed)
    }
  }

  // MARK: Get

  /// An empty mbuf with inner storage.
  ///
  /// BSD: `m_get`, `m_gethdr`.
  @inlinable @inline(__always)
  func mbuf(_ flags: MbufFlags, _ site: CallSite) throws(MbufError) -> Mbuf {
    do throws(ZoneError) {
      let item = unsafe try pointee.mbufZone.allocateItem(file: site.file, line: site.line)
      let mbuf = unsafe Mbuf(item.assumingMemoryBound(to: MbufHeader.self))
      mbuf.reset(flags, .inner)
      unsafe mbuf.data = mbuf.start
      return mbuf
    } catch {
      throw .exhausted(error)
    }
  }

  /// An empty mbuf with a cluster.
  ///
  /// BSD: `m_getcl`.
  @inlinable @inline(__always)
  func clusterMbuf(_ flags: MbufFlags, _ site: CallSite) throws(MbufError) -> Mbuf {
    do throws(ZoneError) {
      let item = unsafe try pointee.packetZone.allocateItem(file: site.file, line: site.line)
      let mbuf = unsafe Mbuf(item.assumingMemoryBound(to: MbufHeader.self))
      mbuf.reset(flags.union(.external), .packet)
      unsafe mbuf.data = mbuf.storage.pointee.base
      return mbuf
    } catch {
      return try unsafe clusterMbufSlow(flags, site)
    }
  }

  /// The same without the packet zone, so that a denial names the zone that is short.
  @usableFromInline
  @inline(never)
  func clusterMbufSlow(_ flags: MbufFlags, _ site: CallSite) throws(MbufError) -> Mbuf {
    try unsafe mbuf(with: .standard, flags, site)
  }

  /// An empty mbuf with a cluster of any size, not from the packet zone.
  ///
  /// BSD: `m_getjcl`.
  func mbuf(with size: ClusterSize, _ flags: MbufFlags, _ site: CallSite) throws(MbufError)
    -> Mbuf
  {
    let mbuf = try unsafe mbuf(flags, site)
    do throws(MbufError) {
      try unsafe attachCluster(mbuf, size, site)
    } catch {
      mbuf.freeOne()
      throw error
    }
    return mbuf
  }

  /// Gives an mbuf with inner storage a cluster of its own, its bytes at the same place in it.
  ///
  /// BSD: `m_clget`, `m_cljget`.
  func attachCluster(_ mbuf: Mbuf, _ size: ClusterSize, _ site: CallSite) throws(MbufError) {
    let zone = unsafe pointee.zone(of: size)
    do throws(ZoneError) {
      let cluster = unsafe try zone.allocateItem(file: site.file, line: site.line)
      let headroom = unsafe mbuf.data - mbuf.start
      // In bounds: every cluster is larger than inner storage. The bytes go first, since what tells
      // of the cluster is written over them.
      unsafe (cluster + headroom).copyMemory(from: mbuf.data, byteCount: mbuf.byteCount)
      unsafe mbuf.attach(cluster, of: zone, size.byteCount, size.kind)
      unsafe mbuf.data = cluster + headroom
    } catch {
      throw .exhausted(error)
    }
    mbuf.flags.insert(.external)
  }

  /// A chain of empty mbufs with room for `byteCount` bytes, all or nothing.
  ///
  /// Whole clusters of the largest size allowed, then the smallest mbuf that holds the rest.
  ///
  /// BSD: `m_getm2`.
  func chain(
    _ byteCount: Int, upTo largest: ClusterSize = .standard, _ flags: MbufFlags, _ site: CallSite
  ) throws(MbufError) -> Mbuf {
    precondition(
      (0...MbufLayout.largestPacketByteCount).contains(byteCount),
      "room for \(byteCount) bytes, at most \(MbufLayout.largestPacketByteCount)")
    let first = try unsafe piece(byteCount, largest, flags, site)
    var room = first.capacity
    var tail = first
    while room < byteCount {
      do throws(MbufError) {
        let next = try unsafe piece(byteCount - room, largest, [], site)
        tail.next = next
        tail = next
        room += next.capacity
      } catch {
        first.freeChain()
        throw error
      }
    }
    return first
  }

  /// Room for a copy of a chain: in clusters as large as its longest segment needs, so that what was
  /// in one piece can be so again, or in standard ones if there are none of that size.
  func roomForCopy(
    _ byteCount: Int, longest: Int, _ site: CallSite
  ) throws(MbufError) -> Mbuf {
    if longest > MbufLayout.clusterByteCount {
      let largest = ClusterSize.holding(longest) ?? .jumbo16
      let chain = unsafe try? self.chain(byteCount, upTo: largest, .packetHeader, site)
      if let chain { return chain }
    }
    return try unsafe chain(byteCount, .packetHeader, site)
  }

  /// The smallest mbuf that holds `byteCount` bytes, or else one with the largest cluster allowed.
  ///
  /// BSD: `m_get2`.
  func piece(
    _ byteCount: Int, _ largest: ClusterSize, _ flags: MbufFlags, _ site: CallSite
  ) throws(MbufError) -> Mbuf {
    let inner =
      flags.contains(.packetHeader) ? MbufLayout.packetDataByteCount : MbufLayout.dataByteCount
    if byteCount <= inner { return try unsafe mbuf(flags, site) }
    if largest == .standard || byteCount <= MbufLayout.clusterByteCount {
      return try unsafe clusterMbuf(flags, site)
    }
    return try unsafe jumboMbufSlow(byteCount, largest, flags, site)
  }

  @inline(never)
  private func jumboMbufSlow(
    _ byteCount: Int, _ largest: ClusterSize, _ flags: MbufFlags, _ site: CallSite
  ) throws(MbufError) -> Mbuf {
    let fitting = ClusterSize.holding(byteCount) ?? largest
    let size = fitting.rawValue < largest.rawValue ? fitting : largest
    return try unsafe mbuf(with: size, flags, site)
  }
}

extension Mbuf {
  @inlinable @inline(__always)
  func reset(_ flags: MbufFlags, _ kind: StorageKind) {
    next = nil
    nextPacket = nil
    byteCount = 0
    self.flags = flags
    unsafe at.pointee.type = .data
    self.kind = kind
    if flags.contains(.packetHeader) { packetHeader = PacketHeader() }
  }

  /// Points this mbuf at a cluster that is now its own.
  func attach(
    _ cluster: UnsafeMutableRawPointer, of zone: Zone, _ byteCount: Int, _ kind: StorageKind
  ) {
    let counter = unsafe zone.referenceCounter(of: cluster)
    unsafe storage.initialize(
      to: ExternalStorage(
        base: cluster, byteCount: byteCount,
        counter: counter.assumingMemoryBound(to: Atomic<UInt32>.self)))
    self.kind = kind
  }

  // MARK: Free

  /// Frees this mbuf and those behind it.
  ///
  /// BSD: `m_freem`.
  @inlinable @inline(__always)
  func freeChain() {
    guard next == nil, flags.isDisjoint(with: .heavy) else { return freeChainSlow() }
    if kind == .packet {
      unsafe pool.pointee.packetZone.freeItem(raw)
    } else if kind == .inner {
      unsafe pool.pointee.mbufZone.freeItem(raw)
    } else {
      freeChainSlow()
    }
  }

  @usableFromInline
  @inline(never)
  func freeChainSlow() {
    var mbuf: Mbuf? = self
    while let here = mbuf {
      mbuf = here.next
      here.freeOne()
    }
  }

  /// Frees this mbuf alone.
  ///
  /// BSD: `m_free`, `mb_free_ext`.
  func freeOne() {
    let pool = unsafe pool
    if !flags.isDisjoint(with: [.tagged, .typed]) {
      dropTags()
      type = .data
    }
    switch kind {
    case .inner:
      unsafe pool.pointee.mbufZone.freeItem(raw)
    case .packet:
      if dropsLastReference() {
        unsafe pool.pointee.packetZone.freeItem(raw)
      } else {
        unsafe pool.pointee.packetZone.freeStripped(raw)
      }
    case .cluster: unsafe freeWithCluster(pool.pointee.clusterZone)
    case .jumboPage: unsafe freeWithCluster(pool.pointee.pageZone)
    case .jumbo9: unsafe freeWithCluster(pool.pointee.jumbo9Zone)
    case .jumbo16: unsafe freeWithCluster(pool.pointee.jumbo16Zone)
    case .lent:
      // The lender is told last: what it does then is its own affair.
      let lender = dropsLastReference() ? unsafe pool.endRecord(of: storage.pointee) : nil
      unsafe pool.pointee.mbufZone.freeItem(raw)
      if let lender = unsafe lender { unsafe lender.tell() }
    }
  }

  private func freeWithCluster(_ zone: Zone) {
    if dropsLastReference() { unsafe zone.freeItem(storage.pointee.base) }
    unsafe pool.pointee.mbufZone.freeItem(raw)
  }

  /// Gives up this mbuf's hold on its storage; true if nobody else has one.
  private func dropsLastReference() -> Bool {
    if flags.isDisjoint(with: .shared) { return true }
    return unsafe storage.pointee.release()
  }

  // MARK: Share

  /// Makes `copy` see this mbuf's storage, from `offset` bytes into the data on.
  ///
  /// - Precondition: this mbuf is external; `copy` has inner storage.
  ///
  /// BSD: `mb_dupcl`.
  func share(with copy: Mbuf, from offset: Int, byteCount: Int) {
    unsafe storage.pointee.retain()
    unsafe copy.storage.initialize(to: storage.pointee)
    copy.kind = kind == .packet ? .cluster : kind
    flags.insert(.shared)
    copy.flags.formUnion([.external, .shared])
    if flags.contains(.readOnly) { copy.flags.insert(.readOnly) }
    unsafe copy.data = data + offset
    copy.byteCount = byteCount
  }
}
