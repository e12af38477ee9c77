// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

/// What users hand in runs and ends outside of locks: each of these deinits asks the zone.
///
/// In processes of their own, since under a lock they would wait forever.
@Suite struct ZoneClosuresTests {
  /// Ends with the closure that holds it, and asks the zone then.
  private final class Witnessing: Sendable {
    let zone: Zone
    let ended: Stage

    init(_ zone: Zone, _ ended: Stage) {
      self.zone = zone
      self.ended = ended
    }

    func stay() {}

    deinit {
      precondition(zone.statistics().inUse == 0)
      ended.advance()
    }
  }

  private static func setNotice(_ zone: Zone, _ ended: Stage) {
    let object = Witnessing(zone, ended)
    zone.setLimitNotice(nil) { _ in object.stay() }
  }

  private static func setRelief(_ zone: Zone, _ ended: Stage) {
    let object = Witnessing(zone, ended)
    zone.setRelief { object.stay() }
  }

  private static func setInitialize(_ zone: Zone, _ ended: Stage) {
    let object = Witnessing(zone, ended)
    unsafe zone.setInitialize { _ in
      object.stay()
      return true
    }
  }

  private static func setHandler(_ zone: Zone, _ ended: Stage) {
    let object = Witnessing(zone, ended)
    Witness.setHandler { _ in object.stay() }
  }

  @Test(.timeLimit(.minutes(1))) func replacedTheyEndOutsideOfTheLock() async {
    await #expect(processExitsWith: .success) {
      let ended = Stage()
      let zone = Zone(name: "asked", itemByteCount: 64)
      for _ in 0..<2 {
        Self.setNotice(zone, ended)
        Self.setRelief(zone, ended)
        Self.setInitialize(zone, ended)
      }
      #expect(ended.value == 3)
      zone.setLimitNotice(nil)
      zone.setRelief(nil)
      unsafe zone.setInitialize(nil)
      #expect(ended.value == 6)
    }
  }

  @Test(.timeLimit(.minutes(1))) func atItsEndTheyMayAskTheZone() async {
    await #expect(processExitsWith: .success) {
      let ended = Stage()
      let zone = Zone(name: "asked", itemByteCount: 64)
      Self.setNotice(zone, ended)
      Self.setRelief(zone, ended)
      #expect(zone.destroy() == 0)
      #expect(ended.value == 2)
    }
  }

  /// Its locks are watched, so the checker is asked while its own handler ends.
  @Test(.timeLimit(.minutes(1))) func aHandlerEndsOutsideOfTheCheckersLock() async {
    await #expect(processExitsWith: .success) {
      let ended = Stage()
      let zone = Zone(name: "asked", itemByteCount: 64)
      let lock = WitnessedLock(0, class: LockClass("held meanwhile"))
      Witness.isOn = true
      Self.setHandler(zone, ended)
      lock.withLock { _ in Witness.setHandler(nil) }
      Witness.isOn = false
      #expect(ended.value == 1)
    }
  }

  /// The hooks of an ended zone are not kept for its stale handles.
  @Test func theHooksOfAnEndedZoneEndToo() {
    final class Kept: Sendable {}
    weak let kept: Kept?
    do {
      let object = Kept()
      kept = object
      let zone = unsafe Zone(
        name: "ended", itemByteCount: 64,
        hooks: ItemHooks(
          construct: { _ in object === object }, destruct: { _ in _ = object },
          importItem: { _, _ in object === object }))
      zone.destroy()
    }
    #expect(kept == nil)
  }

  /// A zone that ends in a hook which a walk over all zones runs does not wait for that walk.
  @Test(.timeLimit(.minutes(1))) func aZoneMayEndDuringAWalk() async {
    await #expect(processExitsWith: .success) {
      let other = Box<Zone>()
      let before = Zone(name: "before", itemByteCount: 64)
      let walked = unsafe Zone(
        name: "walked", itemByteCount: 64,
        hooks: ItemHooks(exportItem: { _ in if let zone = other.take() { zone.destroy() } }))
      for ending in [before, Zone(name: "after", itemByteCount: 64)] {
        other.value = ending
        walked.give(try walked.take())
        Zone.reclaimAll(.drainWithCaches)
        #expect(other.value == nil)
      }
    }
  }
}
