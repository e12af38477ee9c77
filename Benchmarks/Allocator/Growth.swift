// SPDX-License-Identifier: BSD-2-Clause
//
// What more of everything costs, per operation. It should cost nothing:
//
//     zones      pairs on one zone after the other: each has a line of the thread's table
//     threads    pairs, and bursts beyond a cache, of many threads on one zone and two cores
//     slabs      single items past all caches, from slabs and back, while the keg has so many slabs,
//                all of them with room; and pairs, which do not get there
//     locks      how often each shape takes the zone's lock
//
// Prints `G  what  how many  median  fastest  slowest`, tab-separated, in ns per item that the
// thread was on a core: who waits for a core, or for a lock, spends nothing.

import CBench
import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension AllocatorBench {
  func measureGrowth() {
    let isWanted = { tests.isEmpty || tests.contains($0) }
    if isWanted("zones") { for count in [1, 2, 8, 64] { measureZones(count) } }
    if isWanted("threads") { for count in [1, 2, 8, 64] { measureThreads(count) } }
    if isWanted("slabs") {
      for byteCount in [256, 2_048] {
        for count in [1, 10, 100, 1_000, 10_000, 100_000] { measureSlabs(count, byteCount) }
      }
    }
    if isWanted("locks") { measureLocks() }
  }

  /// A row of the median of the repetitions, after one that does not count.
  private func growthRow(_ what: String, _ count: Int, _ body: () throws(ZoneError) -> Double) {
    do throws(ZoneError) {
      _ = try body()
      var results: [Double] = []
      for _ in 0..<repetitionCount { results.append(try body()) }
      let columns = ["G", what, "\(count)"] + Self.figures(results)
      print(columns.joined(separator: "\t"))
      fflush(nil)
    } catch { stop(error) }
  }

  private static func makeZone(_ byteCount: Int) -> Zone {
    let zone = Zone(name: "growth", itemByteCount: byteCount, alignment: 64)
    zone.limitInItems = 8_000_000
    return zone
  }

  // MARK: Zones

  private func measureZones(_ zoneCount: Int) {
    let zones = UnsafeMutablePointer<Zone>.allocate(capacity: zoneCount)
    defer { unsafe zones.deallocate() }
    for index in 0..<zoneCount { unsafe (zones + index).initialize(to: Self.makeZone(256)) }
    growthRow("zones/pair", zoneCount) { () throws(ZoneError) in
      unsafe try Self.roundRobin(zones, zoneCount, 4_000_000)
    }
    for index in 0..<zoneCount { unsafe zones[index].destroy() }
  }

  @inline(never)
  private static func roundRobin(
    _ zones: UnsafeMutablePointer<Zone>, _ zoneCount: Int, _ count: Int
  ) throws(ZoneError) -> Double {
    let start = bench_thread_time()
    for index in 0..<count {
      // In bounds: the number of zones is a power of two.
      let zone = unsafe zones[index & (zoneCount - 1)]
      let item = unsafe try zone.allocateItem()
      unsafe bench_escape(item)
      unsafe item.storeBytes(of: index, as: Int.self)
      unsafe zone.freeItem(item)
    }
    return Double(bench_thread_time() - start) / Double(count)
  }

  // MARK: Threads

  private func measureThreads(_ threadCount: Int) {
    let zone = Self.makeZone(256)
    defer { zone.destroy() }
    let count = Swift.max(500_000, 4_000_000 / threadCount)
    growthRow("threads/pair", threadCount) { () throws(ZoneError) in
      Self.onEach(threadCount, count) { count throws(ZoneError) in
        _ = try Shape.pair(zone, touched: true, count)
      }
    }
    growthRow("threads/burst512", threadCount) { () throws(ZoneError) in
      Self.onEach(threadCount, count / 512 * 512) { count throws(ZoneError) in
        _ = try Shape.burst(zone, touched: true, length: 512, count)
      }
    }
  }

  /// The mean over threads that begin together, warm.
  private static func onEach(
    _ threadCount: Int, _ count: Int, _ body: @escaping @Sendable (Int) throws(ZoneError) -> Void
  ) -> Double {
    let meeting = Meeting(of: threadCount)
    let results = onThreads(threadCount) { _ in
      do throws(ZoneError) {
        try body(10_000)
        meeting.wait()
        let start = bench_thread_time()
        try body(count)
        return Double(bench_thread_time() - start) / Double(count)
      } catch { stop(error) }
    }
    return results.reduce(0, +) / Double(threadCount)
  }

  // MARK: Slabs

  /// Leaves one item of each slab out, so that all have room and none is ever released.
  private func measureSlabs(_ slabCount: Int, _ byteCount: Int) {
    let zone = Self.makeZone(byteCount)
    let perSlab = zone.layout.itemCount
    let itemCount = slabCount * perSlab
    let items = Shape.Items.allocate(capacity: itemCount)
    defer { unsafe items.deallocate() }
    do throws(ZoneError) {
      // Items come from slab after slab.
      for index in 0..<itemCount { unsafe items[index] = try zone.allocateItem() }
    } catch { stop(error) }
    for index in 0..<itemCount where index % perSlab != 0 { unsafe zone.freeItem(items[index]) }
    growthRow("slabs/\(byteCount)/pair", slabCount) { () throws(ZoneError) in
      try Shape.pair(zone, touched: true, 1_000_000)
    }
    // Under a plan, even one that fails nothing, a zone caches nothing.
    zone.inject(FailurePlan(failing: 0))
    growthRow("slabs/\(byteCount)/uncached", slabCount) { () throws(ZoneError) in
      let start = bench_thread_time()
      _ = try Shape.burst(zone, touched: true, length: Swift.min(4_096, slabCount), 200_000)
      return Double(bench_thread_time() - start) / 200_000
    }
    zone.inject(nil)
    for index in 0..<itemCount where index % perSlab == 0 { unsafe zone.freeItem(items[index]) }
    zone.destroy()
  }

  // MARK: Locks

  /// Times the zone's lock is taken in 1,000 operations; one item is two operations.
  private func measureLocks() {
    let zone = Self.makeZone(256)
    defer { zone.destroy() }
    let count = 4_000_000
    let shapes: [(String, @Sendable () throws(ZoneError) -> Void)] = [
      ("pair", { () throws(ZoneError) in _ = try Shape.pair(zone, touched: true, count) }),
      (
        "burst32",
        { () throws(ZoneError) in _ = try Shape.burst(zone, touched: true, length: 32, count) }
      ),
      (
        "burst512",
        { () throws(ZoneError) in _ = try Shape.burst(zone, touched: true, length: 512, count) }
      ),
      ("fifo1024", { () throws(ZoneError) in _ = try Shape.fifo(zone, depth: 1_024, count) }),
      ("prodcons", { _ = Shape.handover(zone, batch: 1, count) }),
      ("prodcons-pub32", { _ = Shape.handover(zone, batch: 32, count) }),
    ]
    for (name, run) in shapes {
      do throws(ZoneError) {
        let before = zone.lockAcquisitions
        try run()
        let taken = zone.lockAcquisitions - before - 1
        let perThousand = Self.digits(Double(taken) * 1_000 / Double(2 * count))
        print("G\tlocks per 1,000 operations/\(name)\t1\t\(perThousand)")
      } catch { stop(error) }
    }
  }
}
