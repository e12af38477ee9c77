// SPDX-License-Identifier: BSD-2-Clause
//
// The shapes in which programs use an allocator. Each returns nanoseconds per item: one allocation
// and one free. The item escapes after it is allocated, as if given to code that nobody can see;
// touched, its first eight bytes are written.
//
//     pair        take, give                                 the same item again and again
//     pair-live   the same while 128 others are out
//     burst N     take N, give N in the same order           a batch of packets
//     fifo D      give the oldest, take a new one            a queue of D packets
//     two         pairs or bursts on two cores at once       the mean of the two
//     handover    take on one core, give on the other        a packet's way between threads

import CBench
import UMA

enum Shape {
  typealias Items = UnsafeMutablePointer<UnsafeMutableRawPointer>

  @inline(__always)
  private static func take(_ zone: Zone, _ touched: Bool, _ index: Int) throws(ZoneError)
    -> UnsafeMutableRawPointer
  {
    let item = unsafe try zone.allocateItem()
    unsafe bench_escape(item)
    // Every zone measured here has items of at least eight bytes.
    if touched { unsafe item.storeBytes(of: index, as: Int.self) }
    return unsafe item
  }

  // MARK: Pairs

  /// Pairs while `live` other items are out.
  static func pair(_ zone: Zone, touched: Bool, live: Int = 0, _ count: Int) throws(ZoneError)
    -> Double
  {
    let items = Items.allocate(capacity: live)
    defer { unsafe items.deallocate() }
    for index in 0..<live { unsafe items[index] = try zone.allocateItem() }
    defer { for index in 0..<live { unsafe zone.freeItem(items[index]) } }
    // Two loops, each with its answer compiled in.
    return touched ? try pairTouched(zone, count) : try pairUntouched(zone, count)
  }

  @inline(never)
  private static func pairTouched(_ zone: Zone, _ count: Int) throws(ZoneError) -> Double {
    let start = bench_now()
    for index in 0..<count { unsafe zone.freeItem(try take(zone, true, index)) }
    return Double(bench_now() - start) / Double(count)
  }

  @inline(never)
  private static func pairUntouched(_ zone: Zone, _ count: Int) throws(ZoneError) -> Double {
    let start = bench_now()
    for index in 0..<count { unsafe zone.freeItem(try take(zone, false, index)) }
    return Double(bench_now() - start) / Double(count)
  }

  // MARK: Bursts

  static func burst(_ zone: Zone, touched: Bool, length: Int, _ count: Int) throws(ZoneError)
    -> Double
  {
    let items = Items.allocate(capacity: length)
    defer { unsafe items.deallocate() }
    return touched
      ? unsafe try burstTouched(zone, items, length, count)
      : unsafe try burstUntouched(zone, items, length, count)
  }

  @inline(never)
  private static func burstTouched(_ zone: Zone, _ items: Items, _ length: Int, _ count: Int)
    throws(ZoneError) -> Double
  {
    unsafe try bursts(zone, items, length, count, touched: true)
  }

  @inline(never)
  private static func burstUntouched(_ zone: Zone, _ items: Items, _ length: Int, _ count: Int)
    throws(ZoneError) -> Double
  {
    unsafe try bursts(zone, items, length, count, touched: false)
  }

  @inline(__always)
  private static func bursts(
    _ zone: Zone, _ items: Items, _ length: Int, _ count: Int, touched: Bool
  ) throws(ZoneError) -> Double {
    let burstCount = Swift.max(1, count / length)
    let start = bench_now()
    for _ in 0..<burstCount {
      for index in 0..<length { unsafe items[index] = try take(zone, touched, index) }
      for index in 0..<length { unsafe zone.freeItem(items[index]) }
    }
    return Double(bench_now() - start) / Double(burstCount * length)
  }

  // MARK: A queue

  /// - Precondition: `depth` is a power of two.
  @inline(never)
  static func fifo(_ zone: Zone, depth: Int, _ count: Int) throws(ZoneError) -> Double {
    let items = Items.allocate(capacity: depth)
    defer { unsafe items.deallocate() }
    for index in 0..<depth { unsafe items[index] = try zone.allocateItem() }
    var oldest = 0
    let start = bench_now()
    for index in 0..<count {
      unsafe zone.freeItem(items[oldest])
      unsafe items[oldest] = try take(zone, true, index)
      oldest = (oldest + 1) & (depth - 1)
    }
    let elapsed = bench_now() - start
    for index in 0..<depth { unsafe zone.freeItem(items[index]) }
    return Double(elapsed) / Double(count)
  }

  // MARK: Threads

  /// What `body` returns on two threads at once, each after a short run of its own; the mean.
  static func together(
    _ count: Int, _ body: @escaping @Sendable (_ count: Int) throws(ZoneError) -> Double
  ) -> Double {
    let meeting = Meeting(of: 2)
    let results = onThreads(2) { _ in
      do throws(ZoneError) {
        _ = try body(100_000)
        meeting.wait()
        let result = try body(count)
        meeting.wait()
        return result
      } catch { stop(error) }
    }
    return (results[0] + results[1]) / 2
  }

  /// One thread allocates and writes, the other reads and frees; the slower of the two counts.
  static func handover(_ zone: Zone, batch: UInt32, _ count: Int) -> Double {
    let ring = Ring()
    defer { ring.discard() }
    let meeting = Meeting(of: 2)
    let results = onThreads(2) { thread in
      meeting.wait()
      let start = bench_now()
      if thread == 0 {
        produce(zone, ring, batch, count)
      } else {
        consume(zone, ring, batch, count)
      }
      let elapsed = bench_now() - start
      // Neither thread ends, and gives up its cache, while the other is being timed.
      meeting.wait()
      return Double(elapsed) / Double(count)
    }
    return Swift.max(results[0], results[1])
  }

  @inline(never)
  private static func produce(_ zone: Zone, _ ring: Ring, _ batch: UInt32, _ count: Int) {
    do throws(ZoneError) {
      try unsafe ring.produce(count, batch: batch) { index throws(ZoneError) in
        unsafe try take(zone, true, index)
      }
    } catch { stop(error) }
  }

  @inline(never)
  private static func consume(_ zone: Zone, _ ring: Ring, _ batch: UInt32, _ count: Int) {
    var sum = 0
    unsafe ring.consume(count, batch: batch) { item in
      sum &+= unsafe item.load(as: Int.self)
      unsafe zone.freeItem(item)
    }
    unsafe bench_escape(UnsafeRawPointer(bitPattern: sum))
  }
}
