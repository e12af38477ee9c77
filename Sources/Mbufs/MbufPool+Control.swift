// SPDX-License-Identifier: BSD-2-Clause
public import UMA

extension MbufPool {
  /// The most clusters, 0 for no limit.
  ///
  /// May be raised and lowered at any time.
  ///
  /// BSD: `kern.ipc.nmbclusters`.
  public var clusterLimit: Int {
    get { unsafe core.pointee.clusterZone.limitInItems }
    set {
      // The packet zone has a cluster per mbuf, so it needs no more.
      unsafe core.pointee.packetZone.limitInItems = newValue
      if newValue > 0 { unsafe core.pointee.packetZone.drain() }
      unsafe core.pointee.clusterZone.limitInItems = newValue
    }
  }

  /// The most mbufs outside the packet zone, 0 for no limit.
  ///
  /// BSD: `kern.ipc.nmbufs`.
  public var mbufLimit: Int {
    get { unsafe core.pointee.mbufZone.limitInItems }
    set { unsafe core.pointee.mbufZone.limitInItems = newValue }
  }

  /// Makes allocations fail by plan; nil ends it.
  ///
  /// The plan counts the attempts of all zones.
  public func inject(_ plan: FailurePlan?) {
    unsafe core.pointee.packetZone.inject(plan)
    unsafe core.pointee.mbufZone.inject(plan)
    unsafe core.pointee.clusterZone.inject(plan)
  }

  /// Gives all cached memory of all threads back to the system.
  ///
  /// - Returns: pages released.
  ///
  /// BSD: `uma_reclaim`.
  @discardableResult
  public func drain() -> Int { reclaim(.drainWithCaches) }

  /// Gives cached memory back to the system.
  ///
  /// The packet zone comes first, so that its clusters are back before the cluster zone's turn.
  /// - Parameter level: how much.
  /// - Returns: pages released.
  ///
  /// BSD: `uma_zone_reclaim`, of the three zones.
  @discardableResult
  public func reclaim(_ level: ReclaimLevel) -> Int {
    unsafe core.pointee.packetZone.reclaim(level) + core.pointee.mbufZone.reclaim(level)
      + core.pointee.clusterZone.reclaim(level)
  }

  /// The figures of the zones, each taken with its caches held still.
  public func statistics() -> MbufStatistics {
    MbufStatistics(
      mbufs: unsafe core.pointee.mbufZone.statistics(),
      packets: unsafe core.pointee.packetZone.statistics(),
      clusters: unsafe core.pointee.clusterZone.statistics())
  }

  /// Mbufs with packets that are alive.
  ///
  /// Exact at one moment, also while other threads exchange packets of one kind for the other.
  public var outstanding: Int { unsafe core.outstanding }

  /// Stops if any zone's counts do not add up.
  ///
  /// - Precondition: no thread is inside the pool.
  public func checkInvariants() {
    unsafe core.pointee.mbufZone.checkInvariants()
    unsafe core.pointee.packetZone.checkInvariants()
    unsafe core.pointee.clusterZone.checkInvariants()
  }
}

/// The figures of a pool at one moment.
///
/// BSD: `netstat -m`, from the zones' counters.
public struct MbufStatistics: Equatable, Sendable {
  /// The zone of plain mbufs.
  public var mbufs: ZoneStatistics
  /// The secondary zone of mbufs with a cluster attached.
  public var packets: ZoneStatistics
  /// The zone of clusters, those attached in the packet zone included.
  public var clusters: ZoneStatistics

  /// Mbufs that packets hold.
  public var mbufsInUse: Int { mbufs.inUse + packets.inUse }

  /// Clusters that packets hold: those attached to idle mbufs of the packet zone are not.
  public var clustersInUse: Int { clusters.inUse - packets.cached }

  /// The three zones, in the order they were made.
  public var zones: [ZoneStatistics] { [mbufs, packets, clusters] }
}
