// SPDX-License-Identifier: BSD-2-Clause
public import UMA

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
  let tags: Int
  /// Mbufs that hold socket addresses.
  let addresses: Int
  /// Mbufs that hold control information.
  let control: Int
  /// Mbufs that hold out-of-band data.
  let outOfBand: Int

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
