// SPDX-License-Identifier: BSD-2-Clause
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The time zone of whoever runs the command, as `TZ` and the system have it.
enum LocalZone {
  /// Seconds by which local time is ahead of UTC at a moment, in seconds since 1970.
  static func offset(at seconds: Int64) -> Int {
    var time = time_t(seconds)
    var parts = unsafe tm()
    // Both are ours; a moment that has no date leaves the parts as they are, which is UTC.
    unsafe localtime_r(&time, &parts)
    return unsafe parts.tm_gmtoff
  }
}
