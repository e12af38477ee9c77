// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Interfaces

/// Frames sent, held against frames heard.
@Suite struct FrameLedgerTests {
  /// A frame by its number, longer than what a link pads.
  private static func frame(_ number: Int) -> [UInt8] {
    (0..<70).map { UInt8(truncatingIfNeeded: number >> ($0 % 4 * 8)) }
  }

  /// Frames 1 to `count` sent, then those with these numbers heard.
  private func found(_ count: Int, _ heard: [Int]) -> LinkVerification {
    var ledger = FrameLedger()
    for number in 0..<count { ledger.send(Self.frame(number + 1)) }
    for number in heard { ledger.hear(Self.frame(number)) }
    let found = ledger.finish()
    #expect(found.sentCount == found.inOrderCount + found.reorderedCount + found.lostCount)
    #expect(found.lostFrames == found.lostFrames.sorted())
    return found
  }

  @Test func framesInTheirPlacesAreWhole() {
    let result = found(5, [1, 2, 3, 4, 5])
    #expect(result.isWhole && result.inOrderCount == 5 && result.lostFrames.isEmpty)
    #expect(result.foreignCount == 0 && result.error == nil)
    #expect(found(0, []).isWhole)
  }

  @Test(arguments: [
    ([], [1, 2, 3, 4, 5]), ([1, 2, 3, 4], [5]), ([2, 3, 4, 5], [1]), ([1, 4], [2, 3, 5]),
  ])
  func lostFramesHaveTheirNumbers(_ heard: [Int], _ lost: [Int]) {
    let result = found(5, heard)
    #expect(!result.isWhole && result.lostFrames == lost && result.lostCount == lost.count)
    #expect(result.reorderedCount == 0 && result.foreignCount == 0)
  }

  @Test func aFrameBehindALaterOneIsReordered() {
    var result = found(5, [1, 3, 2, 4, 5])
    #expect(!result.isWhole && result.reorderedCount == 1 && result.lostCount == 0)
    result = found(5, [5, 1, 2, 4])
    #expect(result.inOrderCount == 1 && result.reorderedCount == 3 && result.lostFrames == [3])
  }

  @Test func whatWasNotSentOrComesTwiceIsForeign() {
    let result = found(3, [1, 9, 2, 2, 3])
    #expect(result.isWhole && result.foreignCount == 2)
    // Of a frame with other bytes, the one sent is lost.
    var ledger = FrameLedger()
    ledger.send(Self.frame(1))
    var other = Self.frame(1)
    other[69] ^= 1
    ledger.hear(other)
    ledger.hear(Array(Self.frame(1).dropLast()))
    #expect(ledger.waitingCount == 1)
    let damaged = ledger.finish()
    #expect(damaged.lostFrames == [1] && damaged.foreignCount == 2)
  }

  @Test func aShortFrameMayBePaddedByTheLink() {
    var ledger = FrameLedger()
    ledger.send([1, 2, 3])
    ledger.hear([1, 2, 3] + [UInt8](repeating: 0, count: 57))
    #expect(ledger.finish().isWhole)
  }

  @Test func onlyTheFirstLostFramesAreListed() {
    let result = found(3_000, [2_900])
    #expect(result.lostCount == 2_999 && result.lostFrames == Array(1...100))
  }

  /// Against what was done to the frames on the way; all of them differ.
  @Test func randomLossesAndSwapsAreFoundAsTheyWereMade() {
    var random = SeededRandom()
    for _ in 0..<50 {
      let count = Int.random(in: 1...200, using: &random)
      var ledger = FrameLedger()
      var lost: [Int] = []
      var swaps = 0
      var held: Int?
      for number in 1...count {
        ledger.send(Self.frame(number))
        if Int.random(in: 0..<10, using: &random) == 0 {
          lost.append(number)
        } else if held == nil, Int.random(in: 0..<10, using: &random) == 0 {
          held = number
        } else {
          ledger.hear(Self.frame(number))
          if let late = held {
            ledger.hear(Self.frame(late))
            swaps += 1
            held = nil
          }
        }
      }
      if let late = held { ledger.hear(Self.frame(late)) }
      let found = ledger.finish()
      #expect(found.lostFrames == lost && found.reorderedCount == swaps)
      #expect(found.inOrderCount == count - lost.count - swaps && found.foreignCount == 0)
    }
  }
}
