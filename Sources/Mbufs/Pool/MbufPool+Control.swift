// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
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

  /// The most clusters of a size, 0 for no limit.
  ///
  /// BSD: `kern.ipc.nmbjumbop`, `kern.ipc.nmbjumbo9`, `kern.ipc.nmbjumbo16`.
  public func clusterLimit(of size: ClusterSize) -> Int {
    unsafe core.pointee.zone(of: size).limitInItems
  }

  /// Changes the most clusters of a size, up or down, 0 for no limit.
  ///
  /// The limits of the other sizes stay.
  public func setClusterLimit(_ limitInItems: Int, of size: ClusterSize) {
    if size == .standard {
      clusterLimit = limitInItems
    } else {
      unsafe core.pointee.zone(of: size).limitInItems = limitInItems
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
    for zone in zones { zone.inject(plan) }
  }

  /// Runs a scenario with its first, second, … allocation from this pool failing, until it makes
  /// fewer than that, and checks after each run that every mbuf and cluster came back.
  ///
  /// - Parameter scenario: frees what it allocates, whether it throws `MbufError.exhausted` or not.
  /// - Returns: attempts of a run in which nothing fails.
  /// - Throws: `SweepFailure`, or what the scenario threw that is no denial or came without one.
  /// - Precondition: no other thread is inside the pool.
  @discardableResult
  public func sweepFailures(_ scenario: () throws -> Void) throws -> Int {
    let isDenial = { (error: any Error) -> Bool in
      guard case .exhausted = error as? MbufError else { return error is ZoneError }
      return true
    }
    return try FailurePlan.sweep(zones, isDenial: isDenial, scenario: scenario)
  }

  /// Who holds the mbufs and clusters, zone by zone; empty unless the pool is watched.
  ///
  /// Both of a packet are on the account of the line that asked for it.
  /// - Parameter age: what is out for less is left out.
  public func leakReports(olderThan age: Duration = .zero) -> [LeakReport] {
    zones.map { $0.leakReport(olderThan: age) }
  }

  /// The zones: plans and drains go to the packet zone first, which holds items of the others.
  private var zones: [Zone] {
    unsafe [core.pointee.packetZone, core.pointee.mbufZone, core.pointee.clusterZone]
      + [core.pointee.pageZone, core.pointee.jumbo9Zone, core.pointee.jumbo16Zone]
      + [core.pointee.recordZone]
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
  /// BSD: `uma_zone_reclaim`, of each zone.
  @discardableResult
  public func reclaim(_ level: ReclaimLevel) -> Int {
    zones.reduce(0) { $0 + $1.reclaim(level) }
  }

  /// The figures of the zones, each taken with its caches held still.
  public func statistics() -> MbufStatistics {
    MbufStatistics(
      mbufs: unsafe core.pointee.mbufZone.statistics(),
      packets: unsafe core.pointee.packetZone.statistics(),
      clusters: unsafe core.pointee.clusterZone.statistics(),
      pageClusters: unsafe core.pointee.pageZone.statistics(),
      jumbo9Clusters: unsafe core.pointee.jumbo9Zone.statistics(),
      jumbo16Clusters: unsafe core.pointee.jumbo16Zone.statistics(),
      lentStorage: unsafe core.pointee.recordZone.statistics(),
      tags: unsafe core.pointee.tagCount.load(ordering: .relaxed),
      addresses: unsafe core.pointee.addressCount.load(ordering: .relaxed),
      control: unsafe core.pointee.controlCount.load(ordering: .relaxed),
      outOfBand: unsafe core.pointee.outOfBandCount.load(ordering: .relaxed))
  }

  /// Mbufs with packets that are alive.
  ///
  /// Exact at one moment, also while other threads exchange packets of one kind for the other.
  public var outstanding: Int { unsafe core.outstanding }

  /// Traps if any zone's counts do not add up.
  ///
  /// - Precondition: no thread is inside the pool.
  public func checkInvariants() {
    for zone in zones { zone.checkInvariants() }
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
  /// The zone of clusters of a page.
  public var pageClusters: ZoneStatistics
  /// The zone of clusters of 9,216 bytes.
  public var jumbo9Clusters: ZoneStatistics
  /// The zone of clusters of 16,384 bytes.
  public var jumbo16Clusters: ZoneStatistics
  /// The zone of records of lent memory: as many in use as pieces that packets hold.
  public var lentStorage: ZoneStatistics
  /// Mbufs that hold tags.
  public var tags: Int
  /// Mbufs that hold socket addresses.
  public var addresses: Int
  /// Mbufs that hold control information.
  public var control: Int
  /// Mbufs that hold out-of-band data.
  public var outOfBand: Int

  /// Mbufs that packets hold.
  public var mbufsInUse: Int { mbufs.inUse + packets.inUse }

  /// Clusters that packets hold: those attached to idle mbufs of the packet zone are not.
  public var clustersInUse: Int { clusters.inUse - packets.cached }

  /// Mbufs in use that hold this type.
  ///
  /// The types' counts and the zones' are not taken at one moment: while others allocate, their sum
  /// can be off.
  ///
  /// BSD: `mbtypes`, the bars of `systat -mbufs`.
  public func mbufsInUse(holding type: MbufType) -> Int {
    switch type {
    case .data: mbufsInUse - tags - addresses - control - outOfBand
    case .tag: tags
    case .address: addresses
    case .control: control
    case .outOfBand: outOfBand
    }
  }

  /// The figures of the zone of clusters of a size.
  public func clusters(of size: ClusterSize) -> ZoneStatistics {
    switch size {
    case .standard: clusters
    case .page: pageClusters
    case .jumbo9: jumbo9Clusters
    case .jumbo16: jumbo16Clusters
    }
  }

  /// All zones: those of 2004 in their order, then the larger clusters and lent memory.
  public var zones: [ZoneStatistics] {
    [mbufs, packets, clusters, pageClusters, jumbo9Clusters, jumbo16Clusters, lentStorage]
  }
}
