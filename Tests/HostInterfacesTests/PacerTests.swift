// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import HostInterfaces

@Suite struct PacerTests {
  @Test func aMomentThatHasPassedIsNotWaitedFor() {
    var pacer = Pacer()
    let before = Pacer.now
    let margin = pacer.margin
    for due in [Int64.min / 2, 0, before] { #expect(pacer.wait(until: due) >= before) }
    #expect(pacer.margin == margin)
  }

  @Test func noMomentIsMissedByComingEarly() {
    var pacer = Pacer()
    var due = Pacer.now
    for step in 0..<2_000 as Range<Int64> {
      due += step % 200 * 1_000
      var now = pacer.wait(until: due)
      while now < due { now = pacer.wait(until: due) }
      #expect(Pacer.now >= due)
    }
  }

  @Test func aLongWaitLetsItsCallerLook() {
    var pacer = Pacer()
    let due = Pacer.now + 3_600_000_000_000
    let first = pacer.wait(until: due)
    #expect(first < due)
    #expect(pacer.wait(until: due) > first)
  }

  @Test func theMarginFollowsWhatWasSeenWithinItsBounds() {
    var pacer = Pacer()
    pacer.note(overshoot: 52_000)
    #expect(pacer.margin == Pacer.margins.upperBound)
    for _ in 0..<1_000 { pacer.note(overshoot: 8_000) }
    let low = pacer.margin
    #expect(low >= 8_000 && low < 8_100)
    pacer.note(overshoot: 20_000)
    #expect(pacer.margin == 25_000)
    for _ in 0..<1_000 { pacer.note(overshoot: 0) }
    #expect(pacer.margin == Pacer.margins.lowerBound)
    pacer.note(overshoot: 900_000_000)
    #expect(pacer.margin == Pacer.margins.upperBound)
  }
}
