// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

@testable import Inspection

@Suite struct CivilTimeTests {
  @Test func aDateAndItsDaysAreInverse() {
    // From 1678 to 2262, which nanoseconds reach.
    for day in stride(from: -106_000, through: 106_000, by: 1) {
      let date = CivilTime(nanoseconds: Int64(day) * 86_400_000_000_000)
      guard CivilTime.days(toYear: date.year, month: date.month, day: date.day) != day else {
        continue
      }
      Issue.record("day \(day): \(date)")
    }
    for (year, month, day) in [(2_023, 2, 29), (1_900, 2, 29), (2_024, 4, 31), (2_024, 13, 1)] {
      #expect(CivilTime.days(toYear: year, month: month, day: day) == nil)
    }
  }

  private func parts(_ time: CivilTime) -> [Int] {
    [time.year, time.month, time.day, time.hour, time.minute, time.second, time.nanosecond]
  }

  @Test func knownMoments() {
    #expect(parts(CivilTime(nanoseconds: 0)) == [1970, 1, 1, 0, 0, 0, 0])
    #expect(parts(CivilTime(nanoseconds: -1)) == [1969, 12, 31, 23, 59, 59, 999_999_999])
    #expect(
      parts(CivilTime(nanoseconds: 1_709_164_800_000_000_000)) == [2024, 2, 29, 0, 0, 0, 0])
    #expect(
      parts(CivilTime(nanoseconds: 1_709_164_800_000_000_001, offset: -3_600))
        == [2024, 2, 28, 23, 0, 0, 1])
    #expect(parts(CivilTime(nanoseconds: .min))[0] == 1677)
    #expect(parts(CivilTime(nanoseconds: .max))[0] == 2262)
  }

  @Test func everyMomentIsTheOneOfTheSystemsCalendar() {
    var random = SeededRandom()
    for _ in 0..<2_000 {
      let seconds = Int64.random(in: -9_000_000_000...9_000_000_000, using: &random)
      var (moment, broken) = unsafe (time_t(seconds), tm())
      unsafe gmtime_r(&moment, &broken)
      let ours = parts(CivilTime(nanoseconds: seconds * 1_000_000_000))
      let theirs = unsafe [
        broken.tm_year + 1_900, broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min,
        broken.tm_sec, 0,
      ].map(Int.init)
      #expect(ours == theirs, "\(seconds)")
    }
  }
}
