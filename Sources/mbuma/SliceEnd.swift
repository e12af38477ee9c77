// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Inspection

/// A time at which a part of a capture begins or ends: `1.5s` after its first packet, or a moment, as
/// `2026-11-29T08:00:00.25Z` or `2026-11-29 08:00` (RFC 3339, UTC without an offset), or as seconds since
/// 1970 behind an @.
enum SliceEnd: ExpressibleByArgument, Equatable {
  /// Nanoseconds since the first packet.
  case elapsed(Int64)
  /// Nanoseconds since 1970.
  case moment(Int64)

  init?(argument: String) {
    if let span = TimeSpan(argument: argument) {
      self = .elapsed(span.nanoseconds)
    } else if argument.hasPrefix("@"), let time = Self.nanoseconds(argument.dropFirst()) {
      self = .moment(time)
    } else if let time = Self.civil(argument) {
      self = .moment(time)
    } else {
      return nil
    }
  }

  /// Decimal seconds, exactly; digits behind the ninth do not count.
  private static func nanoseconds(_ text: Substring) -> Int64? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = Int64(parts[0]) else { return nil }
    let digits = parts.count == 2 ? String(parts[1].prefix(9)) : ""
    guard digits.allSatisfy(\.isASCIIDigit) else { return nil }
    let padded = digits + String(repeating: "0", count: 9 - digits.count)
    guard let fraction = Int64(padded) else { return nil }
    let (seconds, isTooFar) = whole.multipliedReportingOverflow(by: 1_000_000_000)
    let isNegative = parts[0].hasPrefix("-")
    let (time, isBeyond) = seconds.addingReportingOverflow(isNegative ? -fraction : fraction)
    return isTooFar || isBeyond ? nil : time
  }

  private static func civil(_ text: String) -> Int64? {
    // 2026-11-29T08:00[:00[.5]][Z|+01:00]
    let pattern =
      /(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?(Z|[+-]\d\d:\d\d)?/
    guard let match = text.wholeMatch(of: pattern), let year = Int(match.1),
      let month = Int(match.2), let day = Int(match.3),
      let days = CivilTime.days(toYear: year, month: month, day: day),
      let fraction = nanoseconds("0." + (match.7 ?? "0"))
    else { return nil }
    let (hour, minute, second) = (
      Int64(match.4 ?? "0") ?? 0, Int64(match.5 ?? "0") ?? 0, Int64(match.6 ?? "0") ?? 0
    )
    guard hour < 24, minute < 60, second < 61 else { return nil }
    var offset: Int64 = 0
    if let zone = match.8, zone != "Z" {
      guard let hours = Int64(zone.dropFirst().prefix(2)), let minutes = Int64(zone.suffix(2))
      else {
        return nil
      }
      offset = (hours * 60 + minutes) * 60 * (zone.hasPrefix("-") ? -1 : 1)
    }
    let seconds = Int64(days) * 86_400 + hour * 3_600 + minute * 60 + second - offset
    let (time, isTooFar) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isBeyond) = time.addingReportingOverflow(fraction)
    return isTooFar || isBeyond ? nil : sum
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
