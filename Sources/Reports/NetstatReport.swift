// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
import UMA

/// A pool's figures as `netstat -m` has shown them since 2004.
///
/// The corrections are the original's: the mbufs of both zones are summed, and a cluster that
/// waits attached to an idle mbuf of the packet zone counts as cached, although the cluster zone
/// sees it in use.
///
/// BSD: `netstat -m` (usr.bin/netstat/mbuf.c).
public struct NetstatReport: Sendable {
  /// What is reported.
  let statistics: MbufStatistics

  /// Reports on figures taken before.
  public init(_ statistics: MbufStatistics) { self.statistics = statistics }

  private var mbufsCached: Int {
    statistics.mbufs.cached + statistics.mbufs.free + statistics.packets.cached
  }

  private var clustersCached: Int {
    statistics.clusters.cached + statistics.clusters.free + statistics.packets.cached
  }

  private static let jumboSizes: [(size: ClusterSize, name: String)] = [
    (.page, "4k (page size)"), (.jumbo9, "9k"), (.jumbo16, "16k"),
  ]

  private func jumboBytes(_ count: (ZoneStatistics) -> Int) -> Int {
    Self.jumboSizes.reduce(0) {
      $0 + count(statistics.clusters(of: $1.size)) * $1.size.byteCount
    }
  }

  private var bytesInUse: Int {
    statistics.mbufsInUse * MbufLayout.mbufByteCount
      + statistics.clustersInUse * MbufLayout.clusterByteCount + jumboBytes(\.inUse)
  }

  private var bytesCached: Int {
    mbufsCached * MbufLayout.mbufByteCount + clustersCached * MbufLayout.clusterByteCount
      + jumboBytes { $0.cached + $0.free }
  }

  private var jumboLines: String {
    Self.jumboSizes.map { size, name in
      let s = statistics.clusters(of: size)
      let idle = s.cached + s.free
      return "\(s.inUse)/\(idle)/\(s.inUse + idle)/\(s.limitInItems) "
        + "\(name) jumbo clusters in use (current/cache/total/max)"
    }.joined(separator: "\n")
  }

  /// The lines of `netstat -m`, each ended by a newline.
  public var text: String {
    let s = statistics
    let kib = { (bytes: Int) in "\((bytes + 1_023) / 1_024)K" }
    return """
      \(s.mbufsInUse)/\(mbufsCached)/\(s.mbufsInUse + mbufsCached) \
      mbufs in use (current/cache/total)
      \(s.clustersInUse)/\(clustersCached)/\(s.clustersInUse + clustersCached)/\
      \(s.clusters.limitInItems) mbuf clusters in use (current/cache/total/max)
      \(s.packets.inUse)/\(s.packets.cached) \
      mbuf+clusters out of packet secondary zone in use (current/cache)
      \(jumboLines)
      \(kib(bytesInUse))/\(kib(bytesCached))/\(kib(bytesInUse + bytesCached)) \
      bytes allocated to network (current/cache/total)
      \(s.mbufs.denials)/\(s.clusters.denials)/\(s.packets.denials) \
      requests for mbufs denied (mbufs/clusters/mbuf+clusters)
      \(s.pageClusters.denials)/\(s.jumbo9Clusters.denials)/\(s.jumbo16Clusters.denials) \
      requests for jumbo clusters denied (4k/9k/16k)

      """
  }
}
