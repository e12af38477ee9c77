// SPDX-License-Identifier: BSD-2-Clause
import Replay
import TestSupport
import Testing

@Suite struct ScheduleTests {
  /// The due times of packets with these time stamps, of 100 bytes each.
  private func dues(_ schedule: inout Schedule, _ timestamps: [Int64]) -> [Int64] {
    timestamps.map { schedule.due(timestamp: $0, byteCount: 100) }
  }

  @Test func theCapturesOwnTimesCountFromItsFirstPacket() {
    let timestamps: [Int64] =
      [1_700_000_000_000_000_000, 1_700_000_000_000_000_250]
      + [1_700_000_000_000_000_250, 1_700_000_001_000_000_001]
    var exact = Schedule(.original(speed: 1))
    #expect(dues(&exact, timestamps) == [0, 250, 250, 1_000_000_001])
    var twice = Schedule(.original(speed: 2))
    #expect(dues(&twice, timestamps) == [0, 125, 125, 500_000_000])
    var slow = Schedule(.original(speed: 0.25))
    #expect(dues(&slow, timestamps) == [0, 1_000, 1_000, 4_000_000_004])
  }

  @Test func aThirdOfAPacketASecondIsNotRoundedToNone() {
    var schedule = Schedule(.packets(perSecond: 1.0 / 3))
    #expect(dues(&schedule, [0, 0, 0]) == [0, 3_000_000_000, 6_000_000_000])
  }

  @Test func noRoundingAddsUp() {
    // A gap of 142.857 ns: after ten million packets the time is that of ten million packets.
    var packets = Schedule(.packets(perSecond: 7_000_000))
    var bits = Schedule(.bits(perSecond: 7_000_000 * 800))
    var last: (Int64, Int64) = (0, 0)
    for _ in 0...10_000_000 {
      last = (
        packets.due(timestamp: 0, byteCount: 100), bits.due(timestamp: 0, byteCount: 100)
      )
    }
    #expect(last == (1_428_571_428, 1_428_571_428))
  }

  @Test func bitsAreThoseOfThePacketsBefore() {
    var schedule = Schedule(.bits(perSecond: 8_000_000))
    #expect(
      [1_000, 64, 0, 1].map { schedule.due(timestamp: 9, byteCount: $0) }
        == [0, 1_000_000, 1_064_000, 1_064_000])
  }

  @Test func aBurstLeavesTogether() {
    var schedule = Schedule(.packets(perSecond: 1_000), burst: 3)
    #expect(
      dues(&schedule, [0, 0, 0, 0, 0, 0, 0])
        == [0, 0, 0, 3_000_000, 3_000_000, 3_000_000, 6_000_000])
  }

  @Test func topSpeedIsAtOnce() {
    var schedule = Schedule(.topSpeed)
    #expect(dues(&schedule, [5, 900_000_000_000, 1]) == [0, 0, 0])
    schedule.beginLoop(pause: 70)
    #expect(dues(&schedule, [5, 6]) == [70, 70])
  }

  @Test func timeThatRunsBackwardStandsStill() {
    var schedule = Schedule(.original(speed: 1))
    #expect(dues(&schedule, [100, 200, 50, 60, .min, .max]) == [0, 100, 100, 110, 110, .max])
    #expect(schedule.backwardCount == 2)
    // Beyond the end of time nothing traps.
    #expect(dues(&schedule, [0, .max]) == [.max, .max])
    schedule.beginLoop(pause: .max)
    #expect(dues(&schedule, [0, 1]) == [.max, .max])
  }

  @Test func aGapThatIsTooLongCountsAsTheLongest() {
    var schedule = Schedule(.original(speed: 1), longestGap: 1_000)
    #expect(
      dues(&schedule, [0, 1_000, 2_001, 90_000_000, 90_000_010])
        == [0, 1_000, 2_000, 3_000, 3_010])
    #expect(schedule.shortenedCount == 2)
    var paced = Schedule(.packets(perSecond: 1), longestGap: 1_000)
    #expect(dues(&paced, [0, 0, 0]) == [0, 1_000, 2_000])
    // A speed is applied first.
    var fast = Schedule(.original(speed: 10), longestGap: 1_000)
    #expect(dues(&fast, [0, 10_000, 20_010]) == [0, 1_000, 2_000])
    #expect(fast.shortenedCount == 1)
  }

  @Test func aLoopBeginsWithoutAGapAndAfterItsPause() {
    var original = Schedule(.original(speed: 1), longestGap: 500)
    #expect(dues(&original, [1_000, 1_100]) == [0, 100])
    original.beginLoop(pause: 5_000)
    #expect(dues(&original, [1_000, 1_100]) == [5_100, 5_200])
    #expect(original.backwardCount == 0 && original.shortenedCount == 0)
    var packets = Schedule(.packets(perSecond: 1_000_000))
    #expect(dues(&packets, [0, 0]) == [0, 1_000])
    packets.beginLoop()
    #expect(dues(&packets, [0, 0]) == [2_000, 3_000])
    packets.beginLoop(pause: 10_000)
    #expect(dues(&packets, [0]) == [14_000])
  }

  @Test func dueTimesNeverFallWhateverIsCaptured() {
    var random = SeededRandom()
    for round in 0..<200 {
      let rates: [Schedule.Rate] = [
        .original(speed: Double(random.next() % 1_000 + 1) / 100),
        .packets(perSecond: Double(random.next() % 1_000_000 + 1) / 7),
        .bits(perSecond: Double(random.next() % 1_000_000_000 + 1)), .topSpeed,
      ]
      for rate in rates {
        let longest = random.next() % 3 == 0 ? Int64(random.next() % 1_000_000_000) : nil
        var schedule = Schedule(
          rate, burst: Int(random.next() % 4) + 1, longestGap: longest)
        var last: Int64 = 0
        for _ in 0..<200 {
          let timestamp = Int64(bitPattern: random.next()) >> (random.next() % 63)
          let due = schedule.due(timestamp: timestamp, byteCount: Int(random.next() % 65_536))
          if due < last {
            Issue.record("\(due) after \(last): round \(round), \(rate)")
          }
          if let longest, due - last > longest {
            Issue.record("\(due - last) ns: round \(round), \(rate)")
          }
          last = due
        }
      }
    }
  }
}
