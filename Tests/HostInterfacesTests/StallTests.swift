// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import HostInterfaces

@Suite struct StallTests {
  private let patience = 1_000_000_000 as Int64

  /// Asks every millisecond, and says when it was over.
  private func end(of stall: inout Stall, from start: Int64, accepted: (Int64) -> Int) -> Int64? {
    for now in stride(from: start, through: start + 3 * patience, by: 1_000_000)
    where stall.isOver(accepted: accepted(now - start), at: now) {
      return now - start
    }
    return nil
  }

  @Test func isOverAfterASecondWithoutProgress() {
    var stall = Stall()
    let end = end(of: &stall, from: 7 * patience) { _ in 0 }
    #expect(end == patience)
  }

  @Test func progressBeginsAnew() {
    var stall = Stall()
    let late = end(of: &stall, from: 0) { $0 < 500_000_000 ? 3 : 4 }
    #expect(late == patience + 500_000_000)
    var slow = Stall()
    let never = end(of: &slow, from: 0) { Int($0 / 900_000_000) }
    #expect(never == nil)
  }

  @Test func aPauseOfTheSenderBeginsAnew() {
    var stall = Stall()
    let answers = [0, 4, 5, 6].map { stall.isOver(accepted: 1, at: $0 * patience / 2) }
    #expect(answers == [false, false, false, true])
  }
}
