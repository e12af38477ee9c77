// SPDX-License-Identifier: BSD-2-Clause
import Reports
import Testing

@testable import Mbufs
@testable import UMA

@Suite struct NetstatReportTests {
  private func zone(
    _ name: String, inUse: Int, cached: Int, free: Int, limit: Int = 0, denials: UInt64 = 0
  ) -> ZoneStatistics {
    ZoneStatistics(
      name: name, itemByteCount: 256, limitInItems: limit, inUse: inUse, cached: cached,
      free: free, total: inUse + cached + free, allocations: UInt64(inUse) + 5, frees: 5,
      denials: denials, sleeps: 0, slabCount: 1, slabByteCount: 4_096)
  }

  @Test func theCorrectionsOfTheOriginalAreMade() {
    let statistics = MbufStatistics(
      mbufs: zone("mbuf", inUse: 10, cached: 4, free: 6, denials: 1),
      packets: zone("mbuf_packet", inUse: 100, cached: 20, free: 0, denials: 3),
      // 125 out of the cluster zone: 100 with packets in use, 5 attached later, 20 idle.
      clusters: zone("mbuf_cluster", inUse: 125, cached: 7, free: 9, limit: 1_000, denials: 2),
      pageClusters: zone("mbuf_jumbo_page", inUse: 3, cached: 2, free: 1, limit: 500, denials: 4),
      jumbo9Clusters: zone("mbuf_jumbo_9k", inUse: 2, cached: 0, free: 0, limit: 250, denials: 5),
      jumbo16Clusters: zone("mbuf_jumbo_16k", inUse: 1, cached: 0, free: 0, denials: 6),
      lentStorage: zone("mbuf_ext_refcnt", inUse: 0, cached: 0, free: 0),
      tags: 1, addresses: 2, control: 3, outOfBand: 4)
    // mbufs:    10 + 100 in use; 4 + 6 + 20 idle
    // clusters: 125 - 20 in use; 7 + 9 + 20 idle
    // bytes:    110 * 256 + 105 * 2048 = 243,200; 30 * 256 + 36 * 2048 = 81,408
    // jumbos:   3 * 4096 + 2 * 9216 + 16384 = 47,104; 3 * 4096 = 12,288
    #expect(
      NetstatReport(statistics).text == """
        110/30/140 mbufs in use (current/cache/total)
        105/36/141/1000 mbuf clusters in use (current/cache/total/max)
        100/20 mbuf+clusters out of packet secondary zone in use (current/cache)
        3/3/6/500 4k (page size) jumbo clusters in use (current/cache/total/max)
        2/0/2/250 9k jumbo clusters in use (current/cache/total/max)
        1/0/1/0 16k jumbo clusters in use (current/cache/total/max)
        284K/92K/375K bytes allocated to network (current/cache/total)
        1/2/3 requests for mbufs denied (mbufs/clusters/mbuf+clusters)
        4/5/6 requests for jumbo clusters denied (4k/9k/16k)

        """)
  }

  @Test func aPoolInUseAddsUp() throws {
    let pool = MbufPool(clusterLimit: 512)
    func numbers() -> [[Int]] {
      NetstatReport(pool.statistics()).text.split(separator: "\n").map { line in
        line.prefix { $0 != " " }.split(separator: "/").map { Int($0.drop { $0 == "K" }) ?? -1 }
      }
    }
    func check(mbufs: Int, clusters: Int, packets: Int) {
      let lines = numbers()
      #expect(lines[0][0] == mbufs)
      #expect(lines[0][0] + lines[0][1] == lines[0][2])
      #expect(lines[1][0] == clusters)
      #expect(lines[1][0] + lines[1][1] == lines[1][2])
      #expect(lines[1][3] == 512)
      #expect(lines[2][0] == packets)
    }
    check(mbufs: 0, clusters: 0, packets: 0)
    do {
      let small = try pool.smallPacket()
      let large = try pool.packet()
      check(mbufs: 2, clusters: 1, packets: 1)
      let chain = try pool.packet(byteCount: 6_000)
      check(mbufs: 5, clusters: 4, packets: pool.statistics().packets.inUse)
      #expect(small.byteCount + large.byteCount + chain.byteCount == 0)
    }
    check(mbufs: 0, clusters: 0, packets: 0)
  }
}
