// SPDX-License-Identifier: BSD-2-Clause

/// A moment as a calendar and a clock show it.
///
/// Years are those of the proleptic Gregorian calendar. The days are counted as in Howard Hinnant's
/// "chrono-Compatible Low-Level Date Algorithms": in eras of 400 years that begin on the first of March.
public struct CivilTime: Equatable, Sendable, BitwiseCopyable {
  /// The year.
  public let year: Int
  /// 1...12.
  public let month: Int
  /// 1...31.
  public let day: Int
  /// 0...23.
  public let hour: Int
  /// 0...59.
  public let minute: Int
  /// 0...59.
  public let second: Int
  /// 0...999,999,999.
  public let nanosecond: Int

  /// The moment of some nanoseconds since 1970.
  ///
  /// - Parameters:
  ///   - nanoseconds: since 1970, UTC.
  ///   - offset: seconds by which the clock is ahead of UTC.
  public init(nanoseconds: Int64, offset: Int = 0) {
    let (seconds, fraction) = nanoseconds.floored(by: 1_000_000_000)
    nanosecond = Int(fraction)
    // Fits: at most 292 years of seconds, and the offset is one of a day.
    let (days, time) = (seconds + Int64(offset)).floored(by: 86_400)
    hour = Int(time / 3_600)
    minute = Int(time / 60 % 60)
    second = Int(time % 60)
    let (era, dayOfEra) = (days + 719_468).floored(by: 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * shifted + 2) / 5 + 1)
    month = Int(shifted < 10 ? shifted + 3 : shifted - 9)
    year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
  }
}

extension CivilTime {
  /// The days from the first of January 1970 to a date; nil if there is no such date.
  package static func days(toYear year: Int, month: Int, day: Int) -> Int? {
    guard 1...12 ~= month, 1...31 ~= day else { return nil }
    let shifted = Int64(month <= 2 ? year - 1 : year)
    let (era, yearOfEra) = shifted.floored(by: 400)
    let dayOfYear = Int64((153 * ((month + 9) % 12) + 2) / 5 + day - 1)
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = Int(era * 146_097 + dayOfEra) - 719_468
    // A day that its month does not have is one of the next month.
    let last =
      month == 2
      ? (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28)
      : [4, 6, 9, 11].contains(month) ? 30 : 31
    return day <= last ? days : nil
  }
}

extension Int64 {
  /// The quotient rounded down, and what is left, which is never negative.
  func floored(by divisor: Int64) -> (Int64, Int64) {
    let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
  }
}
