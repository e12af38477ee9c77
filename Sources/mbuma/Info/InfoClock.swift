// SPDX-License-Identifier: BSD-2-Clause
import Inspection

/// Times as `mbuma info` shows them, with as many digits as the file has.
struct InfoClock {
  /// Digits behind the point of a second: 6 or 9.
  let fractionDigits: Int

  /// Seconds of a span of nanoseconds.
  func seconds(_ nanoseconds: Int64) -> String {
    let (whole, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    return "\(whole)." + fraction.padded(9).prefix(fractionDigits)
  }

  /// Local time, as capinfos has it.
  func date(_ nanoseconds: Int64) -> String {
    let offset = LocalZone.offset(at: nanoseconds / 1_000_000_000)
    return text(CivilTime(nanoseconds: nanoseconds, offset: offset), " ")
  }

  /// Universal time by ISO 8601.
  func utc(_ nanoseconds: Int64) -> String {
    text(CivilTime(nanoseconds: nanoseconds), "T") + "Z"
  }

  private func text(_ time: CivilTime, _ separator: String) -> String {
    let date = "\(time.year)-\(Int64(time.month).padded(2))-\(Int64(time.day).padded(2))"
    let clock = [time.hour, time.minute, time.second].map { Int64($0).padded(2) }
    return date + separator + clock.joined(separator: ":") + "."
      + Int64(time.nanosecond).padded(9).prefix(fractionDigits)
  }
}

extension Int64 {
  /// At least so many digits.
  func padded(_ count: Int) -> String {
    let digits = String(self)
    return String(repeating: "0", count: Swift.max(0, count - digits.count)) + digits
  }
}

extension Double {
  /// So many digits behind the point, and no exponent.
  func fixed(_ places: Int) -> String {
    let scale = places == 2 ? 100.0 : 10.0
    let scaled = (magnitude * scale).rounded()
    guard scaled < 1e18 else { return "\(self)" }
    let (whole, fraction) = Int64(scaled).quotientAndRemainder(dividingBy: Int64(scale))
    return (self < 0 ? "-" : "") + "\(whole)." + fraction.padded(places)
  }
}
