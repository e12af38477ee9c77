// SPDX-License-Identifier: BSD-2-Clause
public import UMA

extension MbufPool {
  /// The most clusters, 0 for no limit.
  ///
  /// May be raised and lowered at any time.
  ///
  /// BSD: `kern.ipc.nmbclusters`.
  public var clusterLimit: Int {
    get { core.zones.clusters.limitInItems }
    set {
      // The packet zone has a cluster per mbuf, so it needs no more.
      core.zones.packets.limitInItems = newValue
      if newValue > 0 { core.zones.packets.drain() }
      core.zones.clusters.limitInItems = newValue
    }
  }

  /// The most clusters of a size, 0 for no limit.
  ///
  /// BSD: `kern.ipc.nmbjumbop`, `kern.ipc.nmbjumbo9`, `kern.ipc.nmbjumbo16`.
  public func clusterLimit(of size: ClusterSize) -> Int {
    core.zones.clusters(of: size).limitInItems
  }

  /// Changes the most clusters of a size, up or down, 0 for no limit.
  ///
  /// The limits of the other sizes stay.
  public func setClusterLimit(_ limitInItems: Int, of size: ClusterSize) {
    if size == .standard {
      clusterLimit = limitInItems
    } else {
      core.zones.clusters(of: size).limitInItems = limitInItems
    }
  }

  /// The most mbufs outside the packet zone, 0 for no limit.
  ///
  /// BSD: `kern.ipc.nmbufs`.
  public var mbufLimit: Int {
    get { core.zones.mbufs.limitInItems }
    set { core.zones.mbufs.limitInItems = newValue }
  }

  /// Makes allocations fail by plan; nil ends it.
  ///
  /// The plan counts the attempts of all zones.
  public func inject(_ plan: FailurePlan?) {
    for zone in core.zones.all { zone.inject(plan) }
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
    return try FailurePlan.sweep(core.zones.all, isDenial: isDenial, scenario: scenario)
  }

  /// Who holds the mbufs and clusters, zone by zone; empty unless the pool is watched.
  ///
  /// Both of a packet are on the account of the line that asked for it.
  /// - Parameter age: what is out for less is left out.
  public func leakReports(olderThan age: Duration = .zero) -> [LeakReport] {
    core.zones.all.map { $0.leakReport(olderThan: age) }
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
    core.zones.all.reduce(0) { $0 + $1.reclaim(level) }
  }

  /// The figures of the zones, each taken with its caches held still.
  public func statistics() -> MbufStatistics {
    let zones = core.zones
    return MbufStatistics(
      mbufs: zones.mbufs.statistics(), packets: zones.packets.statistics(),
      clusters: zones.clusters.statistics(), pageClusters: zones.pages.statistics(),
      jumbo9Clusters: zones.jumbo9.statistics(), jumbo16Clusters: zones.jumbo16.statistics(),
      lentStorage: zones.records.statistics(),
      tags: core.count(of: .tag), addresses: core.count(of: .address),
      control: core.count(of: .control), outOfBand: core.count(of: .outOfBand))
  }

  /// Mbufs with packets that are alive.
  ///
  /// Exact at one moment, also while other threads exchange packets of one kind for the other.
  public var outstanding: Int { core.outstanding }

  /// Traps if any zone's counts do not add up.
  ///
  /// - Precondition: no thread is inside the pool.
  public func checkInvariants() {
    for zone in core.zones.all { zone.checkInvariants() }
  }
}
