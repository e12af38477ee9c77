// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

/// Each in a process of its own: the list of routines and the zones are the process's.
@Suite struct MemoryPressureTests {
  @Test func everyRoutineIsCalledThenTheZonesGiveBack() async {
    await #expect(processExitsWith: .success) {
      let pages = CountedPages()
      let zone = Zone(name: "fragments", itemByteCount: 2_048, pages: pages)
      let held = Box<[HeldItem]>()
      held.value = try zone.take(1_000)
      let log = Box<[String]>()
      log.value = []
      let first = MemoryPressure.register("first") { level in
        log.value?.append("first \(level)")
      }
      let second = MemoryPressure.register("second") { level in
        log.value?.append("second \(level)")
        // No lock is held: a routine may do anything.
        if level == .critical, let items = held.value {
          zone.give(items)
          held.value = nil
        }
        #expect(MemoryPressure.callCount > 0)
      }
      let out = pages.pagesOut
      MemoryPressure.raise(.low)
      #expect(log.value == ["first low", "second low"])
      #expect(pages.pagesOut >= 500 && zone.statistics().inUse == 1_000)
      #expect(MemoryPressure.raise(.critical) >= 500)
      #expect(log.value?.suffix(2) == ["first critical", "second critical"])
      #expect(pages.pagesOut == 0 && out >= 500)

      #expect(MemoryPressure.callCount == 4)
      #expect(MemoryPressure.routines.map(\.name) == ["first", "second"])
      #expect(MemoryPressure.routines.map(\.callCount) == [2, 2])
      first.remove()
      first.remove()
      MemoryPressure.raise(.low)
      #expect(MemoryPressure.callCount == 5 && log.value?.count == 5)
      withExtendedLifetime(second) {}
    }
  }

  @Test func aRoutineLeavesWithItsRegistration() async {
    await #expect(processExitsWith: .success) {
      let calls = Box<Int>()
      calls.value = 0
      do {
        let registration = MemoryPressure.register("short") { _ in calls.value = 1 }
        #expect(MemoryPressure.routines.count == 1)
        withExtendedLifetime(registration) {}
      }
      MemoryPressure.raise(.critical)
      #expect(MemoryPressure.routines.isEmpty && calls.value == 0)
      #expect(MemoryPressure.callCount == 0)
    }
  }

  @Test func aRoutineMayEndItselfOrAnother() async {
    await #expect(processExitsWith: .success) {
      let registration = Box<MemoryPressure.Registration>()
      registration.value = MemoryPressure.register("once") { _ in registration.value = nil }
      MemoryPressure.raise(.low)
      MemoryPressure.raise(.low)
      #expect(MemoryPressure.callCount == 1 && MemoryPressure.routines.isEmpty)
    }
  }

  @Test func threadsRaiseRegisterAndLeaveAtOnce() async {
    await #expect(processExitsWith: .success) {
      let calls = Stage()
      onThreads(4) { _ in
        for _ in 0..<200 {
          let registration = MemoryPressure.register("one of many") { _ in calls.advance() }
          MemoryPressure.raise(.low)
          registration.remove()
        }
      }
      #expect(MemoryPressure.routines.isEmpty)
      #expect(MemoryPressure.callCount >= 800 && calls.value == Int(MemoryPressure.callCount))
    }
  }
}
