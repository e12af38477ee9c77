// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

@Suite struct ZoneBulkTests {
  @Test(arguments: [0, 1, 2, 31, 32, 127, 128, 129, 300, 1_000])
  func manyAtOnceAndBack(_ count: Int) throws {
    let zone = Zone(name: "bulk", itemByteCount: 64)
    for round in 1...3 {
      let items = try zone.takeBulk(count)
      #expect(Set(items).count == count)
      #expect(zone.statistics().inUse == count)
      for (index, item) in items.enumerated() { item.fill(UInt64(index), byteCount: 64) }
      let intact = items.enumerated().allSatisfy { $1.isFilled(UInt64($0), byteCount: 64) }
      #expect(intact)
      zone.giveBulk(items)
      #expect(zone.statistics().inUse == 0)
      #expect(zone.statistics().allocations == UInt64(round * count))
      zone.checkInvariants()
    }
    #expect(zone.destroy() == 0)
  }

  @Test func allOrNothing() throws {
    let zone = Zone(name: "all", itemByteCount: 64)
    zone.limitInItems = 50
    let held = try zone.takeBulk(20)
    let denied = ZoneError(zone: zone, reason: .limitReached, count: 50)
    #expect(throws: denied) { try zone.takeBulk(31) }
    #expect(zone.statistics().inUse == 20)
    let rest = try zone.takeBulk(30)
    #expect(Set(held + rest).count == 50)
    zone.giveBulk(held)
    zone.giveBulk(rest)
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
  }

  @Test(arguments: 1...9)
  func whatWasConstructedIsUndone(_ refusal: Int) throws {
    let journal = Journal()
    let zone = Zone(name: "undone", itemByteCount: 64, hooks: journal.hooks())
    journal.refuse(.construct, at: refusal)
    #expect(throws: ZoneError(zone: zone, reason: .outOfMemory, count: 64)) {
      try zone.takeBulk(9)
    }
    #expect(journal.count(.construct) == refusal - 1 && journal.count(.destruct) == refusal - 1)
    #expect(zone.statistics().inUse == 0)
    zone.giveBulk(try zone.takeBulk(9))
    #expect(journal.count(.construct) == refusal + 8 && journal.count(.destruct) == refusal + 8)
    #expect(zone.destroy() == 0)
  }

  @Test func eachAttemptThatFailsLeavesNothing() throws {
    let zone = Zone(name: "sweep", itemByteCount: 64)
    for attempt in 1...8 {
      let plan = FailurePlan(failing: attempt)
      zone.inject(plan)
      #expect(throws: ZoneError(zone: zone, reason: .injected, count: 0)) { try zone.takeBulk(8) }
      #expect(plan.attemptCount == attempt && zone.statistics().inUse == 0)
    }
    zone.inject(nil)
    #expect(zone.destroy() == 0)
  }

  @Test func randomSizesFromSeveralThreads() throws {
    var random = SeededRandom()
    let zone = Zone(name: "threads", itemByteCount: 32)
    zone.limitInItems = 2_000
    let generators = (0..<4).map { _ in random.split() }
    onThreads(4) { index in
      var random = generators[index]
      for _ in 0..<300 {
        let count = Int.random(in: 0...300, using: &random)
        guard let items = try? zone.takeBulk(count) else { continue }
        for item in items { item.fill(UInt64(index), byteCount: 32) }
        let intact = items.allSatisfy { $0.isFilled(UInt64(index), byteCount: 32) }
        #expect(intact)
        if random.chance(50) { zone.giveBulk(items) } else { zone.give(items) }
      }
    }
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
  }
}

extension Zone {
  func takeBulk(_ count: Int) throws(ZoneError) -> [HeldItem] {
    let places = UnsafeMutableBufferPointer<UnsafeMutableRawPointer>.allocate(capacity: count)
    defer { unsafe places.deallocate() }
    unsafe try allocate(into: places)
    return unsafe places.map { unsafe HeldItem($0) }
  }

  func giveBulk(_ items: [HeldItem]) {
    unsafe items.map { unsafe $0.address }.withUnsafeBufferPointer { unsafe free($0) }
  }
}
