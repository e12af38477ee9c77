// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing

@testable import UMA

@Suite struct TraceTests {
  /// Every step of every recorded trace, with every fact that no caching policy can change.
  @Test func recordedTracesHoldHere() throws {
    var random = SeededRandom()
    var report = TraceReport()
    let lines = try Vectors.lines(of: "uma-trace.jsonl")
    for trace in try Vectors.decode(lines, as: Trace.self) {
      let machine = try TraceMachine(trace, random.split())
      for (number, step) in trace.steps.enumerated() {
        try replay(step, number, machine, &report)
      }
      finish(machine, &report)
      report.traces += 1
    }
    print(report.text)
    #expect(report.traces == lines.count && report.traces > 0)
  }

  private func replay(
    _ step: Trace.Step, _ number: Int, _ machine: TraceMachine, _ report: inout TraceReport
  ) throws {
    let place: Comment = "\(machine.trace.id) step \(number): \(step.op) \(step.z ?? "")"
    let table = machine.tables[step.cpu ?? 0]
    machine.current.value = table
    switch step.op {
    case "alloc": try allocate(step, machine, &report, place)
    case "free":
      let zone = try machine.zone(step.z)
      let count = try #require(step.n)
      zone.freesAhead += free(count, of: zone, in: table, machine, &report) - count
    case "reclaim": machine.drain()
    case "prealloc":
      let zone = try machine.zone(step.z)
      let count = try #require(step.n)
      let (s, limit) = (zone.zone.statistics(), zone.zone.limitInItems)
      let room = limit == 0 ? .max : limit - s.inUse - s.cached
      let made = zone.zone.preallocate(count)
      let free = zone.zone.keg.slabs.withLock { $0.freeItemCount }
      #expect(
        machine.pageLimit != nil || free >= min(count, room),
        "\(place): \(made) made, \(free) free")
    case "pages_limit": machine.limitPages(toMore: try #require(step.extra))
    case "alloc_until_block": try block(step, machine, &report, place)
    default: Issue.record("\(place): not known")
    }
    report.steps += 1
    checkEquations(machine, &report, place)
    for (zone, state) in zip(machine.zones, step.st ?? []) {
      compare(zone, state, machine, step.st ?? [], &report, place)
    }
  }

  // MARK: Steps

  private func allocate(
    _ step: Trace.Step, _ machine: TraceMachine, _ report: inout TraceReport, _ place: Comment
  ) throws {
    let zone = try machine.zone(step.z)
    let (count, recorded) = (try #require(step.n), try #require(step.ok))
    let every = zone.zone.name == "z" ? machine.trace.ctorFailEvery ?? 0 : 0
    let room = machine.room(zone)
    let calls = zone.counts.constructCalls
    let wished = successes(count, .max, calls, every)
    let least = successes(count, room.range.lowerBound, calls, every)
    let most = successes(count, room.range.upperBound, calls, every)

    let refusals = machine.refusals(of: zone)
    var taken = 0
    for _ in 0..<count where try take(step, zone, machine, &report, every > 0, place) { taken += 1 }
    #expect((least...most).contains(taken), "\(place): \(taken) of \(least)...\(most)")
    zone.allocationsAhead += taken - recorded

    // With nothing near, here or there, all three numbers are the same.
    let isNear = recorded != wished || least != wished
    if !isNear {
      report.free += 1
      #expect(taken == recorded, place)
    } else if machine.pageLimit != nil && room.byLimit >= count {
      report.shortOfPages += 1
    } else {
      report.nearLimit += 1
      let isLimited =
        machine.trace.clusterMax ?? 0 > 0 || machine.trace.max ?? 0 > 0 || machine.pageLimit != nil
      #expect(isLimited, "\(place): \(recorded) recorded, and nothing in the way")
    }
    if machine.refusals(of: zone) > refusals { report.withFailingHook += 1 }
    if taken == recorded { report.asRecorded += 1 }
    if least == most { report.byOurRule += 1 }
  }

  /// Successes of so many calls with so much room, where the constructor refuses now and then.
  private func successes(_ count: Int, _ room: Int, _ calls: Int, _ every: Int) -> Int {
    var (calls, done) = (calls, 0)
    for _ in 0..<count where done < room {
      calls += 1
      if every == 0 || !calls.isMultiple(of: every) { done += 1 }
    }
    return done
  }

  private func take(
    _ step: Trace.Step, _ zone: TracedZone, _ machine: TraceMachine,
    _ report: inout TraceReport, _ mayRefuse: Bool, _ place: Comment
  ) throws -> Bool {
    let table = machine.tables[try #require(step.cpu)]
    // Nobody frees meanwhile: who would sleep may as well give up.
    let waits = step.wait == "WAITOK"
    let zeroes = step.zero == 1
    let denials = zone.zone.withDepot { $0.denials.reduce(0, +) }
    do throws(ZoneError) {
      let item = unsafe HeldItem(
        try zone.zone.allocate(in: table, waits ? .wait(until: .now) : .noWait, zeroed: zeroes))
      if zeroes {
        report.zeroedItems += 1
        #expect(item.isZero(byteCount: zone.zone.layout.itemByteCount), place)
      }
      zone.hold(item)
      return true
    } catch {
      let isRefusal = mayRefuse && error.reason == .outOfMemory
      let isDenial =
        waits
        ? error.reason == .deadlinePassed
        : error.reason == .limitReached || error.reason == .outOfMemory
      #expect(isRefusal || isDenial, "\(place): \(error)")
      #expect(zone.zone.withDepot { $0.denials.reduce(0, +) } == denials + 1, place)
      return false
    }
  }

  @discardableResult
  private func free(
    _ count: Int, of zone: TracedZone, in table: CacheTable, _ machine: TraceMachine,
    _ report: inout TraceReport
  ) -> Int {
    let count = min(count, zone.held.count)
    for _ in 0..<count {
      let item = zone.letGo(&machine.random)
      unsafe zone.zone.free(item.address, in: table)
    }
    report.freedItems += count
    return count
  }

  /// Allocates until a caller would sleep, and looks at the state it would sleep in.
  private func block(
    _ step: Trace.Step, _ machine: TraceMachine, _ report: inout TraceReport, _ place: Comment
  ) throws {
    let zone = try machine.zone(step.z)
    let room = machine.room(zone)
    try #require(room.range.upperBound < .max, place)
    let before = zone.held.count
    while try take(step, zone, machine, &report, false, place) {}
    #expect(room.range.contains(zone.held.count - before), place)
    var atOnce = step
    atOnce.wait = "NOWAIT"
    #expect(try !take(atOnce, zone, machine, &report, false, place))
    report.blockings += 1
    // Who really waits is in the queue, and has the first item that is freed.
    guard !zone.held.isEmpty else { return }
    let sleeps = zone.zone.statistics().sleeps
    let granted = Box<HeldItem>()
    let waiting = zone.zone
    machine.current.value = machine.spareTable
    let sleeper = startThreads(1) { _ in
      granted.value = unsafe (try? waiting.allocate(.wait())).map { unsafe HeldItem($0) }
    }
    waiting.awaitWaiter()
    #expect(waiting.statistics().sleeps == sleeps + 1, place)
    free(1, of: zone, in: machine.tables[step.cpu ?? 0], machine, &report)
    join(sleeper)
    zone.hold(try #require(granted.value, place))
    #expect(waiting.withDepot { $0.waiters.isEmpty }, place)
    #expect(try !take(step, zone, machine, &report, false, place))
  }

  // MARK: Facts

  private func checkEquations(
    _ machine: TraceMachine, _ report: inout TraceReport, _ place: Comment
  ) {
    func check(_ holds: Bool, _ what: String) {
      report.equations += 1
      #expect(holds, "\(place): \(what)")
    }
    var slabPages = 0
    for zone in machine.zones {
      let (counts, s) = (zone.counts, zone.zone.statistics())
      zone.zone.checkInvariants()
      let constructed = counts.constructed.load(ordering: .relaxed)
      check(constructed - counts.destructed.load(ordering: .relaxed) == s.inUse, "ctor - dtor")
      if zone.isPrepared.byZone {
        let imported = counts.imported.load(ordering: .relaxed)
        let exported = counts.exported.load(ordering: .relaxed)
        check(imported - exported == s.inUse + s.cached, "zinit - zfini")
      }
      guard zone.zone.name != "mbuf_packet" else { continue }
      let all = s.slabCount * zone.zone.layout.itemCount
      let made = zone.zone.keg.slabs.withLock { $0.initializations - $0.finalizations }
      check(made == all, "init - fini of the keg")
      if zone.isPrepared.byKeg {
        let initialized = counts.initialized.load(ordering: .relaxed)
        check(initialized - counts.finalized.load(ordering: .relaxed) == all, "init - fini")
      }
      let onKeg = machine.zones.filter { $0.zone.keg === zone.zone.keg }
      let withZones = onKeg.map { $0.zone.statistics() }.reduce(0) { $0 + $1.cached + $1.inUse }
      check(s.free + withZones == all, "items of the keg")
      slabPages += s.slabPageCount
      let limit = zone.zone.limitInItems
      check(limit == 0 || s.inUse + s.cached <= limit, "limit")
    }
    check(slabPages == machine.pages.pagesOut, "pages")
    check(slabPages <= machine.pageLimit ?? .max, "page limit")
  }

  /// Compares what callers hold and what their allocations and frees called.
  ///
  /// Clusters of packets are left out on both sides: how many packets have one while nobody uses
  /// them is policy.
  private func compare(
    _ zone: TracedZone, _ state: Trace.State, _ machine: TraceMachine, _ all: [Trace.State],
    _ report: inout TraceReport, _ place: Comment
  ) {
    let isCluster = zone.zone.name == "mbuf_cluster"
    let taken = isCluster ? all[2].l.zinit : 0
    let given = isCluster ? all[2].l.zfini : 0
    let ours = machine.zones.last?.counts
    let ourTaken = isCluster ? ours?.imported.load(ordering: .relaxed) ?? 0 : 0
    let ourGiven = isCluster ? ours?.exported.load(ordering: .relaxed) ?? 0 : 0
    let inUse = zone.zone.statistics().inUse - (ourTaken - ourGiven)
    let constructed = zone.counts.constructed.load(ordering: .relaxed) - ourTaken
    let destructed = zone.counts.destructed.load(ordering: .relaxed) - ourGiven
    let ahead = zone.allocationsAhead - zone.freesAhead
    #expect(zone.held.count - ahead == state.c.held, "\(place): held of \(zone.zone.name)")
    #expect(inUse - ahead == state.c.inuse - (taken - given), "\(place): in use")
    #expect(constructed - zone.allocationsAhead == state.c.ctor - taken, "\(place): ctor")
    #expect(destructed - zone.freesAhead == state.c.dtor - given, "\(place): dtor")
    if zone.isWithRecord { report.exactFacts += 4 } else { report.relativeFacts += 4 }
  }

  /// Frees everything, drains, and compares the last state if there is one.
  private func finish(_ machine: TraceMachine, _ report: inout TraceReport) {
    let recorded = machine.trace.final
    let place: Comment = "\(machine.trace.id) at the end"
    for (index, zone) in machine.zones.enumerated() {
      let last = machine.trace.steps.last?.st?[index].c.held ?? 0
      var freed = 0
      while !zone.held.isEmpty {
        let table = machine.tables[Int.random(in: 0..<machine.trace.ncpu, using: &machine.random)]
        machine.current.value = table
        freed += free(1, of: zone, in: table, machine, &report)
      }
      zone.freesAhead += freed - last
    }
    machine.drain()
    checkEquations(machine, &report, place)
    let isKept = machine.trace.flag == "NOFREE"
    for zone in machine.zones {
      #expect(zone.zone.statistics().inUse == 0, place)
      #expect(zone.zone.statistics().slabCount == 0 || isKept, place)
    }
    if let recorded {
      for (zone, state) in zip(machine.zones, recorded) {
        compare(zone, state, machine, recorded, &report, place)
      }
    }
    machine.end()
  }
}
