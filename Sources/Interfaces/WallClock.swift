// SPDX-License-Identifier: BSD-2-Clause

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The time of day of this host, for who gives a stack its time or packets theirs.
public enum WallClock {
  /// Nanoseconds since 1970.
  public static var now: Int64 {
    var time = timespec()
    // It cannot fail: the clock is always there.
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
