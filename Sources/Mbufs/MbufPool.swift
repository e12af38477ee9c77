// SPDX-License-Identifier: BSD-2-Clause
public import UMA

/// Where packets come from: the zones of mbuma, made and owned by whoever needs packets.
///
///     let pool = MbufPool(clusterLimit: 4_096)
///     var packet = try pool.packet()
///     try packet.append(bytes)
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
  ///   - clusterLimit: the most clusters, 0 for no limit. 65,536 clusters are 128 MiB.
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
    let clusters = Zone(
      name: "mbuf_cluster", itemByteCount: MbufLayout.clusterByteCount, alignment: 64,
      flags: .referenceCounted, pages: pages, budget: budget, debugging: debugging)
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
          unsafe mbuf.attach(cluster, of: clusters, .packet)
          return true
        },
        exportItem: { item in
          let mbuf = unsafe Mbuf(item.assumingMemoryBound(to: MbufHeader.self))
          unsafe clusters.freeItem(mbuf.storage.pointee.base)
        }))
    unsafe core.initialize(
      to: PoolCore(mbufZone: mbufs, packetZone: packets, clusterZone: clusters))
    unsafe self.core = core
    clusters.limitInItems = clusterLimit
    // No more packets than clusters; a small limit also keeps the packet zone's buckets small.
    packets.limitInItems = clusterLimit
    mbufs.limitInItems = mbufLimit
    // Clusters and mbufs parked in the packet zone come back before either zone denies.
    clusters.setRelief { packets.drain() }
    mbufs.setRelief { packets.drain() }
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
  ///   - byteCount: bytes of room, at least 0.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; nothing was allocated.
  ///
  /// BSD: `m_getm2`.
  public func packet(
    byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    precondition(byteCount >= 0, "room for \(byteCount) bytes")
    return Packet(try unsafe core.chain(byteCount, .packetHeader, CallSite(file, line)))
  }

  /// A packet holding a copy of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: what to copy, any number.
  ///   - headroom: bytes kept free in front, 0...168; more segments are used if need be.
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

  /// A packet over lent memory.
  ///
  /// - Parameters:
  ///   - storage: the memory; the packet and its shared copies hold it until the last ends.
  ///   - byteCount: bytes at its start that are the packet's data.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; then the storage is not held.
  ///
  /// BSD: `m_extadd`.
  public func packet(
    over storage: ForeignStorage, byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    precondition(
      byteCount >= 0 && byteCount <= storage.byteCount,
      "\(byteCount) bytes of \(storage.byteCount)")
    let mbuf = try unsafe core.mbuf(.packetHeader, CallSite(file, line))
    storage.lend()
    unsafe mbuf.storage.initialize(
      to: ExternalStorage(
        base: storage.base, byteCount: storage.byteCount, counter: storage.counter,
        owner: .passRetained(storage)))
    mbuf.kind = .foreign
    mbuf.flags.insert(.external)
    if storage.isReadOnly { mbuf.flags.insert(.readOnly) }
    unsafe mbuf.data = storage.base
    mbuf.byteCount = byteCount
    mbuf.packetByteCount = byteCount
    return Packet(mbuf)
  }
}
