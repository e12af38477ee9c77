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
// pop: its cluster was attached when the mbuf entered that zone, and stays until it leaves.
//
// Which way an mbuf goes back follows from its storage kind:
//
//     inner, cluster, foreign   came from the mbuf zone       -> mbuf zone, storage released
//     packet, sole owner        came from the packet zone     -> packet zone, cluster attached
//     packet, shared            the cluster lives on with another mbuf -> the keg, stripped

import Synchronization
import UMA

/// The three zones, at an address that every mbuf of theirs knows.
@usableFromInline
@unsafe
struct PoolCore {
  @usableFromInline let mbufZone: Zone
  @usableFromInline let packetZone: Zone
  @usableFromInline let clusterZone: Zone
}

typealias PoolPointer = UnsafeMutablePointer<PoolCore>

extension UnsafeMutablePointer<PoolCore> {
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
    let mbuf = try unsafe mbuf(flags, site)
    do throws(ZoneError) {
      try unsafe attachCluster(mbuf, .cluster, site)
    } catch {
      mbuf.freeOne()
      throw .exhausted(error)
    }
    mbuf.flags.insert(.external)
    unsafe mbuf.data = mbuf.start
    return mbuf
  }

  /// Gives an mbuf a cluster of its own.
  ///
  /// BSD: `m_clget`.
  func attachCluster(_ mbuf: Mbuf, _ kind: StorageKind, _ site: CallSite) throws(ZoneError) {
    let cluster = unsafe try pointee.clusterZone.allocateItem(file: site.file, line: site.line)
    unsafe mbuf.attach(cluster, of: pointee.clusterZone, kind)
  }

  /// A chain of empty mbufs with room for `byteCount` bytes, all or nothing.
  ///
  /// Whole clusters, then one cluster or mbuf for the rest.
  ///
  /// BSD: `m_getm2`.
  func chain(_ byteCount: Int, _ flags: MbufFlags, _ site: CallSite) throws(MbufError) -> Mbuf {
    let first = try unsafe piece(byteCount, flags, site)
    var room = first.capacity
    var tail = first
    while room < byteCount {
      do throws(MbufError) {
        let next = try unsafe piece(byteCount - room, [], site)
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

  private func piece(_ byteCount: Int, _ flags: MbufFlags, _ site: CallSite) throws(MbufError)
    -> Mbuf
  {
    let inner =
      flags.contains(.packetHeader) ? MbufLayout.packetDataByteCount : MbufLayout.dataByteCount
    return byteCount <= inner ? try unsafe mbuf(flags, site) : try unsafe clusterMbuf(flags, site)
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
  func attach(_ cluster: UnsafeMutableRawPointer, of zone: Zone, _ kind: StorageKind) {
    let counter = unsafe zone.referenceCounter(of: cluster)
    unsafe storage.initialize(
      to: ExternalStorage(
        base: cluster, byteCount: MbufLayout.clusterByteCount,
        counter: counter.assumingMemoryBound(to: Atomic<UInt32>.self)))
    self.kind = kind
  }

  // MARK: Free

  /// Frees this mbuf and those behind it.
  ///
  /// BSD: `m_freem`.
  @inlinable @inline(__always)
  func freeChain() {
    if next == nil, kind == .packet, flags.isDisjoint(with: .shared) {
      unsafe pool.pointee.packetZone.freeItem(raw)
    } else if next == nil, kind == .inner {
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
    switch kind {
    case .inner:
      unsafe pool.pointee.mbufZone.freeItem(raw)
    case .packet:
      if dropsLastReference() {
        unsafe pool.pointee.packetZone.freeItem(raw)
      } else {
        unsafe pool.pointee.packetZone.freeStripped(raw)
      }
    case .cluster:
      if dropsLastReference() {
        unsafe pool.pointee.clusterZone.freeItem(storage.pointee.base)
      }
      unsafe pool.pointee.mbufZone.freeItem(raw)
    case .foreign:
      if dropsLastReference() {
        unsafe storage.pointee.owner?.takeRetainedValue().giveBack()
      }
      unsafe pool.pointee.mbufZone.freeItem(raw)
    }
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
