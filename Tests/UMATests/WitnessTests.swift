// SPDX-License-Identifier: BSD-2-Clause
import CUMA
import Synchronization
import TestSupport
import Testing

@testable import UMA

/// The checker is one for the process: these tests run one after the other, each with lock classes
/// that no other test has, and look only at reports that name them.
@Suite(.serialized) struct WitnessTests {
  private static let classCount = Atomic<Int>(0)

  /// A class of a name that nothing else has.
  static func newClass(_ name: String, mayNest: Bool = false) -> LockClass {
    LockClass("\(name) \(classCount.add(1, ordering: .relaxed).newValue)", mayNest: mayNest)
  }

  /// The reports that are handled while `body` runs with the checker on, those of other tests that
  /// happen to run left out.
  static func reports(of classes: [LockClass], _ body: () -> Void) -> [WitnessReport] {
    let box = Box<[WitnessReport]>()
    box.value = []
    withChecker { report in
      if classes.contains(report.held.lockClass) { box.value?.append(report) }
    } _: {
      body()
    }
    return box.value ?? []
  }

  /// Runs `body` with the checker on and leaves all settings as they were.
  static func withChecker(
    _ handler: @escaping @Sendable (WitnessReport) -> Void, _ body: () -> Void
  ) {
    let (wasOn, reaction, policy) = (Witness.isOn, Witness.reaction, Witness.waitPolicy)
    Witness.setHandler(handler)
    Witness.reaction = .report
    Witness.isOn = true
    body()
    Witness.isOn = wasOn
    Witness.reaction = reaction
    Witness.waitPolicy = policy
    Witness.setHandler(nil)
  }

  /// The orders that name one of the classes.
  static func orders(of classes: [LockClass]) -> [LockOrder] {
    Witness.learnedOrders().filter {
      classes.contains($0.first.lockClass) || classes.contains($0.second.lockClass)
    }
  }

  /// Takes the classes in order, each a line further down than the one before, and releases them.
  static func take(_ classes: [LockClass], line: UInt = 1) {
    for (index, lockClass) in classes.enumerated() {
      Witness.acquired(lockClass, file: "Module/File.swift", line: line + UInt(index))
    }
    for lockClass in classes { Witness.released(lockClass) }
  }

  // MARK: Reversals

  @Test func twoLocksInBothOrders() throws {
    let (a, b) = (Self.newClass("a"), Self.newClass("b"))
    let reports = Self.reports(of: [a, b]) {
      Self.take([a, b], line: 10)
      Self.take([a, b], line: 15)
      Self.take([b, a], line: 20)
    }
    #expect(reports.count == 1)
    #expect(
      reports.first?.description == """
        lock order reversal:
         1st \(b) @ Module/File.swift:20
         2nd \(a) @ Module/File.swift:21
        seen before:
         1st \(a) @ Module/File.swift:10
         2nd \(b) @ Module/File.swift:11
        """)
    // What came first stays right.
    #expect(Self.orders(of: [a, b]).map(\.first.lockClass) == [a])
  }

  @Test func aCycleOfThreeNamesEveryOrderOnIt() throws {
    let (a, b, c) = (Self.newClass("a"), Self.newClass("b"), Self.newClass("c"))
    let reports = Self.reports(of: [a, b, c]) {
      Self.take([a, b], line: 10)
      Self.take([b, c], line: 20)
      Self.take([c, a], line: 30)
    }
    let report = try #require(reports.first)
    #expect(reports.count == 1)
    guard case .reversal(let order, let opposing) = report else {
      Issue.record("\(report)")
      return
    }
    #expect(order.first.lockClass == c && order.second.lockClass == a)
    #expect(opposing.map(\.first.lockClass) == [a, b])
    #expect(opposing.map(\.second.lockClass) == [b, c])
    #expect(opposing.map(\.first.site.line) == [10, 20])
    #expect(opposing.map(\.second.site.line) == [11, 21])
  }

  /// Of several locks held, the outermost is the one to name: the others follow from it.
  @Test func underSeveralLocksTheOutermostIsNamed() {
    let (a, b, c) = (Self.newClass("a"), Self.newClass("b"), Self.newClass("c"))
    let reports = Self.reports(of: [a, b, c]) {
      Self.take([c, a])
      Self.take([a, b, c])
    }
    #expect(reports.count == 1)
    #expect(reports.first?.held.lockClass == a)
  }

  @Test func aSecondLockOfAClassIsReportedUnlessItMayNest() {
    let (a, b) = (Self.newClass("a"), Self.newClass("b", mayNest: true))
    let reports = Self.reports(of: [a, b]) {
      Self.take([b, b, b])
      Self.take([a, a], line: 5)
      // Both are released, so this is no third one.
      Self.take([a], line: 8)
    }
    #expect(
      reports.map(\.description) == [
        """
        a lock of class \(a) taken with one held:
         1st \(a) @ Module/File.swift:5
         2nd \(a) @ Module/File.swift:6
        """
      ])
  }

  /// Two locks that may nest have no order, but a lock between them has one with both.
  @Test func aLockBetweenTwoThatMayNest() {
    let (zone, keg) = (Self.newClass("zone", mayNest: true), Self.newClass("keg"))
    let reports = Self.reports(of: [zone, keg]) { Self.take([zone, keg, zone]) }
    #expect(reports.count == 1)
    #expect(reports.first?.held.lockClass == keg)
  }

  // MARK: Held locks

  @Test func locksAreReleasedInAnyOrder() {
    let (a, b, c) = (Self.newClass("a"), Self.newClass("b"), Self.newClass("c"))
    let reports = Self.reports(of: [a, b, c]) {
      Witness.acquired(a)
      Witness.acquired(b)
      Witness.released(a)
      #expect(Witness.locksHeldByThisThread().map(\.lockClass) == [b])
      // Not under a: only b comes before c.
      Witness.acquired(c)
      Witness.released(b)
      Witness.released(c)
      #expect(Witness.locksHeldByThisThread().isEmpty)
    }
    #expect(reports.isEmpty)
    let orders = Self.orders(of: [a, b, c])
    #expect(orders.count == 2)
    #expect(!orders.contains { $0.first.lockClass == a && $0.second.lockClass == c })
  }

  @Test func aLockTakenByTryingIsHeldAndHasNoOrder() {
    let (a, b) = (Self.newClass("a"), Self.newClass("b"))
    let reports = Self.reports(of: [a, b]) {
      Self.take([a, b])
      Witness.acquired(b)
      Witness.acquired(a, byTrying: true)
      #expect(Witness.locksHeldByThisThread().map(\.lockClass) == [b, a])
      Witness.released(a)
      Witness.released(b)
    }
    #expect(reports.isEmpty)
    #expect(Self.orders(of: [a, b]).count == 1)
  }

  @Test func aReleaseThatNobodySawTakenIsNoFault() {
    let (a, b) = (Self.newClass("a"), Self.newClass("b"))
    let reports = Self.reports(of: [a, b]) {
      Witness.isOn = false
      Witness.acquired(a)
      Witness.isOn = true
      Witness.acquired(b)
      Witness.released(a)
      Witness.isOn = false
      Witness.released(b)
    }
    #expect(reports.isEmpty && Self.orders(of: [a, b]).isEmpty)
    #expect(Witness.locksHeldByThisThread().isEmpty)
  }

  // MARK: The lock

  @Test func theLockReportsWhereItIsTaken() throws {
    let outer = WitnessedLock(1, class: Self.newClass("outer"))
    let inner = WitnessedLock("a", class: Self.newClass("inner"))
    let classes = [outer.lockClass, inner.lockClass]
    var line: UInt = 0
    let reports = Self.reports(of: classes) {
      outer.withLock { number in inner.withLock { $0 += "\(number)" } }
      line = #line + 1
      inner.withLock { _ in outer.withLock { $0 += 1 } }
    }
    #expect(reports.first?.held.site == CallSite(#fileID, line))
    #expect(reports.first?.site == CallSite(#fileID, line))
    #expect(outer.withLock { $0 } == 2)
    #expect(inner.withLock { $0 } == "a1")
  }

  @Test func theLockIsReleasedByAThrow() {
    struct Refusal: Error {}
    let lock = WitnessedLock(0, class: Self.newClass("lock"))
    let reports = Self.reports(of: [lock.lockClass]) {
      #expect(throws: Refusal.self) {
        try lock.withLock { _ throws(Refusal) in throw Refusal() }
      }
      #expect(Witness.locksHeldByThisThread().isEmpty)
      lock.withLock { $0 += 1 }
    }
    #expect(reports.isEmpty)
  }

  /// Switched in the middle of a scope, the scope ends as it began.
  @Test func switchedWithinAScope() {
    let lock = WitnessedLock(0, class: Self.newClass("lock"))
    let reports = Self.reports(of: [lock.lockClass]) {
      lock.withLock { _ in Witness.isOn = false }
      #expect(Witness.locksHeldByThisThread().isEmpty)
      lock.withLock { _ in Witness.isOn = true }
      lock.withLock { _ in }
    }
    #expect(reports.isEmpty)
  }

  // MARK: Reports

  @Test func theSameTwoPlacesAreReportedOnceAndCounted() {
    let (a, b) = (Self.newClass("a"), Self.newClass("b"))
    let reports = Self.reports(of: [a, b]) {
      Self.take([a, b])
      for _ in 0..<5 { Self.take([b, a], line: 10) }
      for _ in 0..<2 { Self.take([b, a], line: 20) }
    }
    #expect(reports.map(\.site.line) == [11, 21])
    let counts = Witness.reports().filter { $0.report.held.lockClass == b }
    #expect(counts.map(\.count) == [5, 2])
    #expect(counts.map(\.report) == reports)
  }

  /// What a handler locks is not watched, so it cannot report itself.
  @Test func aHandlerMayLock() {
    let (a, b) = (Self.newClass("a"), Self.newClass("b"))
    let lock = WitnessedLock([WitnessReport](), class: a)
    Self.withChecker { report in
      if report.held.lockClass == b { lock.withLock { $0.append(report) } }
    } _: {
      Self.take([a, b])
      Self.take([b, a])
    }
    #expect(lock.withLock { $0.count } == 1)
    #expect(Witness.locksHeldByThisThread().isEmpty)
  }

  @Test func offNothingIsLearnedOrReported() {
    guard !Witness.isOn else { return }
    let (a, b) = (Self.newClass("a"), Self.newClass("b"))
    let lock = WitnessedLock(0, class: a)
    onThreads(1) { _ in
      Self.take([a, b])
      Self.take([b, a])
      lock.withLock { _ in
        precondition(!Witness.checkWaitingAllocation(zoneName: "zone"), "a wait was denied")
      }
      // Not even a list was made for this thread.
      precondition(unsafe mbuma_held() == nil, "a list of held locks")
    }
    #expect(Self.orders(of: [a, b]).isEmpty)
    #expect(!Witness.reports().contains { [a, b].contains($0.report.held.lockClass) })
  }

  // MARK: Threads

  /// Each thread goes round the same ring of locks from its own start: whatever comes first, the
  /// orders that are learned have no cycle, and every one that was not learned was reported.
  @Test func threadsEachWithTheirOwnOrder() {
    let count = 6
    let ring = (0..<count).map { Self.newClass("ring \($0)") }
    let reports = Self.reports(of: ring) {
      onThreads(count) { thread in
        for _ in 0..<200 {
          Self.take([ring[thread], ring[(thread + 1) % count]], line: UInt(100 * thread))
        }
      }
    }
    // One of the ring's orders closes it and is the reversal of the others.
    #expect(reports.count == 1)
    #expect(Self.orders(of: ring).count == count - 1)
    guard case .reversal(_, let opposing)? = reports.first else {
      Issue.record("\(reports)")
      return
    }
    #expect(opposing.count == count - 1)
    #expect(Witness.reports().last { ring.contains($0.report.held.lockClass) }?.count == 200)
  }

  @Test func aThreadThatEndsLeavesNoList() {
    let lock = WitnessedLock(0, class: Self.newClass("lock"))
    let reports = Self.reports(of: [lock.lockClass]) {
      for _ in 0..<20 {
        onThreads(4) { _ in
          precondition(Witness.locksHeldByThisThread().isEmpty, "another thread's locks")
          lock.withLock { $0 += 1 }
          // Its caches are retired when it ends, under locks that are watched again.
          let zone = Zone(name: "brief", itemByteCount: 64)
          if let item = try? zone.take() { zone.give(item) }
          precondition(zone.destroy() == 0, "brief is not empty")
        }
      }
    }
    #expect(reports.isEmpty)
    #expect(lock.withLock { $0 } == 80)
  }

  // MARK: The allocator's own locks

  @Test func theAllocatorKeepsOneOrder() {
    let own = [LockClass.zone, .keg, .registry]
    let reports = Self.reports(of: own) {
      #expect(throws: Never.self) {
        let zones = (0..<3).map { Zone(name: "order \($0)", itemByteCount: 256) }
        let items = try zones.map { try $0.take(300) }
        #expect(Zone.itemsInUse(of: zones) == 900)
        for (zone, items) in zip(zones, items) { zone.give(items) }
        for zone in zones {
          zone.limitInItems = 10
          zone.drain()
          _ = zone.statistics()
          zone.checkInvariants()
          #expect(zone.destroy() == 0)
        }
      }
    }
    #expect(reports.isEmpty)
    let orders = Self.orders(of: own).filter { own.contains($0.first.lockClass) }
    #expect(orders.contains { $0.first.lockClass == .zone && $0.second.lockClass == .registry })
    #expect(orders.allSatisfy { $0.first.lockClass == .zone }, "\(orders)")
  }
  /// Locked in one order and then in the other, two zones are told apart only by classes of their own.
  @Test(arguments: [ZoneFlags.ownLockClass, []])
  func zonesWithClassesOfTheirOwn(_ flags: ZoneFlags) throws {
    let names = (1...2).map { "own \($0), \(flags)" }
    let zones = names.map { Zone(name: $0, itemByteCount: 64, flags: flags) }
    let classes = names.map(LockClass.init(ofZone:))
    let reports = Self.reports(of: classes + [.zone]) {
      for (outer, inner) in [(0, 1), (1, 0)] {
        zones[outer].withDepot { _ in zones[inner].withDepot { _ in } }
      }
      // Counted together they are locked in one order, however they are named.
      #expect(Zone.itemsInUse(of: zones) == 0)
      #expect(Zone.itemsInUse(of: zones.reversed()) == 0)
    }
    if flags.contains(.ownLockClass) {
      #expect(reports.count >= 1)
      #expect(reports.first?.held.lockClass.name == "zone own 2, \(flags)")
      #expect(reports.first?.site.description.hasPrefix("UMATests/WitnessTests.swift:") == true)
    } else {
      #expect(reports.isEmpty)
    }
    for zone in zones { #expect(zone.destroy() == 0) }
  }
}
