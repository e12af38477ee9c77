// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
import Testing
public import UMA

/// Runs `body` with a pool of its own, and checks that every mbuf, cluster and page comes back.
public func leakChecked(
  clusterLimit: Int = 0, mbufLimit: Int = 0, _ body: (MbufPool) throws -> Void
) rethrows {
  let pages = PageArena(reservingByteCount: 256 << 20)
  let pool = MbufPool(clusterLimit: clusterLimit, mbufLimit: mbufLimit, pages: pages)
  try body(pool)
  expectNothingOut(of: pool, pages)
}

/// Checks that no packet of `pool` is alive, and that a drain returns all its pages.
public func expectNothingOut(of pool: MbufPool, _ pages: PageArena) {
  pool.inject(nil)
  let statistics = pool.statistics()
  #expect(statistics.mbufsInUse == 0)
  #expect(statistics.clustersInUse == 0)
  #expect(statistics.mbufs.inUse == 0, "mbufs went back to another zone")
  #expect(statistics.packets.inUse == 0, "packets went back to another zone")
  pool.checkInvariants()
  pool.drain()
  pool.checkInvariants()
  #expect(pool.statistics().clusters.inUse == 0)
  #expect(pages.pagesOut == 0)
  pages.checkInvariants()
}
