// SPDX-License-Identifier: BSD-2-Clause
//
// What routers said of the narrowest link on the way to a destination (RFC 1191, 8201).
//
//     entries   [ . ][ 198.51.100.7 -> 1,400 until t ][ . ] ...      256 of them, by a keyed hash
//
//     count == entries that are in use
//
// An entry that is in the way of another is forgotten: the router says it again. So a flood of forged
// errors costs a host its fragments' size, which is never less than the least MTU, and no memory. After ten
// minutes a wider path is tried again (RFC 1191, 6.3).

import BasicContainers
import Wire

/// The path MTUs that are known.
///
/// BSD: `tcp_hostcache`, `rmx_mtu`.
struct PathMTUTable: ~Copyable, Sendable {
  // Not private: the 6.3 compiler then makes a symbol that its verifier refuses.
  struct Entry: BitwiseCopyable {
    var destination = IPv6Address.any
    var mtu = 0
    var end: Int64 = 0
  }

  /// How long an entry holds, in nanoseconds.
  static var lifetime: Int64 { 600_000_000_000 }
  /// The least that is believed of an IPv4 path.
  ///
  /// Other hosts have the same number. On a path that is narrower, routers cut.
  static var least: Int { 552 }
  /// The most entries.
  static var capacity: Int { 256 }

  private var entries = UniqueArray<Entry>()
  private let seed: UInt64
  /// Entries in use.
  private(set) var count = 0

  init(seed: UInt64) { self.seed = seed }

  private func index(of destination: IPv6Address) -> Int {
    var hash = (destination.high ^ seed) &* 0x9e37_79b9_7f4a_7c15
    hash = (hash ^ hash >> 29 ^ destination.low) &* 0xd6e8_feb8_6659_fd93
    return Int(truncatingIfNeeded: (hash ^ hash >> 32) >> 24 & UInt64(Self.capacity - 1))
  }

  /// What the path takes, in bytes of IP datagram; nil if nobody said.
  @inline(never)
  func mtu(to destination: IPv6Address, now: Int64) -> Int? {
    if entries.isEmpty { return nil }
    let entry = entries[index(of: destination)]
    return entry.mtu > 0 && entry.destination == destination && entry.end > now ? entry.mtu : nil
  }

  /// Notes what a path takes; a wider one than is known is not believed before its time.
  ///
  /// - Complexity: O(1); allocates the first time.
  mutating func learn(_ mtu: Int, to destination: IPv6Address, now: Int64) {
    if entries.isEmpty {
      entries = UniqueArray<Entry>(repeating: Entry(), count: Self.capacity)
    }
    if let known = self.mtu(to: destination, now: now), known <= mtu { return }
    let index = index(of: destination)
    if entries[index].mtu == 0 { count += 1 }
    let (end, isBeyond) = now.addingReportingOverflow(Self.lifetime)
    entries[index] = Entry(destination: destination, mtu: mtu, end: isBeyond ? .max : end)
  }

  /// The largest MTU in use that is less than a length, for routers that do not say theirs (RFC 1191, 7).
  static func plateau(below byteCount: Int) -> Int {
    let plateaus: InlineArray<_, Int> = [32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 552]
    for index in plateaus.indices where plateaus[index] < byteCount { return plateaus[index] }
    return least
  }

  /// Traps if an entry is not counted.
  func checkInvariants() {
    var used = 0
    for index in entries.indices where entries[index].mtu > 0 { used += 1 }
    precondition(used == count, "\(used) path MTUs, \(count) counted")
  }
}
