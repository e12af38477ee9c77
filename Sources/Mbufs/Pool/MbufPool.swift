// SPDX-License-Identifier: BSD-2-Clause
public import UMA

/// Where packets come from: the zones of mbuma, made and owned by whoever needs packets.
///
///     let pool = MbufPool(clusterLimit: 4_096)
///     var packet = try pool.packet()
///     try packet.append(bytes.span.bytes)
///
/// Any number of pools live side by side. A packet goes back to its own pool wherever it ends. A
/// pool that ends before its last packet leaves its zones standing for it, so that nothing
/// dangles; `outstanding` tells beforehand. Once that packet is gone, the next pool that begins or
/// ends takes them back.
///
/// BSD: `mbuf_init` (sys/kern/kern_mbuf.c).
@safe
public final class MbufPool: @unchecked Sendable {
  @usableFromInline let core: UnsafeMutablePointer<PoolCore>

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
    let core = UnsafeMutablePointer<PoolCore>.allocate(capacity: 1)
    let zone = { (size: ClusterSize) in
      Zone(
        name: size.zoneName, itemByteCount: size.byteCount, alignment: 64,
        flags: .referenceCounted, pages: pages, budget: budget, debugging: debugging)
    }
    let clusters = zone(.standard)
    let address = UInt(bitPattern: core)
    let mbufs = unsafe Zone(
      name: "mbuf", itemByteCount: MbufLayout.mbufByteCount,
      alignment: MbufLayout.mbufByteCount,
      hooks: ItemHooks(initialize: { item in
        // The core lives as long as any mbuf of it; the address is that of `core` above.
        guard let core = unsafe UnsafeMutablePointer<PoolCore>(bitPattern: address) else {
          return false
        }
        unsafe item.initializeMemory(
          as: MbufHeader.self,
          to: MbufHeader(pool: core, data: item + MbufLayout.headerByteCount))
        return true
      }), pages: pages, budget: budget, debugging: debugging)
    let packets = unsafe Zone(
      name: "mbuf_packet", sharing: mbufs,
      hooks: ItemHooks(
        importItem: { item, isAwaited in
          let mbuf = unsafe Mbuf(item.assumingMemoryBound(to: MbufHeader.self))
          // A packet that nobody waits for must not take a cluster that somebody else may need.
          let cluster =
            isAwaited ? unsafe try? clusters.allocateItem() : unsafe clusters.allocateItemAtHand()
          guard let cluster = unsafe cluster else { return false }
          unsafe mbuf.attach(cluster, of: clusters, MbufLayout.clusterByteCount, .packet)
          return true
        },
        exportItem: { item in
          let mbuf = unsafe Mbuf(item.assumingMemoryBound(to: MbufHeader.self))
          unsafe clusters.freeItem(mbuf.storage.pointee.base)
        }))
    let records = unsafe Zone(
      name: "mbuf_ext_refcnt", itemByteCount: MemoryLayout<LentRecord>.size, pages: pages,
      budget: budget, debugging: debugging)
    unsafe core.initialize(
      to: PoolCore(
        mbufZone: mbufs, packetZone: packets, clusterZone: clusters, pageZone: zone(.page),
        jumbo9Zone: zone(.jumbo9), jumbo16Zone: zone(.jumbo16), recordZone: records))
    unsafe self.core = core
    for size in ClusterSize.allCases {
      unsafe core.pointee.zone(of: size).limitInItems = size.firstLimit(clusterLimit)
    }
    // No more packets than clusters; a small limit also keeps the packet zone's buckets small.
    packets.limitInItems = clusterLimit
    mbufs.limitInItems = mbufLimit
    // Clusters and mbufs parked in the packet zone come back before either zone denies.
    clusters.setHolders([packets])
  }

  deinit {
    unsafe AbandonedPools.end(core)
    AbandonedPools.sweep()
  }

  // MARK: Get

  /// An empty packet with one cluster: room for 2,048 bytes.
  ///
  /// - Parameters:
  ///   - headroom: bytes kept free in front for headers, 0...2,048.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`, naming the zone and its limit.
  /// - Complexity: one bucket pop.
  ///
  /// BSD: `m_getcl`.
  @inlinable @inline(__always)
  public func packet(
    headroom: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    let mbuf = try unsafe core.clusterMbuf(.packetHeader, CallSite(file, line))
    if headroom != 0 { mbuf.place(headroom: headroom) }
    return Packet(mbuf)
  }

  /// An empty packet without a cluster: room for 168 bytes.
  ///
  /// - Parameters:
  ///   - headroom: bytes kept free in front for headers, 0...168.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`.
  ///
  /// BSD: `m_gethdr`.
  public func smallPacket(
    headroom: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    let mbuf = try unsafe core.mbuf(.packetHeader, CallSite(file, line))
    if headroom != 0 { mbuf.place(headroom: headroom) }
    return Packet(mbuf)
  }

  /// An empty packet with room for at least `byteCount` bytes, in as many segments as that takes.
  ///
  /// - Parameters:
  ///   - byteCount: bytes of room, 0...`MbufLayout.largestPacketByteCount`.
  ///   - largest: the largest clusters to take; each piece is the smallest that holds the rest.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; nothing was allocated.
  ///
  /// BSD: `m_getm2`.
  public func packet(
    byteCount: Int, upTo largest: ClusterSize = .standard, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(MbufError) -> Packet {
    let site = CallSite(file, line)
    return Packet(try unsafe core.chain(byteCount, upTo: largest, .packetHeader, site))
  }

  /// An empty packet with one cluster of a size.
  ///
  /// - Parameters:
  ///   - size: of the cluster.
  ///   - headroom: bytes kept free in front for headers, at most the cluster's.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; nothing was allocated.
  ///
  /// BSD: `m_getjcl`.
  public func packet(
    _ size: ClusterSize, headroom: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    if size == .standard { return try packet(headroom: headroom, file: file, line: line) }
    let mbuf = try unsafe core.mbuf(with: size, .packetHeader, CallSite(file, line))
    if headroom != 0 { mbuf.place(headroom: headroom) }
    return Packet(mbuf)
  }

  /// A packet holding a copy of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: what to copy, any number.
  ///   - headroom: bytes kept free in front, 0...2,048; more segments are used if need be.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; nothing was allocated.
  ///
  /// BSD: `m_devget`.
  @inlinable @inline(__always)
  public func packet(
    copying bytes: RawSpan, headroom: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    let site = CallSite(file, line)
    let byteCount = bytes.byteCount
    guard headroom &+ byteCount <= MbufLayout.clusterByteCount else {
      return try longPacket(copying: bytes, headroom: headroom, site)
    }
    let mbuf =
      headroom &+ byteCount <= MbufLayout.packetDataByteCount
      ? try unsafe core.mbuf(.packetHeader, site) : try unsafe core.clusterMbuf(.packetHeader, site)
    if headroom != 0 { mbuf.place(headroom: headroom) }
    unsafe bytes.withUnsafeBytes { source in
      guard let start = source.baseAddress else { return }
      // In bounds: headroom + byteCount <= the mbuf's room, checked above.
      unsafe mbuf.data.copyMemory(from: start, byteCount: byteCount)
    }
    mbuf.byteCount = byteCount
    mbuf.packetByteCount = byteCount
    return Packet(mbuf)
  }

  @usableFromInline
  func longPacket(copying bytes: RawSpan, headroom: Int, _ site: CallSite) throws(MbufError)
    -> Packet
  {
    var packet = try packet(
      byteCount: headroom + bytes.byteCount, file: site.file, line: site.line)
    packet.head.place(headroom: headroom)
    try packet.append(bytes, file: site.file, line: site.line)
    return packet
  }
}
