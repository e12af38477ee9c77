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
  public let statistics: MbufStatistics

  /// Reports on figures taken before.
  public init(_ statistics: MbufStatistics) { self.statistics = statistics }

  private var mbufsCached: Int {
    statistics.mbufs.cached + statistics.mbufs.free + statistics.packets.cached
  }

  private var clustersCached: Int {
    statistics.clusters.cached + statistics.clusters.free + statistics.packets.cached
  }

  private var bytesInUse: Int {
    statistics.mbufsInUse * MbufLayout.mbufByteCount
      + statistics.clustersInUse * MbufLayout.clusterByteCount
  }

  private var bytesCached: Int {
    mbufsCached * MbufLayout.mbufByteCount + clustersCached * MbufLayout.clusterByteCount
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
      \(kib(bytesInUse))/\(kib(bytesCached))/\(kib(bytesInUse + bytesCached)) \
      bytes allocated to network (current/cache/total)
      \(s.mbufs.denials)/\(s.clusters.denials)/\(s.packets.denials) \
      requests for mbufs denied (mbufs/clusters/mbuf+clusters)

      """
  }
}
