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
// The core of a pool is what these zones are known by: every mbuf has its address, and it lives as
// long as the pool or any mbuf of it. AbandonedPools.swift ends it.

import Synchronization
import UMA

/// The zones of a pool, by the address that every mbuf of theirs knows.
@frozen
@usableFromInline
@safe
struct PoolCore: @unchecked Sendable {
  @usableFromInline let at: UnsafeMutablePointer<State>

  @inlinable @inline(__always)
  init(_ at: UnsafeMutablePointer<State>) { unsafe self.at = at }

  /// What stands at the address.
  @usableFromInline
  struct State: ~Copyable {
    @usableFromInline let zones: PoolZones
    /// Mbufs by type; those of `.data` are what the zones have out beyond these.
    let tagCount = Atomic<Int>(0)
    let addressCount = Atomic<Int>(0)
    let controlCount = Atomic<Int>(0)
    let outOfBandCount = Atomic<Int>(0)

    init(_ zones: PoolZones) { self.zones = zones }
  }

  /// Alive: who holds an mbuf or the pool holds the core too.
  @inlinable @inline(__always)
  var zones: PoolZones { unsafe at.pointee.zones }
}

/// The zones that mbufs and their storage come from.
@frozen
@usableFromInline
struct PoolZones: Sendable {
  @usableFromInline let mbufs: Zone
  @usableFromInline let packets: Zone
  @usableFromInline let clusters: Zone
  @usableFromInline let pages: Zone
  @usableFromInline let jumbo9: Zone
  @usableFromInline let jumbo16: Zone
  /// Who lent lent storage.
  ///
  /// BSD: `mbuf_ext_refcnt`.
  @usableFromInline let records: Zone

  init(mbufs: Zone, packets: Zone, records: Zone, _ zone: (ClusterSize) -> Zone) {
    self.mbufs = mbufs
    self.packets = packets
    clusters = zone(.standard)
    pages = zone(.page)
    jumbo9 = zone(.jumbo9)
    jumbo16 = zone(.jumbo16)
    self.records = records
  }

  /// All of them; the packet zone, which holds items of others, comes before those.
  var all: [Zone] { [packets, mbufs, clusters, pages, jumbo9, jumbo16, records] }

  /// The zone of clusters of a size.
  func clusters(of size: ClusterSize) -> Zone {
    switch size {
    case .standard: clusters
    case .page: pages
    case .jumbo9: jumbo9
    case .jumbo16: jumbo16
    }
  }
}
