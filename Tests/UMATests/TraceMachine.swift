// SPDX-License-Identifier: BSD-2-Clause
//
// Replays one trace on zones of ours, a cache table per recorded CPU. What a step may do follows
// from the zones' figures before it, by what the allocator promises:
//
//     room by limit = limit - in use                                       (limit 0: no end)
//     room by pages = free on slabs + cached in every zone of the keg + pages left
//
// An allocation succeeds as long as there is room and the constructor agrees, and never beyond.
// Where the record has another number of successes - it was near its own limit, which counts
// pages, or short of pages, which its slabs use otherwise - we part from it by the difference, and
// compare what follows less that difference.

import Synchronization
import TestSupport
import Testing

@testable import UMA

@safe
final class TraceMachine {
  let trace: Trace
  let pages = CountedPages()
  private(set) var pageLimit: Int?
  let tables: [CacheTable]
  /// For what a sleeper's relief gives back while this thread uses the others.
  let spareTable: CacheTable
  /// The table that hooks allocate and free through.
  let current = Box<CacheTable>()
  let zones: [TracedZone]
  var random: SeededRandom

  init(_ trace: Trace, _ random: SeededRandom) throws {
    self.trace = trace
    self.random = random
    tables = try (0..<trace.ncpu).map { _ in try #require(CacheTable()) }
    spareTable = try #require(CacheTable())
    zones =
      trace.setup == "mbuma"
      ? Self.mbuma(trace, pages, current) : [try Self.single(trace, pages)]
  }

  private static func single(_ trace: Trace, _ pages: CountedPages) throws -> TracedZone {
    let flags: [String: ZoneFlags] = [
      "": [], "ZINIT": .zeroInitialize, "NOFREE": .noFree, "MAXBUCKET": .largestBuckets,
      "REFCNT": .referenceCounted, "VM": .bucketCacheOnly,
    ]
    let flag = try #require(flags[trace.flag ?? ""])
    let counts = HookCounts()
    let isPrepared = !trace.zeroes("z")
    var hooks = counts.hooks(
      constructRefusal: trace.ctorFailEvery ?? 0, initializeRefusal: trace.initFailAt ?? 0,
      preparesItems: isPrepared)
    if flag == .zeroInitialize { unsafe hooks.initialize = nil }
    let isInitialized = unsafe hooks.initialize != nil
    if !isInitialized { unsafe hooks.finalize = nil }
    let zone = Zone(
      name: "z", itemByteCount: try #require(trace.size), alignment: try #require(trace.align) + 1,
      flags: flag, hooks: hooks, pages: pages)
    zone.limitInItems = trace.max ?? 0
    if let call = trace.initFailAt, call > 0, !isInitialized, flag != .zeroInitialize {
      // No hook of ours may prepare an item that is zeroed: the slab fails for want of pages.
      pages.setLimit((call - 1) / zone.layout.itemCount * zone.layout.pageCount)
      pages.onRefusal.value = { [weak pages] _ in pages?.setLimit(.max) }
    }
    return TracedZone(zone, counts, byKeg: isInitialized, byZone: isPrepared)
  }

  private static func mbuma(_ trace: Trace, _ pages: CountedPages, _ current: Box<CacheTable>)
    -> [TracedZone]
  {
    let counts = (HookCounts(), HookCounts(), HookCounts())
    let isPrepared = (!trace.zeroes("mbuf"), !trace.zeroes("mbuf_cluster"))
    let mbufs = Zone(
      name: "mbuf", itemByteCount: 256, alignment: 256, flags: .largestBuckets,
      hooks: counts.0.hooks(
        constructRefusal: 0, initializeRefusal: 0, preparesItems: isPrepared.0),
      pages: pages)
    let clusters = Zone(
      name: "mbuf_cluster", itemByteCount: 2_048, flags: .referenceCounted,
      hooks: counts.1.hooks(
        constructRefusal: 0, initializeRefusal: 0, preparesItems: isPrepared.1),
      pages: pages)
    let packetCounts = counts.2
    var hooks = packetCounts.hooks(
      constructRefusal: 0, initializeRefusal: 0, preparesItems: false)
    // Half of the traces take clusters for packets that nobody waits for, as the record does.
    let takesAhead = trace.id.unicodeScalars.reduce(0) { $0 + $1.value }.isMultiple(of: 2)
    unsafe hooks.importItem = { item, isAwaited in
      guard let table = current.value, isAwaited || takesAhead,
        let cluster = unsafe try? clusters.allocate(in: table)
      else { return false }
      unsafe item.storeBytes(of: UInt(bitPattern: cluster), as: UInt.self)
      packetCounts.imported.add(1, ordering: .relaxed)
      return true
    }
    unsafe hooks.exportItem = { item in
      let cluster = unsafe UnsafeMutableRawPointer(bitPattern: item.load(as: UInt.self))
      guard let table = current.value, let cluster = unsafe cluster else {
        Issue.record("a packet without a cluster")
        return
      }
      packetCounts.exported.add(1, ordering: .relaxed)
      unsafe clusters.free(cluster, in: table)
    }
    let packets = Zone(name: "mbuf_packet", sharing: mbufs, hooks: hooks)
    clusters.limitInItems = trace.clusterMax ?? 0
    clusters.setRelief { packets.drain() }
    mbufs.setRelief { packets.drain() }
    return [
      TracedZone(mbufs, counts.0, byKeg: isPrepared.0, byZone: isPrepared.0),
      TracedZone(clusters, counts.1, byKeg: isPrepared.1, byZone: isPrepared.1),
      TracedZone(packets, counts.2, byKeg: false, byZone: true),
    ]
  }

  func zone(_ name: String?) throws -> TracedZone {
    try #require(zones.first { $0.zone.name == name })
  }

  /// Calls of a zone's hooks that failed, and slabs refused in the place of one.
  func refusals(of zone: TracedZone) -> Int {
    zone.counts.refused.load(ordering: .relaxed) + (pageLimit == nil ? pages.refusals : 0)
  }

  /// From now on the page source has `slabs` times the longest slab left to give.
  func limitPages(toMore slabs: Int) {
    let longest = zones.map { $0.zone.layout.pageCount }.max() ?? 1
    pageLimit = pages.pagesOut + slabs * longest
    pages.onRefusal.value = nil
    pages.setLimit(pageLimit ?? .max)
  }

  /// Takes every zone's cached items and empty slabs back.
  func drain() {
    current.value = tables.randomElement(using: &random)
    // Packets first: their clusters go to the caches of their own zone.
    for zone in zones.reversed() { zone.zone.drain() }
    for zone in zones { #expect(zone.zone.statistics().cached == 0, "\(zone.zone.name)") }
  }

  /// Frees everything, drains, and ends the zones.
  func end() {
    for zone in zones.reversed() { #expect(zone.zone.destroy() == 0, "\(zone.zone.name)") }
    for table in tables + [spareTable] { table.retire() }
    #expect(pages.pagesOut == 0)
  }
}

// MARK: - What there is room for

/// How many more items a zone can give, and what bounds them.
struct TraceRoom {
  var byLimit = Int.max
  /// Between what is certain and what is possible.
  var byPages = Int.max...Int.max

  var range: ClosedRange<Int> {
    Swift.min(byLimit, byPages.lowerBound)...Swift.min(byLimit, byPages.upperBound)
  }
}

extension TraceMachine {
  func room(_ zone: TracedZone) -> TraceRoom {
    guard trace.setup == "mbuma" else {
      let limit = zone.zone.limitInItems
      return TraceRoom(
        byLimit: limit == 0 ? .max : limit - zone.held.count,
        byPages: memory([zone], zone).map { $0...$0 } ?? .max ... .max)
    }
    let (mbufs, clusters, packets) = (zones[0], zones[1], zones[2])
    let limit = clusters.zone.limitInItems
    let clusterRoom = limit == 0 ? .max : limit - clusters.held.count - packets.held.count
    let ofMbufs = memory([mbufs, packets], mbufs)
    // Each keg may get pages that the other has but in part in use.
    guard let ofMbufs, let ofClusters = memory([clusters], clusters),
      let mostOfMbufs = memory(
        [mbufs, packets], mbufs, morePages: clusters.zone.statistics().slabPageCount),
      let most = memory([clusters], clusters, morePages: mbufs.zone.statistics().slabPageCount)
    else { return TraceRoom(byLimit: zone === mbufs ? .max : clusterRoom) }
    if zone === mbufs { return TraceRoom(byPages: ofMbufs...mostOfMbufs) }
    let cached = packets.zone.statistics().cached
    if zone === clusters {
      return TraceRoom(byLimit: clusterRoom, byPages: ofClusters + cached...most + cached)
    }
    // Which keg gets the pages left is a matter of who asks first.
    return TraceRoom(
      byLimit: clusterRoom,
      byPages: cached...Swift.max(cached, Swift.min(mostOfMbufs, most + cached)))
  }

  /// Items a keg has, on slabs and cached by its zones, or can make of the pages left; nil if these
  /// have no end.
  private func memory(_ zones: [TracedZone], _ master: TracedZone, morePages: Int = 0) -> Int? {
    guard let pageLimit else { return nil }
    let layout = master.zone.layout
    let slabs = (pageLimit - pages.pagesOut + morePages) / layout.pageCount
    return zones.reduce(slabs * layout.itemCount) { sum, zone in
      let statistics = zone.zone.statistics()
      return sum + statistics.cached + statistics.free
    }
  }
}

extension ZoneStatistics {
  var slabPageCount: Int { slabByteCount / PageArena.pageByteCount }
}
