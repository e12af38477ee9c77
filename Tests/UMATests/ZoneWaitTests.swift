// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite(.timeLimit(.minutes(5))) struct ZoneWaitTests {
  /// A zone whose limit is taken, and what took it.
  private func fullZone(_ limit: Int, pages: any PageSource = PageArena()) throws
    -> (Zone, [HeldItem])
  {
    let zone = Zone(name: "full", itemByteCount: 256, pages: pages)
    zone.limitInItems = limit
    return (zone, try zone.take(limit))
  }

  private func waitUntilQueued(_ count: Int, _ zone: Zone) {
    while zone.withDepot({ $0.sleeps }) < count { sched_yield() }
  }

  /// Threads that queue one after the other and note in which order they were served.
  private func startQueue(_ count: Int, _ zone: Zone, _ served: Box<[Int]>) -> [WorkerThread] {
    served.value = []
    return (0..<count).flatMap { number in
      let thread = startThreads(1) { _ in
        guard let item = try? zone.take(.wait()) else { return }
        served.append(number)
        zone.give(item)
      }
      waitUntilQueued(number + 1, zone)
      return thread
    }
  }

  @Test func whoeverFreesServesTheFirst() throws {
    let (zone, items) = try fullZone(3)
    let served = Box<[Int]>()
    let threads = startQueue(5, zone, served)
    #expect(zone.statistics().sleeps == 5)
    // One item goes round all five: each frees it to the next.
    zone.give(items[0])
    join(threads)
    #expect(served.value == [0, 1, 2, 3, 4])
    #expect(zone.statistics().inUse == 2 && zone.statistics().denials == 0)
    zone.give(Array(items[1...]))
    zone.checkInvariants()
    #expect(zone.destroy() == 0)
  }

  @Test func aRaisedLimitServesAsManyAsItHasRoomFor() throws {
    let (zone, items) = try fullZone(2)
    let granted = Stage()
    let mayFree = Stage()
    let threads = startThreads(4) { _ in
      guard let item = try? zone.take(.wait()) else { return }
      granted.advance()
      mayFree.wait(for: 1)
      zone.give(item)
    }
    waitUntilQueued(4, zone)
    zone.limitInItems = 5
    granted.wait(for: 3)
    #expect(zone.statistics().inUse == 5)
    #expect(zone.withDepot { $0.waiters.count } == 1 && granted.value == 3)
    mayFree.advance()
    join(threads)
    #expect(granted.value == 4)
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  @Test func nobodyWithoutPatienceOvertakes() throws {
    let (zone, items) = try fullZone(1)
    let served = Box<[Int]>()
    let threads = startQueue(1, zone, served)
    #expect(throws: ZoneError(zone: zone, reason: .limitReached, count: 1)) { try zone.take() }
    #expect(unsafe zone.allocateItemAtHand() == nil)
    zone.give(items)
    join(threads)
    let item = try zone.take()
    zone.give(item)
    #expect(zone.destroy() == 0)
  }

  @Test(arguments: [0, 5])
  func aDeadlineEndsTheWait(_ milliseconds: Int) throws {
    let (zone, items) = try fullZone(2)
    let error = ZoneError(zone: zone, reason: .deadlinePassed, count: 256)
    #expect(throws: error) { try zone.take(.wait(for: .milliseconds(milliseconds))) }
    #expect(throws: error) { try zone.take(.wait(until: .now - .seconds(5))) }
    #expect(zone.withDepot { $0.waiters.isEmpty })
    #expect(zone.statistics().denials == 2)
    zone.give(items)
    #expect(zone.statistics().cached == 1 || zone.statistics().inUse == 0)
    zone.give(try zone.take(.wait(until: .now - .seconds(5))))
    #expect(zone.destroy() == 0)
  }

  @Test func aWaiterThatGivesUpLetsTheNextForward() throws {
    let (zone, items) = try fullZone(1)
    let done = Stage()
    let first = startThreads(1) { _ in
      #expect(throws: ZoneError.self) { try zone.take(.wait(for: .milliseconds(20))) }
      done.advance()
    }
    // On a busy machine its time is up before it sleeps.
    while zone.withDepot({ $0.sleeps }) == 0, done.value == 0 { sched_yield() }
    let slept = Int(zone.withDepot { $0.sleeps })
    let second = startThreads(1) { _ in
      if let item = try? zone.take(.wait()) { zone.give(item) }
      done.advance()
    }
    waitUntilQueued(slept + 1, zone)
    done.wait(for: 1)
    zone.give(items)
    join(first + second)
    #expect(zone.destroy() == 0)
  }

  @Test func pagesThatComeLaterAreFound() throws {
    let pages = CountedPages(limit: 0)
    let zone = Zone(name: "pages", itemByteCount: 256, pages: pages)
    let threads = startThreads(2) { _ in
      if let item = try? zone.take(.wait()) { zone.give(item) }
    }
    waitUntilQueued(2, zone)
    pages.setLimit(zone.layout.pageCount)
    join(threads)
    #expect(zone.statistics().allocations == 2 && zone.statistics().sleeps == 2)
    #expect(zone.destroy() == 0)
  }

  /// Who went to sleep at the limit must look for pages too, once it is first in the queue.
  @Test(arguments: [false, true])
  func whoComesToTheHeadLooksForItself(_ byRelief: Bool) throws {
    let pages = CountedPages()
    let (zone, items) = try fullZone(1, pages: pages)
    pages.setLimit(pages.pagesOut)
    while zone.keg.slabs.withLock({ $0.freeItemCount }) > 0 {
      _ = zone.keg.takeItem(mayGrow: false)
    }
    let got = Stage()
    let kept = Box<[HeldItem]>()
    kept.value = []
    let threads = startThreads(2) { _ in
      if let item = try? zone.take(.wait()) { kept.append(item) }
      got.advance()
    }
    waitUntilQueued(2, zone)
    if byRelief {
      let parked = Box<[HeldItem]>()
      zone.setRelief { zone.give(parked.take() ?? []) }
      zone.give(items)
      got.wait(for: 1)
      // The first gives its item to whoever relief serves, not to the queue.
      parked.value = kept.take()
      kept.value = []
    } else {
      zone.limitInItems = 10
      zone.give(items)
      got.wait(for: 1)
      pages.setLimit(.max)
    }
    join(threads)
    #expect(got.value == 2)
    zone.setRelief(nil)
    zone.give(kept.value ?? [])
    #expect(zone.statistics().inUse == 0)
  }

  @Test func whatReliefBringsIsFound() throws {
    let (zone, items) = try fullZone(1)
    let parked = Box<[HeldItem]>()
    zone.setRelief { zone.give(parked.take() ?? []) }
    let thread = startThreads(1) { _ in
      if let item = try? zone.take(.wait()) { zone.give(item) }
    }
    waitUntilQueued(1, zone)
    parked.value = items
    join(thread)
    #expect(zone.destroy() == 0)
  }

  /// A relief that is there when the zone is looked at, and gone when it is asked for, is none.
  @Test func whoIsShortIsInTheQueueWhateverBecomesOfARelief() throws {
    let (zone, items) = try fullZone(8)
    let ended = Stage()
    let threads = startThreads(1) { _ in
      while ended.value == 0 {
        zone.setRelief {}
        zone.setRelief(nil)
      }
    }
    var forgotten = 0
    let deadline = ContinuousClock.now + .milliseconds(300)
    while ContinuousClock.now < deadline {
      let waiter = ItemWaiter(ItemWant(usesReserve: false), parker: ThreadParker())
      let request = Request(site: CallSite(#fileID, #line), waiter: waiter)
      if case .item = zone.attempt(request, in: nil) { preconditionFailure("it is full") }
      zone.withDepot { depot in
        if !waiter.isQueued { forgotten += 1 }
        #expect(depot.waiters.withdraw(waiter) == nil)
      }
    }
    ended.advance()
    join(threads)
    #expect(forgotten == 0)
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  // MARK: Tasks

  /// Lets the tasks run that shall queue, for which a blocked thread of their pool is no help.
  private func suspendUntilQueued(_ count: Int, _ zone: Zone) async {
    while zone.withDepot({ $0.sleeps }) < count { await Task.yield() }
  }

  @Test func aTaskSuspendsAndIsServedInTurn() async throws {
    let (zone, items) = try fullZone(1)
    let served = Box<[Int]>()
    served.value = []
    var tasks: [Task<Void, any Error>] = []
    for number in 0..<4 {
      tasks.append(
        Task {
          let item = unsafe HeldItem(try await zone.allocateWhenAvailable())
          served.append(number)
          zone.give(item)
        })
      await suspendUntilQueued(number + 1, zone)
    }
    zone.give(items)
    for task in tasks { try await task.value }
    #expect(served.value == [0, 1, 2, 3])
    #expect(zone.destroy() == 0)
  }

  @Test func aCancelledTaskLeavesTheQueue() async throws {
    let (zone, items) = try fullZone(1)
    let task = Task { unsafe HeldItem(unsafe try await zone.allocateWhenAvailable()) }
    await suspendUntilQueued(1, zone)
    task.cancel()
    let result = await task.result
    #expect(throws: ZoneError(zone: zone, reason: .cancelled, count: 256)) { try result.get() }
    #expect(zone.withDepot { $0.waiters.isEmpty })
    zone.give(items)
    #expect(zone.destroy() == 0)
  }

  @Test func aTaskHasADeadlineToo() async throws {
    let (zone, items) = try fullZone(1)
    unsafe await #expect(throws: ZoneError(zone: zone, reason: .deadlinePassed, count: 256)) {
      unsafe try await zone.allocateWhenAvailable(until: .now + .milliseconds(5))
    }
    zone.give(items)
    let item = unsafe HeldItem(
      unsafe try await zone.allocateWhenAvailable(until: .now, zeroed: true))
    #expect(item.firstWord == 0)
    zone.give(item)
    #expect(zone.destroy() == 0)
  }

  // MARK: All at once

  /// Threads and tasks wait, give up, are cancelled and draw on the reserve, while the limit changes,
  /// pages run out and come back, and the zone is drained; nobody is forgotten.
  ///
  /// The queue itself stops if it serves anybody out of turn.
  @Test(arguments: 0..<6)
  func nobodyIsForgotten(_ round: Int) async throws {
    var random = SeededRandom()
    let pages = CountedPages()
    let zone = Zone(name: "property", itemByteCount: 4_096, pages: pages)
    let limits = (0..<4).map { _ in Int.random(in: 3...12, using: &random) }
    let most = limits.max() ?? 0
    let generators = (0..<6).map { _ in random.split() }
    zone.limitInItems = limits[0]
    zone.reserveInItems = round % 3
    let served = Stage()
    let running = Stage()
    let itemCount = 400
    let tooMany = Stage()
    let workers = startThreads(6) { index in
      var random = generators[index]
      for _ in 0..<itemCount {
        let isPatient = random.chance(70)
        let wait =
          isPatient
          ? Wait.wait() : .wait(for: .microseconds(Int.random(in: 0..<300, using: &random)))
        guard let item = try? zone.take(wait, usesReserve: index == 0) else {
          #expect(!isPatient)
          continue
        }
        served.advance()
        if zone.withDepot({ $0.itemCount }) > most { tooMany.advance() }
        if random.chance(30) { sched_yield() }
        zone.give(item)
      }
      running.advance()
    }
    let controller = startThreads(1) { _ in
      var turn = 0
      while running.value < 6 {
        zone.limitInItems = limits[turn % limits.count]
        if turn % 3 == 0 { zone.drain() }
        pages.setLimit(turn % 4 < 2 ? pages.pagesOut : .max)
        turn += 1
        usleep(50)
      }
      pages.setLimit(.max)
    }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          for turn in 0..<50 {
            let deadline = turn % 2 == 0 ? nil : ContinuousClock.now + .microseconds(200)
            let task = Task {
              if let item = unsafe try? await zone.allocateWhenAvailable(until: deadline) {
                zone.give(unsafe HeldItem(item))
              }
            }
            if turn % 3 == 0 { task.cancel() }
            await task.value
          }
        }
      }
    }
    join(workers + controller)
    #expect(tooMany.value == 0)
    #expect(served.value >= 6 * itemCount / 2)
    #expect(zone.withDepot { $0.waiters.isEmpty && $0.transfersInFlight == 0 })
    let figures = zone.statistics()
    #expect(figures.inUse == 0 && figures.inUse + figures.cached + figures.free == figures.total)
    #expect(figures.total == figures.slabCount * zone.layout.itemCount)
    zone.checkInvariants()
    #expect(zone.destroy() == 0 && pages.pagesOut == 0)
  }

  @Test func aZoneWithSleepersCannotEnd() async {
    await #expect(processExitsWith: .failure) {
      let zone = Zone(name: "sleepers", itemByteCount: 64)
      zone.limitInItems = 1
      let item = try zone.take()
      _ = startThreads(1) { _ in _ = try? zone.take(.wait()) }
      while zone.withDepot({ $0.waiters.isEmpty }) { sched_yield() }
      _ = item
      zone.destroy()
    }
  }
}
