// SPDX-License-Identifier: BSD-2-Clause
public import UMA

/// Where packets come from: the zones of mbuma, made and owned by the code that needs packets.
///
///     let pool = MbufPool(clusterLimit: 4_096)
///     var packet = try pool.packet()
///     try packet.append(bytes.span.bytes)
///
/// Any number of pools live side by side. A packet goes back to its own pool wherever it ends. A
/// pool that ends before its last packet leaves its zones to it; `outstanding` tells beforehand.
/// Once that packet has ended, the next pool that begins or ends frees them.
///
/// BSD: `mbuf_init` (sys/kern/kern_mbuf.c).
public final class MbufPool: Sendable {
  @usableFromInline let core: PoolCore

  /// Makes the zones; no page is used until the first packet.
  ///
  /// - Parameters:
  ///   - clusterLimit: the most clusters of 2,048 bytes, 0 for no limit. 65,536 clusters are 128
  ///     MiB. The larger sizes get half of it, a quarter and an eighth at first;
  ///     `setClusterLimit(_:of:)` changes that.
  ///   - mbufLimit: the most mbufs outside the packet zone, 0 for no limit.
  ///   - pages: where slabs come from; an arena of the pool's own by default.
  ///   - budget: what all of it is charged to.
  ///   - debugging: what the zones watch their items for; what the environment says by default.
  ///
  /// BSD: `kern.ipc.nmbclusters`, `kern.ipc.nmbufs`.
  public init(
    clusterLimit: Int = 65_536, mbufLimit: Int = 0, pages: any PageSource = PageArena(),
    budget: MemoryBudget = .process, debugging: ZoneDebugging? = nil
  ) {
    AbandonedPools.sweep()
    let address = UnsafeMutablePointer<PoolCore.State>.allocate(capacity: 1)
    // The address is good as long as the pool or any mbuf of it: AbandonedPools ends it.
    let core = unsafe PoolCore(address)
    let clusters = { (size: ClusterSize) in
      Zone(
        name: size.zoneName, itemByteCount: size.byteCount, alignment: 64,
        flags: .referenceCounted, pages: pages, budget: budget, debugging: debugging)
    }
    let standard = clusters(.standard)
    let mbufs = unsafe Zone(
      name: "mbuf", itemByteCount: MbufLayout.mbufByteCount,
      alignment: MbufLayout.mbufByteCount,
      hooks: ItemHooks(initialize: { item in
        unsafe item.initializeMemory(
          as: MbufHeader.self,
          to: MbufHeader(pool: core, data: item + MbufLayout.headerByteCount))
        return true
      }), pages: pages, budget: budget, debugging: debugging)
    let packets = unsafe Zone(
      name: "mbuf_packet", sharing: mbufs,
      hooks: ItemHooks(
        importItem: { item, isAwaited in
          // A packet that nobody waits for must not take a cluster that somebody else may need.
          let cluster =
            isAwaited ? unsafe try? standard.allocateItem() : unsafe standard.allocateItemAtHand()
          guard let cluster = unsafe cluster else { return false }
          unsafe Mbuf(item).attach(cluster, of: standard, MbufLayout.clusterByteCount, .packet)
          return true
        },
        exportItem: { item in unsafe standard.freeItem(Mbuf(item).storage.base) }))
    let records = unsafe Zone(
      name: "mbuf_ext_refcnt", itemByteCount: MemoryLayout<LentRecord>.size, pages: pages,
      budget: budget, debugging: debugging)
    let zones = PoolZones(mbufs: mbufs, packets: packets, records: records) { size in
      size == .standard ? standard : clusters(size)
    }
    unsafe address.initialize(to: PoolCore.State(zones))
    self.core = core
    for size in ClusterSize.allCases {
      zones.clusters(of: size).limitInItems = size.firstLimit(clusterLimit)
    }
    // No more packets than clusters; a small limit also keeps the packet zone's buckets small.
    packets.limitInItems = clusterLimit
    mbufs.limitInItems = mbufLimit
    // Clusters and mbufs parked in the packet zone come back before either zone denies.
    standard.setHolders([packets])
  }

  deinit {
    AbandonedPools.end(core)
    AbandonedPools.sweep()
  }
}
